/**
 * The last-known-good copy on disk: what a program starts from when no node answers.
 *
 * One folder per realm and pin. `objects/<sha256>` holds bodies and anchors, `index-<sha256>.json`
 * says which statements are in force. Objects are written and synced before the index that needs
 * them appears in one rename: at any instant, also after kill -9 or a power cut, the folder holds
 * one whole state, the old or the new (conformance E05). Nothing read from here is trusted; the
 * caller verifies it like a message from a node. Several programs may share a folder and write at
 * once (`index-files.ts`).
 *
 * @module
 */
import { readdir, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type AnchorId, parseSha256, type RealmName, type Sha256 } from '../../core/ids.ts';
import { BODY_MAX_BYTES } from '../../core/limits.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import { makeFolder } from '../../files/folders.ts';
import { readBounded, syncFolder, writeWhole } from './atomic-files.ts';
import { type IndexFile, readIndexFiles, replaceIndexFiles } from './index-files.ts';
import {
  encodeIndex,
  mergeIndexes,
  objectsOf,
  parseIndex,
  type RealmIndex,
} from './saved-realm.ts';

/** Objects that nothing needs are kept this long, in case another program is about to need them. */
const SWEEP_AFTER_MS = 10 * 60_000;
/** An object that was marked is safe so long, with time to mark it again before it is swept. */
const MARKED_FOR_MS = SWEEP_AFTER_MS / 4;
/** An object, or what a crash left of one that was being written. */
const OWN_NAME = /^[0-9a-f]{64}(?:\.[0-9a-f]{12}\.tmp)?$/;
/** What a crash left of an index. */
const TORN_INDEX = /^index-[0-9a-f]{64}\.json\.[0-9a-f]{12}\.tmp$/;
/** Objects written at once. */
const PARALLEL_WRITES = 16;

/** A release with all that verifying it needs. */
export interface SavedRelease {
  readonly document: SignedDocument;
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
}

/** What a copy gives back. */
export interface KeptRealm {
  /** Ascending from version 1. */
  readonly charters: readonly SignedDocument[];
  readonly releases: readonly SavedRelease[];
  readonly evidence: readonly Evidence[];
}

/** What is saved. */
export interface SavedRealm extends KeptRealm {
  /** How often the chain of charters was recovered. */
  readonly recoveries?: number;
  /** Releases that a recovery took away, and that another one took the place of. */
  readonly fallen?: ReadonlySet<Sha256>;
}

/** A loaded copy: what could be read, and why the rest could not. */
export interface LoadedRealm extends KeptRealm {
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
  /** Objects that were whole at the last save, and when each was written or marked. */
  #known: ReadonlyMap<Sha256, number> = new Map();
  /** What was written last: it need not be parsed to be merged. */
  #written: { readonly name: string; readonly index: RealmIndex } | undefined;

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
    const files = await this.#guard('read', () => readIndexFiles(this.#folder));
    if (files.length === 0) return undefined;
    const problems: KedgeError[] = [];
    const note = (cause: unknown): void => void problems.push(damaged(cause));
    const index = this.#merged(files, note);
    if (index === undefined) return { charters: [], releases: [], evidence: [], problems };
    try {
      const charters = await Promise.all(index.charters.map((one) => this.#document(one)));
      const releases: SavedRelease[] = [];
      for (const { statement } of index.releases) {
        const release = await this.#release(statement).catch(note);
        if (release) releases.push(release);
      }
      return { charters, releases, evidence: index.evidence, problems };
    } catch (cause) {
      note(cause);
      return { charters: [], releases: [], evidence: [], problems };
    }
  }

  /** Makes `saved` part of the copy; when it resolves, a power cut cannot take it back. */
  async save(saved: SavedRealm): Promise<void> {
    await this.#guard('write', async () => {
      await makeFolder(this.#objects, { access: 'private' });
      await this.#writeObjects(saved);
      // What cannot be read is replaced.
      const files = await readIndexFiles(this.#folder).catch(() => []);
      const theirs = this.#merged(files, () => undefined);
      const ours = this.#indexOf(saved);
      const index = theirs === undefined ? ours : mergeIndexes(ours, theirs, saved.fallen);
      const name = await replaceIndexFiles(this.#folder, encodeIndex(index), files);
      this.#written = { name, index };
      await this.#sweep(objectsOf(index));
    });
  }

  /** Where it is. */
  get folder(): string {
    return this.#folder;
  }

  #parse(bytes: Uint8Array): RealmIndex {
    const index = parseIndex(bytes);
    const { realm, firstCharterDigest } = this.#owner;
    if (index.realm === realm && index.firstCharterDigest === firstCharterDigest) return index;
    throw new KedgeError('REALM', 'the cache belongs to another realm or pin');
  }

  /** What all files say together; absent when none of them can be used. */
  #merged(files: readonly IndexFile[], note: (cause: unknown) => void): RealmIndex | undefined {
    let merged: RealmIndex | undefined;
    for (const { name, bytes } of files) {
      try {
        if (bytes === undefined) {
          throw new KedgeError('DIGEST', `${name} is not what its name says`);
        }
        const index = name === this.#written?.name ? this.#written.index : this.#parse(bytes);
        merged = merged === undefined ? index : mergeIndexes(index, merged);
      } catch (cause) {
        note(cause);
      }
    }
    return merged;
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
    const nowMs = Date.now();
    const known = await this.#safe(nowMs);
    const todo = [...wanted].filter(([digest]) => !known.has(digest));
    let written = 0;
    for (let at = 0; at < todo.length; at += PARALLEL_WRITES) {
      const batch = todo.slice(at, at + PARALLEL_WRITES);
      const made = await Promise.all(batch.map(([digest, bytes]) => this.#place(digest, bytes)));
      written += made.filter((one) => one === 'written').length;
    }
    if (written > 0) await syncFolder(this.#objects);
    this.#known = new Map([...wanted.keys()].map((one) => [one, known.get(one) ?? nowMs]));
  }

  /** The objects that nobody sweeps in the next minutes, as they were marked in the last ones. */
  async #safe(nowMs: number): Promise<ReadonlyMap<Sha256, number>> {
    const there = new Set(await readdir(this.#objects));
    return new Map(
      [...this.#known].filter(
        ([digest, atMs]) => there.has(digest) && Math.abs(nowMs - atMs) < MARKED_FOR_MS,
      ),
    );
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
      recoveries: saved.recoveries ?? 0,
    };
  }

  /** Removes what no state needs any more; failing to is harmless and tried again next time. */
  async #sweep(needed: ReadonlySet<Sha256>): Promise<void> {
    // Whatever else lies here, or where a link leads, is not ours to remove.
    const isSpare = (name: string): boolean =>
      OWN_NAME.test(name) && !(isDigest(name) && needed.has(parseSha256(name)));
    await sweepOld(this.#objects, isSpare);
    await sweepOld(this.#folder, (name) => TORN_INDEX.test(name));
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

/** Removes files that are not young: somebody else may be about to need those. */
async function sweepOld(folder: string, isSpare: (name: string) => boolean): Promise<void> {
  const oldest = Date.now() - SWEEP_AFTER_MS;
  for (const name of (await readdir(folder)).filter(isSpare)) {
    const path = join(folder, name);
    const file = await stat(path).catch(() => undefined);
    if (file !== undefined && file.mtimeMs < oldest) await unlink(path).catch(() => undefined);
  }
}
