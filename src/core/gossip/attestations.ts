/**
 * What regions attest, as one node knows it: cosignatures, heartbeats, and proofs that a key signed
 * two roots. All is verified with the keys of the durable charter before it is kept or passed on,
 * and only what is new is passed on, so that nothing goes round.
 *
 * Cosignatures that were lost on the way are asked for: a region that sends heartbeats is expected
 * to cosign every head. One that stopped is not waited for, and what nobody has is asked for in
 * growing steps. Memory is bounded by the streams held, times the keys of the charter. Spec
 * section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { KeyId, RegionName, StreamName } from '../ids.ts';
import { beatingRegions, type HeartbeatBook, noteHeartbeat } from '../log/heartbeat-book.ts';
import { isSameLog } from '../log/log-name.ts';
import { type CosignedHead, keyOfLine, type RegionPolicy, regionPolicy } from '../log/regions.ts';
import {
  type CosignedHeads,
  mergeSplits,
  newestHeads,
  observeCosignature,
  type RegionSplit,
  type SplitPair,
  verifySplit,
} from '../log/split.ts';
import type { PeerIdentity } from '../peer.ts';
import { logOf } from '../trusted/decisions.ts';
import { type AcceptedCharter, currentCharter } from '../trusted/state.ts';
import type { Attestation, AttestationFrame, LinesFrame } from './frames.ts';
import type { Link, LinkTable } from './links/links.ts';
import type { Outbox } from './outbox.ts';
import type { Replica } from './replica/replica.ts';
import type { Spread } from './replica/spread.ts';
import type { Row } from './rows.ts';

/** Streams in one question. */
export const COSIGNED_ASK_MAX: number = 64;
/** Ticks between two rounds of questions about one stream: doubled up to this. */
const ASK_PAUSE_MAX = 256;
/** Streams that one tick looks at. */
const LOOKED_AT_MAX = 1000;
const NO_HEADS: CosignedHeads = new Map();

/** What the attestations of one node are known from. */
export interface AttestationParts {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly spread: Spread;
  readonly replica: Replica;
}

/** The attestations that one node knows. */
export class Attestations {
  readonly #parts: AttestationParts;
  readonly #heads: Map<StreamName, CosignedHeads> = new Map();
  readonly #splits: Map<KeyId, RegionSplit> = new Map();
  /** Streams of which a cosignature may be missing, the longest not asked for first. */
  readonly #open: Set<StreamName> = new Set();
  /** How often an open stream was asked for, and in which turn it may be again. */
  readonly #asked: Map<StreamName, { readonly times: number; readonly dueTurn: number }> =
    new Map();
  #book: HeartbeatBook = new Map();
  #charter: AcceptedCharter | undefined;
  #policy: RegionPolicy | undefined;
  #turn = 0;

  constructor(parts: AttestationParts) {
    this.#parts = parts;
    for (const stream of parts.replica.rows.rows.keys()) this.#open.add(stream);
  }

  /** The newest verified heartbeat of each region. */
  get heartbeats(): HeartbeatBook {
    this.#currentPolicy();
    return this.#book;
  }

  /** Proofs against keys that signed two roots. */
  get splits(): readonly RegionSplit[] {
    return [...this.#splits.values()];
  }

  /** Keys that signed two roots. */
  get faulty(): ReadonlySet<KeyId> {
    return new Set(this.#splits.keys());
  }

  /** The cosigned heads of a stream. */
  cosigned(stream: StreamName): readonly CosignedHead[] {
    this.#currentPolicy();
    return [...(this.#heads.get(stream) ?? NO_HEADS).values()].flat();
  }

  /** The newest line of each stream by a key. */
  linesOf(keyId: KeyId): readonly CosignedHead[] {
    this.#currentPolicy();
    return [...this.#heads.values()].flatMap((heads) => heads.get(keyId)?.[0] ?? []);
  }

  /** What this node's own region says, or a peer. Errors: `PROOF`, `REALM`, `LIMIT`, `KEY`. */
  take(said: Attestation, from: PeerIdentity | undefined, nowMs: number): void {
    const policy = this.#currentPolicy();
    if (policy === undefined) return;
    switch (said.kind) {
      case 'cosigned':
        return this.#cosigned(policy, said.head, from);
      case 'heartbeat': {
        const { heartbeat } = said;
        // Of a key that another charter has, or of one that does not count any more.
        if (policy.keys.get(heartbeat.keyId)?.region !== heartbeat.region) return;
        const news = noteHeartbeat(this.#book, policy, heartbeat, nowMs);
        if (news.kind !== 'new') return;
        if (!beatingRegions(this.#book, nowMs).includes(heartbeat.region)) this.#openAll();
        this.#book = news.book;
        return this.#relay(said, heartbeat.region, from);
      }
      case 'region-split':
        return this.#split(said.split, from);
    }
  }

  /** A frame of a peer. Errors: those of {@link take}. */
  frame(link: Link, frame: Exclude<AttestationFrame, LinesFrame>, nowMs: number): void {
    if (frame.kind !== 'cosigned-ask') return this.take(frame, link.peer, nowMs);
    const policy = this.#currentPolicy();
    if (policy === undefined) return;
    for (const stream of frame.streams) {
      const newest = newestHeads(this.#heads.get(stream) ?? NO_HEADS, policy, frame.regions);
      link.repairBudget.spend(0, 1 + newest.length);
      for (const head of newest) this.#parts.outbox.send(link, { kind: 'cosigned', head });
    }
  }

  /** A peer that greeted is told what is little; it asks for the rest, and so do we. */
  linkUp(link: Link): void {
    const { outbox } = this.#parts;
    // However often the others had to say that they lack it, this one was not asked.
    this.#asked.clear();
    for (const split of this.#splits.values()) outbox.send(link, { kind: 'region-split', split });
    for (const heartbeat of this.#book.values()) {
      outbox.send(link, { kind: 'heartbeat', heartbeat });
    }
  }

  /** Streams moved. */
  moved(streams: readonly StreamName[]): void {
    for (const stream of streams) {
      this.#open.add(stream);
      this.#asked.delete(stream);
    }
  }

  /** Asks the next peer for cosignatures that are missing. */
  tick(nowMs: number): void {
    const links = this.#parts.links.ready();
    const link = links[this.#turn++ % Math.max(1, links.length)];
    const policy = this.#currentPolicy();
    if (link === undefined || policy === undefined) return;
    const lacking = this.#incomplete(policy, nowMs);
    if (lacking.size === 0) return;
    const [streams, regions] = [[...lacking.keys()], [...new Set([...lacking.values()].flat())]];
    this.#parts.outbox.send(link, { kind: 'cosigned-ask', streams, regions });
  }

  /** Streams to ask for now, and the regions whose cosignatures each lacks. */
  #incomplete(policy: RegionPolicy, nowMs: number): Map<StreamName, readonly RegionName[]> {
    const lacking = new Map<StreamName, readonly RegionName[]>();
    if (this.#open.size === 0) return lacking;
    const expected = beatingRegions(this.#book, nowMs);
    for (const stream of [...this.#open].slice(0, LOOKED_AT_MAX)) {
      if (lacking.size === COSIGNED_ASK_MAX) break;
      this.#open.delete(stream);
      const row = this.#parts.replica.rows.rows.get(stream);
      const missing = row === undefined || row.forked ? [] : this.#missing(policy, row);
      if (missing.length === 0) {
        this.#asked.delete(stream);
        continue;
      }
      // To the end of the line.
      this.#open.add(stream);
      const { times, dueTurn } = this.#asked.get(stream) ?? { times: 0, dueTurn: 0 };
      const isExpected = missing.some((region) => expected.includes(region));
      if (!isExpected || dueTurn > this.#turn) continue;
      lacking.set(stream, missing);
      this.#asked.set(stream, { times: times + 1, dueTurn: this.#turn + this.#pauseAfter(times) });
    }
    return lacking;
  }

  /** All peers are asked in turn, and all again after a pause. */
  #pauseAfter(times: number): number {
    const peers = Math.max(1, this.#parts.links.ready().length);
    const isRound = (times + 1) % peers === 0;
    return isRound ? Math.min(ASK_PAUSE_MAX, 2 ** ((times + 1) / peers)) : 1;
  }

  /** Regions in the book that did not cosign this head, or a later one. */
  #missing(policy: RegionPolicy, { stream, sequence }: Row): readonly RegionName[] {
    const log = logOf(this.#parts.replica.durable, stream);
    const regions = new Set<RegionName>();
    for (const [keyId, [head]] of this.#heads.get(stream) ?? NO_HEADS) {
      const known = policy.keys.get(keyId);
      const isOfLog = head !== undefined && isSameLog(head.checkpoint, log);
      if (known && isOfLog && head.checkpoint.size >= sequence) regions.add(known.region);
    }
    return [...this.#book.keys()].filter((region) => !regions.has(region));
  }

  #cosigned(policy: RegionPolicy, head: CosignedHead, from: PeerIdentity | undefined): void {
    const { stream } = head.checkpoint;
    const known = keyOfLine(policy, head.line);
    // Of nothing that is held here, or by nobody known: asked for again when it matters.
    if (known === undefined || this.#parts.replica.rows.rows.get(stream) === undefined) return;
    const seen = observeCosignature(this.#heads.get(stream) ?? NO_HEADS, policy, head);
    switch (seen.kind) {
      case 'new':
        this.#heads.set(stream, seen.heads);
        return this.#relay({ kind: 'cosigned', head }, known.region, from);
      case 'held':
        return;
      case 'dropped':
        throw new KedgeError('PROOF', `a cosignature of region ${known.region} does not verify`);
      case 'split':
        return this.#split(seen.split, from);
    }
  }

  #split(split: SplitPair, from: PeerIdentity | undefined): void {
    const charter = this.#charter?.charter;
    if (charter === undefined) return;
    const everybody = regionPolicy(charter, 1);
    const known = keyOfLine(everybody, split.first.line);
    if (known === undefined) return;
    const proof = verifySplit(everybody, split);
    const held = this.#splits.get(proof.keyId);
    const kept = held === undefined ? proof : mergeSplits(held, proof);
    if (kept === held) return;
    this.#splits.set(proof.keyId, kept);
    this.#judgeAgain();
    if (held === undefined) this.#parts.outbox.notice({ kind: 'region-split', split: kept });
    this.#tellAll({ kind: 'region-split', split: kept }, from);
  }

  /** What speaks against a region is rare, and nobody should go without it. */
  #tellAll(said: Attestation, from: PeerIdentity | undefined): void {
    const { links, outbox } = this.#parts;
    outbox.emit({ kind: 'attested', said });
    for (const link of links.ready()) {
      if (link.nodeId !== from?.nodeId) outbox.send(link, said);
    }
  }

  #relay(said: Attestation, origin: RegionName, from: PeerIdentity | undefined): void {
    const { spread, outbox } = this.#parts;
    outbox.emit({ kind: 'attested', said });
    const news = { ...(from !== undefined && { from }), origin, acks: 'none' } as const;
    for (const link of spread.targets(news)) outbox.send(link, said);
  }

  /** Who counts by the durable charter; absent without charter or regions. */
  #currentPolicy(): RegionPolicy | undefined {
    const charter = currentCharter(this.#parts.replica.durable);
    if (charter === this.#charter) return this.#policy;
    this.#charter = charter;
    this.#judgeAgain();
    return this.#policy;
  }

  /** The charter or the faulty keys are others: forgets what does not count any more. */
  #judgeAgain(): void {
    const charter = this.#charter?.charter;
    this.#policy = undefined;
    if (charter === undefined || charter.regions.length === 0) return this.#forgetAll();
    const listed = regionPolicy(charter, 1);
    for (const keyId of this.#splits.keys()) {
      if (!listed.keys.has(keyId)) this.#splits.delete(keyId);
    }
    const policy = regionPolicy(charter, 1, this.faulty);
    this.#policy = policy;
    this.#book = new Map(
      [...this.#book].filter(([region, { keyId }]) => policy.keys.get(keyId)?.region === region),
    );
    for (const [stream, heads] of this.#heads) {
      const counting = [...heads].filter(([keyId]) => policy.keys.has(keyId));
      if (counting.length < heads.size) this.#heads.set(stream, new Map(counting));
    }
    this.#openAll();
  }

  #forgetAll(): void {
    this.#heads.clear();
    this.#splits.clear();
    this.#book = new Map();
  }

  #openAll(): void {
    this.moved([...this.#parts.replica.rows.rows.keys()]);
  }
}
