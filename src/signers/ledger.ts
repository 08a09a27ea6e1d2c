/**
 * The ledger of one signer: which digest it signed for each (realm, stream, sequence), so that it
 * never signs a second one (conformance C13). Two statements for one sequence are a fork.
 *
 * An append-only file of JSON lines. An entry is durable before the signature exists. The first
 * line for a sequence holds, and an entry counts only when it is that line in a read after its own
 * sync: `O_APPEND` orders the lines of all processes, so of two that race one wins.
 * A lock file would do the same and would have to be cleaned up after every crash.
 *
 * @module
 */
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { concatBytes, encodeUtf8, parseUtf8 } from '../core/bytes.ts';
import { encodeCanonical, parseCanonical } from '../core/canonical.ts';
import { KedgeError } from '../core/errors.ts';
import {
  parseRealmName,
  parseSequence,
  parseSha256,
  parseStreamName,
  type RealmName,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import { readObject } from '../core/reader.ts';
import { fileError, readWhole, syncFolder } from './files.ts';

const LEDGER_MAX_BYTES = 64 * 1024 * 1024;
const LINE_MAX_BYTES = 2048;
const LINE_FEED = encodeUtf8('\n');

/** A statement that was, or is about to be, signed. */
export interface LedgerEntry {
  readonly realm: RealmName;
  readonly stream: StreamName;
  readonly sequence: Sequence;
  /** Digest of the statement's payload. */
  readonly digest: Sha256;
  /** Digest of the statement before; absent in lines of older versions. */
  readonly previous?: Sha256;
}

/**
 * What a second statement for one sequence is. `fork`: never signed. `other-side`: the charter has
 * decided about a fork below, so that one which follows another statement than the noted one forks
 * nothing: they are of two sides, and one side fell.
 */
export type SecondStatement = 'fork' | 'other-side';

interface LedgerFile {
  readonly entries: readonly (LedgerEntry & { readonly line: number })[];
  readonly tail: 'complete' | 'torn';
}

/**
 * The ledger that belongs to a key file: it lies beside it. Links are followed, so that a key has
 * one ledger by whatever name it is opened.
 */
export async function ledgerPath(keyFile: string): Promise<string> {
  const path = await realpath(keyFile).catch(() => keyFile);
  return `${path}.ledger`;
}

/** A ledger file; created by the first entry. Processes may share it. */
export class Ledger {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Notes what is about to be signed; when it resolves, the note is durable. The same digest again
   * is fine. `second` says what another one for the sequence is.
   *
   * Errors: `CONFLICT` when another digest is noted for the sequence; `STORE`, `LIMIT` when the
   * file cannot be read or written. After any error nothing may be signed.
   */
  async record(entry: LedgerEntry, second: SecondStatement = 'fork'): Promise<void> {
    const before = await this.#read();
    if (this.#requireOnly(before, entry, second) === 'absent') {
      await this.#append(entry, before.tail);
    }
    // Another process may have written the line and not synced it yet.
    else await this.#withFile(async () => undefined);
    if (this.#requireOnly(await this.#read(), entry, second) === 'absent') {
      throw new KedgeError('STORE', `the ledger ${this.path} lost an entry while it was written`);
    }
  }

  /** All entries, oldest first. Errors: `STORE`, `LIMIT`. */
  async entries(): Promise<readonly LedgerEntry[]> {
    const { entries } = await this.#read();
    return entries.map(({ line: _, ...entry }) => entry);
  }

  /** The entry of the highest sequence of a stream. Errors: `STORE`, `LIMIT`. */
  async newest(realm: RealmName, stream: StreamName): Promise<LedgerEntry | undefined> {
    let newest: LedgerEntry | undefined;
    for (const entry of await this.entries()) {
      if (entry.realm !== realm || entry.stream !== stream) continue;
      if (newest === undefined || entry.sequence > newest.sequence) newest = entry;
    }
    return newest;
  }

  #requireOnly(
    file: LedgerFile,
    { realm, stream, sequence, digest, previous }: LedgerEntry,
    second: SecondStatement,
  ): 'absent' | 'same' {
    const isApart = (other: LedgerEntry): boolean =>
      second === 'other-side' &&
      previous !== undefined &&
      other.previous !== undefined &&
      other.previous !== previous;
    const held = file.entries.find(
      (other) =>
        other.realm === realm &&
        other.stream === stream &&
        other.sequence === sequence &&
        (other.digest === digest || !isApart(other)),
    );
    if (held === undefined) return 'absent';
    if (held.digest === digest) return 'same';
    throw new KedgeError(
      'CONFLICT',
      `this signer has signed another statement for ${stream} ${String(sequence)} of ${realm} ` +
        `(line ${String(held.line)} of ${this.path}); signing this one too would fork the ` +
        'stream. Submit the signed one, or draft the next sequence after it',
      { detail: { realm, stream, sequence, signed: held.digest, refused: digest } },
    );
  }

  async #append(entry: LedgerEntry, tail: LedgerFile['tail']): Promise<void> {
    const line = concatBytes(encodeCanonical({ ...entry }), LINE_FEED);
    const bytes = tail === 'torn' ? concatBytes(LINE_FEED, line) : line;
    await this.#withFile(async (file) => {
      // One write call, so that the lines of two processes never mix.
      const { bytesWritten } = await file.write(bytes);
      if (bytesWritten === bytes.length) return;
      throw new KedgeError('STORE', `the ledger ${this.path} took half a line: is the disk full?`);
    });
    await syncFolder(this.path);
  }

  async #withFile(use: (file: FileHandle) => Promise<void>): Promise<void> {
    try {
      const file = await open(this.path, 'a', 0o600);
      try {
        await use(file);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (thrown) {
      throw fileError(thrown, `cannot write the ledger ${this.path}`);
    }
  }

  async #read(): Promise<LedgerFile> {
    const bytes = await this.#bytes();
    const text = parseUtf8(bytes);
    const lines = text.split('\n');
    const tail = lines.pop() === '' ? 'complete' : 'torn';
    const entries = lines.flatMap((line, index) => {
      // Only a write that was cut short leaves such a line, and then nothing was signed.
      if (!line.endsWith('}')) return [];
      return [{ ...this.#parseLine(line, index + 1), line: index + 1 }];
    });
    return { entries, tail };
  }

  async #bytes(): Promise<Uint8Array> {
    try {
      return await readWhole(this.path, { maxBytes: LEDGER_MAX_BYTES, what: 'ledger' });
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.detail['errno'] === 'ENOENT') return new Uint8Array();
      throw error;
    }
  }

  #parseLine(line: string, number: number): LedgerEntry {
    const what = `line ${String(number)} of the ledger ${this.path}`;
    try {
      const input = { maxBytes: LINE_MAX_BYTES, what };
      const reader = readObject(parseCanonical(encodeUtf8(line), input), what, {
        required: ['digest', 'realm', 'sequence', 'stream'],
        optional: ['previous'],
      });
      return {
        realm: reader.parsed('realm', parseRealmName),
        stream: reader.parsed('stream', parseStreamName),
        sequence: parseSequence(
          reader.integer('sequence', { min: 1, max: Number.MAX_SAFE_INTEGER }),
        ),
        digest: reader.parsed('digest', parseSha256),
        ...(reader.has('previous') && { previous: reader.parsed('previous', parseSha256) }),
      };
    } catch (cause) {
      const advice = 'nothing is signed until somebody has looked at it';
      throw new KedgeError('STORE', `${what} is unreadable; ${advice}`, { cause });
    }
  }
}
