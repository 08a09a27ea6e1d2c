/**
 * The {@link Store} over any {@link KeyValue}: which records an append writes, and what a reader
 * may rely on.
 *
 * Everything up to a head exists and hashes to its name; a hole or other bytes are called damage.
 *
 * @module
 */
import type { StoreTrouble } from '../core/admin/process-status.ts';
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import type { ProposalChange } from '../core/gossip/events.ts';
import {
  type AnchorId,
  type KeyId,
  parseSequence,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import type { Subtree } from '../core/log/tree.ts';
import type { KeptProposal } from '../core/proposals/model.ts';
import type { SignedDocument, SignedStatement } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { AuditStore } from '../ports/audit-store.ts';
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
import { AuditRecords } from './audit-records.ts';
import { readCosigned } from './cosigned-notes.ts';
import { storeError } from './failures.ts';
import type { Heads } from './heads.ts';
import { proposalWrites, readProposals } from './kept-proposals.ts';
import type { KeyValue, Put } from './key-value.ts';
import {
  blobKey,
  bodyKey,
  documentKey,
  documentRange,
  FORMAT_KEY,
  FORMAT_VERSION,
  noteKey,
} from './keys.ts';
import { loadHeads, parseStored } from './load-heads.ts';
import { loadState } from './load-state.ts';
import { LogTrees } from './log-trees.ts';
import { ascending, boundsOf, requireLimit } from './read-bounds.ts';
import { type DocumentRecord, encodeFormat, parseDocument } from './records.ts';
import { type Write, Writes } from './writes.ts';

/** A store whose rules are here and whose bytes are in a key-value database, which it owns. */
export class DocumentStore implements Store {
  readonly audit: AuditStore;
  readonly #entries: KeyValue;
  readonly #trees: LogTrees;
  #storeId: string;
  #heads: Heads;
  readonly #writes: Writes;
  #phase: 'open' | 'closed' = 'open';

  private constructor(storeId: string, entries: KeyValue, heads: Heads) {
    this.#storeId = storeId;
    this.#entries = entries;
    this.#trees = new LogTrees({
      entries,
      payloads: (stream, from, to) => this.#payloads(stream, from, to),
    });
    this.#heads = heads;
    this.#writes = new Writes(entries, async () => {
      this.#heads = await loadHeads(entries);
    });
    this.audit = new AuditRecords({ entries, write: (puts, removed) => this.#put(puts, removed) });
  }

  /** Starts from what `entries` holds; its format has been checked. Errors: `STORE`. */
  static async open(storeId: string, entries: KeyValue): Promise<DocumentStore> {
    return new DocumentStore(storeId, entries, await loadHeads(entries));
  }

  get storeId(): string {
    return this.#storeId;
  }

  get writes(): number {
    return this.#heads.writes;
  }

  get trouble(): StoreTrouble | undefined {
    return this.#writes.trouble;
  }

  async advance(beyond?: number): Promise<number> {
    await this.#count([], beyond);
    return this.writes;
  }

  async renew(storeId: string): Promise<void> {
    await this.#put([{ key: FORMAT_KEY, value: encodeFormat(FORMAT_VERSION, storeId) }]);
    this.#storeId = storeId;
  }

  async load(): Promise<StoredState> {
    this.#requireOpen();
    return await loadState(this.#heads, (stream, sequence) => this.#stored(stream, sequence));
  }

  async append(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    await this.#writes.inTurn((write) => this.#append(batch, write));
  }

  async document(stream: StreamName, sequence: Sequence): Promise<SignedDocument | undefined> {
    this.#requireOpen();
    if (sequence > this.#heads.sequence(stream)) return undefined;
    return (await this.#stored(stream, sequence)).document;
  }

  async statements(stream: StreamName, range: StatementRange): Promise<readonly SignedStatement[]> {
    this.#requireOpen();
    const { first, last, order } = boundsOf(range, this.#heads.sequence(stream) + 1);
    if (last < first) return [];
    const query = { ...documentRange(stream, first, last + 1), order, limit: range.limit };
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

  async subtrees(stream: StreamName, subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]> {
    this.#requireOpen();
    const isBeyond = ({ level, index }: Subtree): boolean =>
      (index + 1) * 2 ** level > this.#heads.sequence(stream);
    if (subtrees.some(isBeyond)) throw new KedgeError('BUG', `${stream} is not that long`);
    const stored = await this.#trees.read(stream, subtrees);
    if (stored !== undefined) return stored;
    await this.#writes.inTurn(async (write) => {
      await write(await this.#trees.rebuilt(stream, this.#heads.sequence(stream)));
    });
    const made = await this.#trees.read(stream, subtrees);
    if (made !== undefined) return made;
    throw this.#damaged(`tree:${stream}`, 'has holes');
  }

  async proposals(): Promise<readonly KeptProposal[]> {
    this.#requireOpen();
    return await readProposals(this.#entries);
  }

  async keepProposals(change: ProposalChange): Promise<void> {
    await this.#put(...proposalWrites(change));
  }

  async note(name: NoteName): Promise<Uint8Array | undefined> {
    this.#requireOpen();
    return await this.#entries.get(noteKey(name));
  }

  async cosigned(keyId: KeyId): Promise<readonly Uint8Array[]> {
    this.#requireOpen();
    return await readCosigned(this.#entries, keyId);
  }

  async setNote(name: NoteName, value: Uint8Array): Promise<void> {
    const put = { key: noteKey(name), value };
    // A copy of a store from before a record lets the key sign less: it has to count less too.
    await (name.startsWith('cosigned:') ? this.#count([put]) : this.#put([put]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    await this.#writes.idle();
    await this.#entries.close();
  }

  async #append(batch: StoreBatch, write: Write): Promise<void> {
    const plan = await this.#heads.plan(batch, {
      digestAt: (stream, sequence) => this.#digestAt(stream, sequence),
      anyDigestAt: async (stream, sequence) => (await this.#recordAt(stream, sequence))?.digest,
    });
    if (plan.puts.length === 0) return;
    const trees = await this.#trees.puts(batch, (stream) => this.#heads.last(stream));
    await write([...plan.puts, ...trees], plan.removedKeys);
    this.#heads.adopt(plan.changes);
  }

  /** Writes beside the statements, in order with appends. */
  async #put(puts: readonly Put[], removedKeys: readonly string[] = []): Promise<void> {
    this.#requireOpen();
    await this.#writes.inTurn((write) => write(puts, removedKeys));
  }

  /** The same, and counts it. */
  async #count(puts: readonly Put[], beyond?: number): Promise<void> {
    this.#requireOpen();
    await this.#writes.inTurn(async (write) => {
      await write([...puts, this.#heads.nextWrite(beyond)]);
      this.#heads.advance(beyond);
    });
  }

  async #payloads(stream: StreamName, from: number, to: number): Promise<readonly Uint8Array[]> {
    const range = documentRange(stream, from, to + 1);
    const found = await this.#entries.range({ ...range, order: 'ascending', limit: to + 1 - from });
    if (found.length <= to - from) throw this.#damaged(documentKey(stream, from), 'is missing');
    return found.map(({ key, value }) => this.#parseRecord(key, value).statement.payload);
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
