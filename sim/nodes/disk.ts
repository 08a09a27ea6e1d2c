/**
 * The store of a simulated node: what survives its process.
 *
 * Behaves as `storage/document-store.ts` does (a sequence is never overwritten, a stream has no
 * gaps, evidence cuts a stream), without bytes in between, and answers at once. What a crash or a
 * failure leaves of a write is decided by `writer.ts`.
 *
 * @module
 */
import { sha256 } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import type { PersistBatch, ProposalChange } from '../../src/core/gossip/events.ts';
import type { FetchItem, FetchRequest } from '../../src/core/gossip/frames.ts';
import type { StoreStart } from '../../src/core/gossip/options.ts';
import type { StoreOrigin } from '../../src/core/gossip/restored/serving.ts';
import { NO_BOOT, type SignedMark } from '../../src/core/gossip/restored/store-mark.ts';
import { heldIn, rowIn } from '../../src/core/gossip/rows.ts';
import {
  type AnchorId,
  type BundleName,
  CHARTER_STREAM,
  type Sha256,
  type StreamName,
} from '../../src/core/ids.ts';
import type { CosignedRecord } from '../../src/core/log/cosigner.ts';
import type { MembershipSnapshot } from '../../src/core/membership/events.ts';
import type { KeptProposal } from '../../src/core/proposals/model.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import type { StoredTrust } from '../../src/core/trusted/restore.ts';
import type { Evidence, TrustedState } from '../../src/core/trusted/state.ts';
import type { backupKind } from '../faults/faults.ts';
import type { Pool } from '../people/pool.ts';
import { pushOf } from './push-of.ts';

/** Stores that hold the first documents of a pool, by their number; copied, never used. */
const filledDisks = new WeakMap<Pool, Map<number, Disk>>();

type Entry = PersistBatch['documents'][number];

/** A store of one node. */
export class Disk {
  storeId: string;
  /** How often it was written to. */
  writes: number;
  /** What other nodes signed of their stores. */
  marks: readonly SignedMark[];
  /** Where the content comes from; what a node finds out about its store when it starts. */
  origin: StoreOrigin = 'intact';
  /** What the node's region cosigned, as written down. */
  readonly cosigned: Map<StreamName, CosignedRecord>;
  readonly proposals: Map<Sha256, KeptProposal> = new Map();
  /** Which waves of rollouts were opened, by bundle. */
  readonly notes: Map<BundleName, Uint8Array>;
  /** Whom the node knew. */
  memory: MembershipSnapshot | undefined;
  /** By stream, from sequence 1; also what a fork has taken the head away from. */
  readonly #entries: Map<StreamName, readonly Entry[]>;
  /** The sequence up to which each stream counts. */
  readonly #heads: Map<StreamName, number>;
  readonly #forks: Map<StreamName, Evidence>;
  readonly #blobs: Map<AnchorId, Uint8Array>;
  /** Written by an append that failed: there when the store is opened or written again. */
  #hidden: readonly PersistBatch[] = [];
  /** The last process. */
  #bootId: string;

  constructor(storeId: string, copied?: Disk) {
    this.storeId = storeId;
    this.memory = copied?.memory;
    this.writes = copied?.writes ?? 0;
    this.marks = copied?.marks ?? [];
    this.#bootId = copied === undefined ? NO_BOOT : copied.#bootId;
    // Of another store the key of the region knows nothing.
    this.cosigned = new Map(copied?.storeId === storeId ? copied.cosigned : []);
    this.notes = new Map(copied?.notes);
    this.#entries = new Map(copied === undefined ? [] : copied.#entries);
    this.#heads = new Map(copied === undefined ? [] : copied.#heads);
    this.#forks = new Map(copied === undefined ? [] : copied.#forks);
    this.#blobs = new Map(copied === undefined ? [] : copied.#blobs);
  }

  /** A store that holds the first `count` documents of the pool; what it shares never changes. */
  static withFirst(storeId: string, pool: Pool, count: number): Disk {
    const filled = filledDisks.get(pool) ?? new Map<number, Disk>();
    filledDisks.set(pool, filled);
    const disk = filled.get(count) ?? Disk.#fill(pool, count);
    filled.set(count, disk);
    return new Disk(storeId, disk);
  }

  static #fill(pool: Pool, count: number): Disk {
    const disk = new Disk('');
    for (const published of pool.documents.slice(0, count)) {
      const { stream, sequence, digest, document } = published;
      const blobs = published.blobs.map((der) => ({ id: sha256(der), der }));
      disk.append({ documents: [{ stream, sequence, digest, document }], blobs });
    }
    return disk;
  }

  /** What takes its place one day: nothing, or a copy, which may look like itself. */
  backup(what: ReturnType<typeof backupKind>, storeId: string): Disk {
    const isSame = what === 'copy-restored';
    const lost = what === 'store-lost';
    // A new store has its id from its first start, so a copy from before that gets another one.
    const keepsId = isSame && this.origin !== 'new';
    const disk = new Disk(keepsId ? this.storeId : storeId, lost ? undefined : this);
    disk.origin = isSame ? this.origin : lost ? 'lost' : 'restored';
    return disk;
  }

  /** A process starts. */
  start(bootId: string): StoreStart {
    const after = this.#bootId;
    this.#bootId = bootId;
    this.writes += 1;
    // A new store serves at once, and is the one of the last run from then on.
    if (this.origin === 'new') this.origin = 'intact';
    return { after, count: this.writes };
  }

  /** It turned out to be an old copy. */
  renew(storeId: string): number {
    this.storeId = storeId;
    this.origin = 'restored';
    this.writes += 1;
    return this.writes;
  }

  /** Counts more than this. */
  advance(beyond: number): number {
    this.writes = Math.max(this.writes, beyond) + 1;
    return this.writes;
  }

  /** Errors: `BUG`: the batch contradicts what is held; nothing is written. */
  append(batch: PersistBatch): void {
    this.#settle();
    const entries = new Map<StreamName, readonly Entry[]>();
    const heads = new Map<StreamName, number>();
    const { replaced } = batch;
    const isNew = ({ stream, sequence, digest }: Entry): boolean =>
      this.entry(stream, sequence)?.digest !== digest;
    if (replaced !== undefined && batch.documents.some(isNew)) {
      this.#requireStored(replaced);
      this.#forks.delete(replaced.stream);
      heads.set(replaced.stream, replaced.sequence);
    }
    for (const entry of batch.documents) {
      const { stream, sequence } = entry;
      const head = heads.get(stream) ?? this.headOf(stream);
      const held = entries.get(stream) ?? this.#entries.get(stream) ?? [];
      if (this.#isHeld(held, head, entry)) continue;
      entries.set(stream, held.toSpliced(sequence - 1, 1, entry));
      heads.set(stream, sequence);
    }
    // Without a new document the batch is a repetition, and the streams may have grown since.
    const settled = heads.size === 0 ? [] : (batch.settled ?? []);
    for (const one of settled) this.#requireStored(one);
    if (entries.size > 0 || batch.evidence !== undefined) this.writes += 1;
    for (const [stream, all] of entries) this.#entries.set(stream, all);
    for (const { stream, sequence } of settled) {
      this.#forks.delete(stream);
      heads.set(stream, sequence);
    }
    for (const [stream, head] of heads) this.#heads.set(stream, head);
    for (const { id, der } of batch.blobs) this.#blobs.set(id, der);
    if (batch.evidence !== undefined) this.#cut(batch.evidence);
  }

  /** The append failed, and is on disk all the same. */
  hide(batch: PersistBatch): void {
    this.#hidden = [...this.#hidden, batch];
  }

  /** What a node starts from. */
  load(): StoredTrust {
    this.#settle();
    const charters = this.#held(CHARTER_STREAM);
    const heads: Entry[] = [];
    for (const stream of this.#entries.keys()) {
      const last = this.#held(stream).at(-1);
      if (stream !== CHARTER_STREAM && last !== undefined) heads.push(last);
    }
    return { charters, heads, evidence: [...this.#forks.values()] };
  }

  /** Keeps and drops proposals. */
  keepProposals({ keep, drop }: ProposalChange): void {
    for (const { digest, kept } of keep) this.proposals.set(digest, kept);
    for (const digest of drop) this.proposals.delete(digest);
  }

  /** The document at a sequence up to the head. */
  entry(stream: StreamName, sequence: number): Entry | undefined {
    return sequence > this.headOf(stream) ? undefined : this.anyEntry(stream, sequence);
  }

  /** What lies in a place, also where a fork has taken the head away from it. */
  anyEntry(stream: StreamName, sequence: number): Entry | undefined {
    return this.#entries.get(stream)?.[sequence - 1];
  }

  statement(stream: StreamName, sequence: number): SignedStatement | undefined {
    return this.entry(stream, sequence)?.document.statement;
  }

  /** The evidence of a stopped stream. */
  fork(stream: StreamName): Evidence | undefined {
    return this.#forks.get(stream);
  }

  /** The sequence of a stream's head; 0 when nothing is held. */
  headOf(stream: StreamName): number {
    return this.#heads.get(stream) ?? 0;
  }

  /** The evidence of all stopped streams. */
  get forks(): Iterable<Evidence> {
    return this.#forks.values();
  }

  #held(stream: StreamName): readonly Entry[] {
    return (this.#entries.get(stream) ?? []).slice(0, this.headOf(stream));
  }

  /** Answers a fetch as `service/fetch-source.ts` does. */
  *fetch(
    durable: () => TrustedState,
    requests: readonly FetchRequest[],
  ): Generator<FetchItem, void> {
    for (const request of requests) {
      let outcome: 'sent' | 'missing' = 'sent';
      try {
        yield* this.#fetchOne(durable(), request);
      } catch (thrown) {
        if (requests.length === 1) throw thrown;
        outcome = 'missing';
      }
      if (requests.length > 1) yield { kind: 'over', outcome };
    }
  }

  *#fetchOne(state: TrustedState, request: FetchRequest): Generator<FetchItem> {
    const { stream, fromSequence } = request;
    const row = rowIn(state, stream);
    const head = row === undefined ? 0 : heldIn(row);
    const to = Math.min(head, request.toSequence ?? head);
    for (let at: number = fromSequence; at <= to; at += 1) {
      const document = this.entry(stream, at)?.document;
      if (document === undefined) {
        throw new KedgeError('UNAVAILABLE', `sequence ${at} of ${stream} is not held here`);
      }
      const base = at > 1 ? this.entry(stream, at - 1)?.document : undefined;
      yield { kind: 'entry', entry: pushOf({ stream, base, document, blobs: this.#blobs }) };
    }
    const held = state.streams.get(stream);
    const end = request.toSequence ?? Number.MAX_SAFE_INTEGER;
    if (held?.kind === 'forked' && end > held.commonSequence) {
      yield { kind: 'fork', evidence: held.evidence };
    }
  }

  #isHeld(held: readonly Entry[], head: number, entry: Entry): boolean {
    const { stream, sequence, digest } = entry;
    if (sequence <= head) {
      if (held[sequence - 1]?.digest === digest) return true;
      throw bug(entry, 'is taken by another statement');
    }
    if (sequence !== head + 1) throw bug(entry, 'would leave a gap');
    const fork = this.#forks.get(stream);
    if (fork !== undefined && sequence >= fork.sequence) throw bug(entry, 'lies behind a fork');
    return false;
  }

  #requireStored({ stream, sequence, digest }: NonNullable<PersistBatch['settled']>[number]): void {
    if (sequence === 0 || this.anyEntry(stream, sequence)?.digest === digest) return;
    throw new KedgeError('BUG', `${stream} cannot go on after ${sequence}: nothing was stored`);
  }

  #cut(evidence: Evidence): void {
    const { stream, sequence } = evidence;
    const held = this.#forks.get(stream);
    if (held !== undefined && sequence > held.sequence) {
      throw new KedgeError('BUG', `${stream} forked earlier than this evidence says`);
    }
    this.#forks.set(stream, evidence);
    this.#heads.set(stream, Math.min(this.headOf(stream), sequence - 1));
  }

  #settle(): void {
    const hidden = this.#hidden;
    this.#hidden = [];
    for (const batch of hidden) this.append(batch);
  }
}

function bug({ stream, sequence }: Entry, what: string): KedgeError {
  return new KedgeError('BUG', `${stream} ${sequence} ${what}: nothing was stored`);
}
