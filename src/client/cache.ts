/**
 * The last-known-good copy on disk: what a program starts from when no node answers.
 *
 * One folder per realm and pin. `objects/<sha256>` holds bodies and anchors, `index.json` says
 * which statements are in force. Objects are written and synced before the index that needs them
 * replaces the old one in one rename: at any instant, also after kill -9 or a power cut, the folder
 * holds one whole state, the old or the new (conformance E05). Nothing read from here is trusted;
 * the caller verifies it like a message from a node. Several programs may share a folder.
 *
 * @module
 */
import { constants } from 'node:fs';
import { open, readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { type AnchorId, parseSha256, type RealmName, type Sha256 } from '../core/ids.ts';
import { BODY_MAX_BYTES } from '../core/limits.ts';
import { parseReleaseBody } from '../core/releases/body.ts';
import type { SignedDocument, SignedStatement } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { Evidence } from '../core/trusted/state.ts';
import { makeFolder } from '../files/folders.ts';
import { replaceFile, syncFolder, writeWhole } from './atomic-files.ts';
import {
  encodeIndex,
  INDEX_MAX_BYTES,
  mergeIndexes,
  objectsOf,
  parseIndex,
  type RealmIndex,
} from './saved-realm.ts';

/** Objects that nothing needs are kept this long, in case another program is about to need them. */
const SWEEP_AFTER_MS = 10 * 60_000;
/** An object, or what a crash left of one that was being written. */
const OWN_NAME = /^[0-9a-f]{64}(?:\.[0-9a-f]{12}\.tmp)?$/;
/** Objects written at once. */
const PARALLEL_WRITES = 16;

/** A release with all that verifying it needs. */
export interface SavedRelease {
  readonly document: SignedDocument;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** What is saved and loaded. */
export interface SavedRealm {
  /** Ascending from version 1. */
  readonly charters: readonly SignedDocument[];
  readonly releases: readonly SavedRelease[];
  readonly evidence: readonly Evidence[];
}

/** A loaded copy: what could be read, and why the rest could not. */
export interface LoadedRealm extends SavedRealm {
  readonly problems: readonly KedgeError[];
}

/** Whose copy it is. */
export interface CacheOwner {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
}

/** One folder. Methods must not overlap; errors are `STORE`. */
export class Cache {
  readonly #owner: CacheOwner;
  readonly #folder: string;
  readonly #objects: string;
  /** Objects that were whole at the last save. */
  readonly #known: Set<Sha256> = new Set();

  /** `cacheDir` is made when it is missing. */
  constructor(cacheDir: string, owner: CacheOwner) {
    this.#owner = owner;
    // Both parts obey grammars without path separators; the pin alone makes the name unique.
    const name = `${owner.realm.slice(0, 100)}-${owner.firstCharterDigest.slice(0, 32)}`;
    this.#folder = join(cacheDir, name);
    this.#objects = join(this.#folder, 'objects');
  }

  /**
   * Reads the copy; absent when there is none. What is damaged is left out and reported.
   * `nothing` read is also what a deleted cache looks like.
   */
  async load(): Promise<LoadedRealm | undefined> {
    const bytes = await this.#guard('read', () => readBounded(this.#index, INDEX_MAX_BYTES));
    if (bytes === undefined) return undefined;
    const problems: KedgeError[] = [];
    try {
      const index = this.#parse(bytes);
      const charters = await Promise.all(index.charters.map((one) => this.#document(one)));
      const releases: SavedRelease[] = [];
      for (const { statement } of index.releases) {
        const release = await this.#release(statement).catch((cause: unknown) => {
          problems.push(damaged(cause));
        });
        if (release) releases.push(release);
      }
      return { charters, releases, evidence: index.evidence, problems };
    } catch (cause) {
      return { charters: [], releases: [], evidence: [], problems: [damaged(cause)] };
    }
  }

  /** Makes `saved` the copy; when it resolves, a power cut cannot take it back. */
  async save(saved: SavedRealm): Promise<void> {
    await this.#guard('write', async () => {
      await makeFolder(this.#objects, { access: 'private' });
      await this.#writeObjects(saved);
      const ours = this.#indexOf(saved);
      const theirs = await this.#readIndex();
      const index = theirs === undefined ? ours : mergeIndexes(ours, theirs);
      await replaceFile(this.#index, encodeIndex(index));
      await this.#sweep(objectsOf(index));
    });
  }

  /** Where it is. */
  get folder(): string {
    return this.#folder;
  }

  get #index(): string {
    return join(this.#folder, 'index.json');
  }

  #parse(bytes: Uint8Array): RealmIndex {
    const index = parseIndex(bytes);
    const { realm, firstCharterDigest } = this.#owner;
    if (index.realm === realm && index.firstCharterDigest === firstCharterDigest) return index;
    throw new KedgeError('REALM', 'the cache belongs to another realm or pin');
  }

  /** The index that another program may have written; a damaged one is replaced. */
  async #readIndex(): Promise<RealmIndex | undefined> {
    try {
      const bytes = await readBounded(this.#index, INDEX_MAX_BYTES);
      return bytes && this.#parse(bytes);
    } catch {
      return undefined;
    }
  }

  async #document(statement: SignedStatement): Promise<SignedDocument> {
    const { bodyDigest } = parseStatement(statement.payload);
    return { statement, body: await this.#object(bodyDigest) };
  }

  async #release(statement: SignedStatement): Promise<SavedRelease> {
    const document = await this.#document(statement);
    const ids = parseReleaseBody(document.body).anchors.map((anchor) => anchor.id);
    const blobs = await Promise.all(ids.map(async (id) => [id, await this.#object(id)] as const));
    return { document, blobs: new Map(blobs) };
  }

  async #object(digest: Sha256): Promise<Uint8Array> {
    const bytes = await readBounded(join(this.#objects, digest), BODY_MAX_BYTES);
    if (bytes !== undefined && sha256(bytes) === digest) return bytes;
    throw new KedgeError('DIGEST', `object ${digest} is ${bytes ? 'damaged' : 'missing'}`);
  }

  async #writeObjects(saved: SavedRealm): Promise<void> {
    const wanted = new Map<Sha256, Uint8Array>();
    for (const { body } of saved.charters) wanted.set(sha256(body), body);
    for (const { document, blobs } of saved.releases) {
      wanted.set(sha256(document.body), document.body);
      for (const [id, der] of blobs) wanted.set(id, der);
    }
    const todo = [...wanted];
    let written = 0;
    for (let at = 0; at < todo.length; at += PARALLEL_WRITES) {
      const batch = todo.slice(at, at + PARALLEL_WRITES);
      const made = await Promise.all(batch.map(([digest, bytes]) => this.#place(digest, bytes)));
      written += made.filter((one) => one === 'written').length;
    }
    if (written > 0) await syncFolder(this.#objects);
    this.#known.clear();
    for (const digest of wanted.keys()) this.#known.add(digest);
  }

  /**
   * An object that is there is only marked as needed, so that nobody sweeps it meanwhile. One that
   * this program wrote or read before is not read again; another program may have removed it.
   */
  async #place(digest: Sha256, bytes: Uint8Array): Promise<'written' | 'there'> {
    const path = join(this.#objects, digest);
    const isWhole = this.#known.has(digest) || (await holds(path, digest));
    if (isWhole && (await isMarked(path))) return 'there';
    await writeWhole(path, bytes);
    return 'written';
  }

  #indexOf(saved: SavedRealm): RealmIndex {
    return {
      ...this.#owner,
      charters: saved.charters.map(({ statement }) => statement),
      releases: saved.releases.map(({ document, blobs }) => ({
        statement: document.statement,
        objects: [sha256(document.body), ...blobs.keys()],
      })),
      evidence: saved.evidence,
    };
  }

  /** Removes what no state needs any more; failing to is harmless and tried again next time. */
  async #sweep(needed: ReadonlySet<Sha256>): Promise<void> {
    const oldest = Date.now() - SWEEP_AFTER_MS;
    for (const name of await readdir(this.#objects)) {
      // Whatever else lies here, or where a link leads, is not ours to remove.
      if (!OWN_NAME.test(name) || (isDigest(name) && needed.has(parseSha256(name)))) continue;
      const path = join(this.#objects, name);
      const file = await stat(path).catch(() => undefined);
      if (file !== undefined && file.mtimeMs < oldest) await unlink(path).catch(() => undefined);
    }
  }

  async #guard<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KedgeError(
        'STORE',
        `cannot ${what} the last-known-good copy in ${this.#folder}: ${reason}`,
        { detail: { folder: this.#folder }, cause },
      );
    }
  }
}

function damaged(cause: unknown): KedgeError {
  const { code, message } = KedgeError.from(cause);
  return new KedgeError('STORE', `part of the last-known-good copy is damaged: ${message}`, {
    detail: { reason: code },
    cause,
  });
}

function isDigest(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

async function holds(path: string, digest: Sha256): Promise<boolean> {
  const held = await readBounded(path, BODY_MAX_BYTES).catch(() => undefined);
  return held !== undefined && sha256(held) === digest;
}

async function isMarked(path: string): Promise<boolean> {
  const now = new Date();
  return await utimes(path, now, now).then(
    () => true,
    () => false,
  );
}

/** Reads a regular file of a bounded size; absent when there is none. */
async function readBounded(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    // O_NONBLOCK: a pipe in the place of a file must not stop the program that starts.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await file.stat();
      if (!facts.isFile()) throw new KedgeError('STORE', `${path} is not a regular file`);
      if (facts.size > maxBytes) throw new KedgeError('LIMIT', `${path} is too large`);
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
