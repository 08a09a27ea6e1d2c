/**
 * The {@link Store} over any {@link KeyValue}: which records an append writes, and what a reader
 * may rely on.
 *
 * Everything up to a head exists and hashes to its name. A hole or other bytes are damage and are
 * said to be, as LevelDB by itself drops damaged records of its log without a word.
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import {
  type AnchorId,
  CHARTER_STREAM,
  parseSequence,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import type { SignedDocument, SignedStatement } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { Evidence } from '../core/trusted/state.ts';
import type {
  BranchStart,
  NoteName,
  StatementRange,
  Store,
  StoreBatch,
  StoredDocument,
  StoredHead,
  StoredState,
} from '../ports/store.ts';
import { storeError } from './failures.ts';
import { Heads } from './heads.ts';
import type { KeyValue, Put } from './key-value.ts';
import {
  blobKey,
  bodyKey,
  documentKey,
  documentRange,
  FORKS,
  HEADS,
  noteKey,
  parseStreamKey,
} from './keys.ts';
import { type DocumentRecord, parseDocument, parseFork, parseHead } from './records.ts';

/** Items in one read call. */
const READ_MAX = 1000;
/** Charters read at once: each with its body, up to a megabyte. */
const LOAD_CHUNK = 16;

/** A store whose rules are here and whose bytes are in a key-value database, which it owns. */
export class DocumentStore implements Store {
  readonly storeId: string;
  readonly #entries: KeyValue;
  #heads: Heads;
  /** Appends run one after the other, in the order of their calls. */
  #lastAppend: Promise<void> = Promise.resolve();
  #phase: 'open' | 'closed' = 'open';

  private constructor(storeId: string, entries: KeyValue, heads: Heads) {
    this.storeId = storeId;
    this.#entries = entries;
    this.#heads = heads;
  }

  /** Starts from what `entries` holds; its format has been checked. Errors: `STORE`. */
  static async open(storeId: string, entries: KeyValue): Promise<DocumentStore> {
    return new DocumentStore(storeId, entries, await loadHeads(entries));
  }

  async load(): Promise<StoredState> {
    this.#requireOpen();
    const charters: StoredDocument[] = [];
    const charterHead = this.#heads.sequence(CHARTER_STREAM);
    for (let from = 1; from <= charterHead; from += LOAD_CHUNK) {
      const sequences = ascending(from, Math.min(charterHead, from + LOAD_CHUNK - 1));
      charters.push(
        ...(await Promise.all(sequences.map((at) => this.#stored(CHARTER_STREAM, at)))),
      );
    }
    const heads: StoredDocument[] = [];
    for (const { stream, sequence } of this.#heads.list()) {
      if (stream === CHARTER_STREAM || sequence === 0) continue;
      heads.push(await this.#stored(stream, parseSequence(sequence)));
    }
    return { charters, heads, evidence: this.#heads.evidence() };
  }

  async append(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    const appended = this.#lastAppend.then(() => this.#append(batch));
    this.#lastAppend = appended.catch(() => undefined);
    await appended;
  }

  async document(stream: StreamName, sequence: Sequence): Promise<SignedDocument | undefined> {
    this.#requireOpen();
    if (sequence > this.#heads.sequence(stream)) return undefined;
    return (await this.#stored(stream, sequence)).document;
  }

  async statements(stream: StreamName, range: StatementRange): Promise<readonly SignedStatement[]> {
    this.#requireOpen();
    const limit = requireLimit(range.limit);
    const end = this.#heads.sequence(stream) + 1;
    const upTo = 'from' in range ? end : Math.min(range.before ?? end, end);
    const first = 'from' in range ? range.from : Math.max(1, upTo - limit);
    const last = Math.min(upTo - 1, first + limit - 1);
    if (last < first) return [];
    const order = 'from' in range ? 'ascending' : 'descending';
    const query = { ...documentRange(stream, first, last + 1), order, limit } as const;
    const found = new Map((await this.#entries.range(query)).map((put) => [put.key, put.value]));
    const sequences = ascending(first, last);
    if (order === 'descending') sequences.reverse();
    return sequences.map((sequence) => {
      const key = documentKey(stream, sequence);
      return this.#parseRecord(key, found.get(key)).statement;
    });
  }

  async digestAt(stream: StreamName, sequence: Sequence): Promise<Sha256 | undefined> {
    this.#requireOpen();
    return await this.#digestAt(stream, sequence);
  }

  async branch(start: BranchStart): Promise<StoredDocument | undefined> {
    this.#requireOpen();
    const { stream, before } = start;
    let last = await this.#recordAt(stream, start.sequence);
    if (last?.digest !== start.digest) return undefined;
    let { sequence } = start;
    while (sequence + 1 < before) {
      const next = await this.#recordAt(stream, parseSequence(sequence + 1));
      if (next === undefined) break;
      if (parseStatement(next.statement.payload).previous !== last.digest) break;
      last = next;
      sequence = parseSequence(sequence + 1);
    }
    return await this.#stored(stream, sequence);
  }

  async blobs(ids: readonly AnchorId[]): Promise<ReadonlyMap<AnchorId, Uint8Array>> {
    this.#requireOpen();
    requireLimit(Math.max(1, ids.length));
    const values = await this.#entries.getMany(ids.map(blobKey));
    const blobs = new Map<AnchorId, Uint8Array>();
    for (const [index, id] of ids.entries()) {
      const der = values[index];
      if (der !== undefined) blobs.set(id, this.#requireDigest(blobKey(id), id, der));
    }
    return blobs;
  }

  async streams(): Promise<readonly StoredHead[]> {
    this.#requireOpen();
    return this.#heads.list();
  }

  async note(name: NoteName): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    return await this.#entries.get(noteKey(name));
  }

  async setNote(name: NoteName, value: Uint8Array): Promise<void> {
    this.#requireOpen();
    const puts = [{ key: noteKey(name), value }];
    const written = this.#lastAppend.then(() => this.#write(puts));
    this.#lastAppend = written.catch(() => undefined);
    await written;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    await this.#lastAppend;
    await this.#entries.close();
  }

  async #append(batch: StoreBatch): Promise<void> {
    await this.#repair();
    const plan = await this.#heads.plan(batch, {
      digestAt: (stream, sequence) => this.#digestAt(stream, sequence),
      anyDigestAt: async (stream, sequence) => (await this.#recordAt(stream, sequence))?.digest,
    });
    if (plan.puts.length === 0) return;
    await this.#entries.write(plan.puts, plan.removedKeys);
    this.#heads = plan.heads;
  }

  async #write(puts: readonly Put[]): Promise<void> {
    await this.#repair();
    await this.#entries.write(puts);
  }

  async #repair(): Promise<void> {
    if ((await this.#entries.repair()) === 'changed') this.#heads = await loadHeads(this.#entries);
  }

  async #digestAt(stream: StreamName, sequence: Sequence): Promise<Sha256 | undefined> {
    if (sequence > this.#heads.sequence(stream)) return undefined;
    const key = documentKey(stream, sequence);
    return this.#parseRecord(key, await this.#entries.get(key)).digest;
  }

  /** What lies in a place, also where a fork has taken the head away from it. */
  async #recordAt(stream: StreamName, sequence: Sequence): Promise<DocumentRecord | undefined> {
    const key = documentKey(stream, sequence);
    const value = await this.#entries.get(key);
    return value && this.#parseRecord(key, value);
  }

  async #stored(stream: StreamName, sequence: Sequence): Promise<StoredDocument> {
    const key = documentKey(stream, sequence);
    const { digest, bodyDigest, statement } = this.#parseRecord(key, await this.#entries.get(key));
    const body = await this.#entries.get(bodyKey(bodyDigest));
    if (body === undefined) throw this.#damaged(bodyKey(bodyDigest), 'is missing');
    this.#requireDigest(bodyKey(bodyDigest), bodyDigest, body);
    return { stream, sequence, digest, document: { statement, body } };
  }

  #parseRecord(key: string, value: Uint8Array | undefined): DocumentRecord {
    if (value === undefined) throw this.#damaged(key, 'is missing');
    const record = parseStored(this.#entries.where, key, () => parseDocument(value));
    this.#requireDigest(key, record.digest, record.statement.payload);
    return record;
  }

  #requireDigest(key: string, digest: Sha256, bytes: Uint8Array): Uint8Array {
    if (sha256(bytes) !== digest) throw this.#damaged(key, 'does not hash to its digest');
    return bytes;
  }

  #damaged(key: string, what: string): KedgeError {
    return storeError('damaged', this.#entries.where, `is damaged: ${key} ${what}`);
  }

  #requireOpen(): void {
    if (this.#phase === 'closed') throw storeError('closed', this.#entries.where, 'is closed');
  }
}

async function loadHeads(entries: KeyValue): Promise<Heads> {
  const all = { order: 'ascending', limit: Number.MAX_SAFE_INTEGER } as const;
  const heads = (await entries.range({ ...HEADS, ...all })).map(({ key, value }) =>
    parseStored(entries.where, key, () => [parseStreamKey(key), parseHead(value)] as const),
  );
  const evidence = (await entries.range({ ...FORKS, ...all })).map(
    ({ key, value }): Evidence =>
      parseStored(entries.where, key, () => parseFork(parseStreamKey(key), value)),
  );
  return new Heads(new Map(heads), new Map(evidence.map((fork) => [fork.stream, fork])));
}

/** A record that does not parse was changed on the disk: nobody else writes them. */
function parseStored<T>(where: string, key: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    const why = KedgeError.from(cause).message;
    throw storeError('damaged', where, `is damaged: ${key} is ${why}`, cause);
  }
}

function ascending(first: number, last: number): Sequence[] {
  return Array.from({ length: last - first + 1 }, (_, index) => parseSequence(first + index));
}

function requireLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= READ_MAX) return limit;
  throw new KedgeError('LIMIT', `read from 1 to ${String(READ_MAX)} items, not ${String(limit)}`);
}
