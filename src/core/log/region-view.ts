/**
 * What one reader knows of what regions attest: who counts, which heads they cosigned, what they
 * said last of each stream, and what time it is by them.
 *
 * The reader demands k of the n regions of its charter. Two questions are answered: may this
 * statement come into use (k regions cosigned a log that ends with it), and is what is in use known
 * to be the newest (k regions said so within a window). Everything is verified when it comes, and
 * what does not verify changes nothing. Memory is bounded by the streams followed, times the keys
 * of the charter. Spec section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { KeyId, RealmName, RegionName, StreamName } from '../ids.ts';
import { logOf } from '../trusted/decisions.ts';
import type { AcceptedCharter } from '../trusted/state.ts';
import type { AttestedRows, CosignedLeaf } from './attested.ts';
import { requireRealm } from './checkpoint.ts';
import {
  advanceClock,
  type ClockReading,
  type QuorumClock,
  readClock,
  startClock,
} from './clock.ts';
import {
  type Attestations,
  attest,
  type Freshness,
  type HeldHead,
  judgeFreshness,
  olderOf,
} from './freshness.ts';
import type { HeadProof } from './heads.ts';
import type { Heartbeat } from './heartbeat.ts';
import { type HeartbeatBook, noteHeartbeat, quorumMedianMs } from './heartbeat-book.ts';
import { LeafBook, type LoggedStatement, type LogPlace } from './leaf-book.ts';
import { isSameLog } from './log-name.ts';
import { type RegionPolicy, regionPolicy, requireCosigned } from './regions.ts';
import {
  type CosignedHeads,
  mergeSplits,
  observeCosignature,
  type RegionSplit,
  type SplitPair,
  verifySplit,
} from './split.ts';

const NO_HEADS: CosignedHeads = new Map();
const NO_ATTESTATIONS: Attestations = new Map();

/** What a {@link RegionView} begins with. */
export interface RegionViewOptions {
  readonly realm: RealmName;
  /** How many regions must agree, from 1. */
  readonly threshold: number;
  /** The local time. */
  readonly localMs: number;
}

/** The attestations that one reader knows. */
export class RegionView {
  readonly realm: RealmName;
  /** How many regions must agree. */
  readonly threshold: number;
  readonly #splits: Map<KeyId, RegionSplit> = new Map();
  readonly #heads: Map<StreamName, CosignedHeads> = new Map();
  readonly #leaves: LeafBook = new LeafBook();
  readonly #said: Map<StreamName, Map<RegionName, Said>> = new Map();
  readonly #attestations: Map<StreamName, Attestations> = new Map();
  /** By what the newest of a stream is not due, where that is so. */
  readonly #by: Map<StreamName, StreamName | undefined> = new Map();
  #charters: readonly AcceptedCharter[] = [];
  #charter: AcceptedCharter | undefined;
  /** Everybody who counts; absent without regions. */
  #counting: RegionPolicy | undefined;
  #book: HeartbeatBook = new Map();
  #clock: QuorumClock;

  constructor({ realm, threshold, localMs }: RegionViewOptions) {
    this.realm = realm;
    this.threshold = threshold;
    this.#clock = startClock(0, localMs);
  }

  /** Goes on from the floor that an earlier run stored. */
  restore(floorMs: number, localMs: number): void {
    if (floorMs > this.#clock.floorMs) this.#clock = startClock(floorMs, localMs);
  }

  /** The latest quorum time; to be kept over restarts. Rule FR-5. */
  get floorMs(): number {
    return this.#clock.floorMs;
  }

  /** Keys that signed two roots. Rule CO-10. */
  get faulty(): ReadonlySet<KeyId> {
    return new Set(this.#splits.keys());
  }

  /** These are the charters; the last one says who counts. */
  govern(charters: readonly AcceptedCharter[]): void {
    this.#charters = charters;
    const charter = charters.at(-1);
    if (charter === this.#charter) return;
    this.#charter = charter;
    this.#judgeAgain();
  }

  /** The time to judge by. Rules FR-6 and FR-7. */
  read(localMs: number): ClockReading {
    const reading = readClock(this.#clock, localMs);
    this.#clock = reading.clock;
    return reading;
  }

  /**
   * Takes a cosigned head in. Lines of strangers, and lines that do not verify, are left out; says
   * whether any line was new. Errors: `REALM`.
   */
  takeCosigned({ checkpoint, lines, ...leaf }: CosignedLeaf): 'new' | 'held' {
    requireRealm(checkpoint, this.realm);
    const policy = this.#counting;
    if (policy === undefined) return 'held';
    const { stream } = checkpoint;
    let news: 'new' | 'held' = 'held';
    for (const line of lines) {
      const seen = observeCosignature(this.#heads.get(stream) ?? NO_HEADS, policy, {
        checkpoint,
        line,
      });
      if (seen.kind === 'new') this.#heads.set(stream, seen.heads);
      if (seen.kind === 'split') this.#addSplit(seen.split);
      if (seen.kind === 'new' || seen.kind === 'split') news = 'new';
    }
    // Only what somebody who counts has signed is worth remembering.
    if (this.#linesUnder(checkpoint).length > 0) this.#leaves.note({ checkpoint, ...leaf });
    return news;
  }

  /** Takes a proof against a region in. Errors: those of `verifySplit`. Rule CO-13. */
  takeSplit(split: SplitPair): void {
    const charter = this.#charter?.charter;
    if (charter === undefined || charter.regions.length === 0) return;
    this.#addSplit(verifySplit(regionPolicy(charter, 1), split));
  }

  /**
   * Takes a heartbeat in, with its rows of the streams that the reader follows; `held` is what it
   * has of them. One of a key that does not count says nothing here.
   *
   * Errors: those of `verifyHeartbeat` and `verifyHead`; `TYPE` (a stream that is not followed).
   */
  takeHeartbeat(
    { heartbeat, rows }: AttestedRows,
    held: ReadonlyMap<StreamName, HeldHead | undefined>,
    localMs: number,
  ): 'new' | 'held' {
    const policy = this.#counting;
    if (policy?.keys.get(heartbeat.keyId)?.region !== heartbeat.region) return 'held';
    const { nowMs } = this.read(localMs);
    const news = noteHeartbeat(this.#book, policy, heartbeat, nowMs);
    if (news.kind === 'old') return 'held';
    for (const head of held.values()) if (head !== undefined) this.#by.set(head.stream, head.by);
    const verdicts = rows.map((proof) => this.#verdict(heartbeat, proof, held));
    if (news.kind === 'new') this.#advance(news.book, localMs);
    for (const [proof, attestations] of verdicts) {
      const { stream } = proof.row;
      const said = this.#said.get(stream) ?? new Map<RegionName, Said>();
      this.#said.set(stream, said.set(heartbeat.region, { heartbeat, proof }));
      if (attestations !== undefined) this.#attestations.set(stream, attestations);
    }
    return news.kind;
  }

  /** What the reader has of a stream is another release now. */
  moved(held: HeldHead): void {
    this.#by.set(held.stream, held.by);
    for (const { heartbeat, proof } of this.#said.get(held.stream)?.values() ?? []) {
      const before = this.#attestations.get(held.stream) ?? NO_ATTESTATIONS;
      const verdict = attest(before, heartbeat, proof, held);
      if (verdict.kind === 'attested') this.#attestations.set(held.stream, verdict.attestations);
    }
  }

  /**
   * Requires that enough regions cosigned a log of the stream that ends with this statement, or one
   * that holds it, where a rollout says that it is due all the same.
   *
   * Errors: `POLICY` (the charter has fewer regions than are demanded), `QUORUM`. Rules CO-17 and
   * DW-14.
   */
  requireCosigned(logged: LoggedStatement, place: LogPlace = 'last'): void {
    const policy = this.#policy();
    const { stream, sequence } = logged;
    let refusal: KedgeError | undefined;
    const log = logOf({ realm: this.realm, charters: this.#charters }, stream);
    // The newest head may have few lines yet where one before it has enough.
    for (const { checkpoint } of this.#leaves.find(logged, place, log)) {
      try {
        requireCosigned(policy, checkpoint, this.#linesUnder(checkpoint));
        return;
      } catch (thrown) {
        refusal ??= KedgeError.from(thrown);
      }
    }
    if (refusal !== undefined) throw refusal;
    const needed = this.threshold;
    throw new KedgeError(
      'QUORUM',
      `0 of ${needed} needed regions cosigned ${stream} at ${sequence}`,
      { detail: { stream, size: sequence, needed, cosigned: [] } },
    );
  }

  /** How fresh a stream is. Errors: `POLICY`. Rules FR-2, FR-3 and DW-18. */
  judge(
    stream: StreamName,
    before: Freshness['kind'],
    window: { readonly windowMs: number; readonly nowMs: number },
  ): Freshness {
    const attestations = this.#attestations.get(stream) ?? NO_ATTESTATIONS;
    const own = judgeFreshness(before, attestations, this.#policy(), window);
    const by = this.#by.get(stream);
    return by === undefined ? own : olderOf(before, own, this.judge(by, before, window));
  }

  /** What a heartbeat's row comes to; no attestations when it is ahead of the reader. */
  #verdict(
    heartbeat: Heartbeat,
    proof: HeadProof,
    held: ReadonlyMap<StreamName, HeldHead | undefined>,
  ): readonly [HeadProof, Attestations | undefined] {
    const { stream } = proof.row;
    if (!held.has(stream)) throw new KedgeError('TYPE', `${stream} is not followed here`);
    const before = this.#attestations.get(stream) ?? NO_ATTESTATIONS;
    const nothing = { stream, sequence: 0, digest: proof.row.digest };
    const verdict = attest(before, heartbeat, proof, held.get(stream) ?? nothing);
    return [proof, verdict.kind === 'attested' ? verdict.attestations : undefined];
  }

  #advance(book: HeartbeatBook, localMs: number): void {
    this.#book = book;
    const charter = this.#charter?.charter;
    if (charter === undefined || charter.regions.length < this.threshold) return;
    const quorumMs = quorumMedianMs(book, this.#policy());
    if (quorumMs !== undefined) this.#clock = advanceClock(this.#clock, quorumMs, localMs);
  }

  #linesUnder(head: CosignedLeaf['checkpoint']): CosignedLeaf['lines'] {
    const { size, root } = head;
    return [...(this.#heads.get(head.stream) ?? NO_HEADS).values()]
      .flat()
      .filter(({ checkpoint }) => checkpoint.size === size && checkpoint.root === root)
      .filter(({ checkpoint }) => isSameLog(checkpoint, head))
      .map(({ line }) => line);
  }

  #addSplit(split: RegionSplit): void {
    const held = this.#splits.get(split.keyId);
    this.#splits.set(split.keyId, held === undefined ? split : mergeSplits(held, split));
    if (held === undefined) this.#judgeAgain();
  }

  /** The charter or the faulty keys are others. */
  #judgeAgain(): void {
    const charter = this.#charter?.charter;
    this.#counting = undefined;
    if (charter === undefined || charter.regions.length === 0) return;
    const counting = regionPolicy(charter, 1, this.faulty);
    this.#counting = counting;
    this.#book = new Map(
      [...this.#book].filter(([region, { keyId }]) => counting.keys.get(keyId)?.region === region),
    );
  }

  /** Errors: `POLICY`. */
  #policy(): RegionPolicy {
    const regions = this.#charter?.charter.regions ?? [];
    const charter = { realm: this.realm, regions };
    return regionPolicy(charter, this.threshold, this.faulty);
  }
}

/** What a region said last of a stream. */
interface Said {
  readonly heartbeat: Heartbeat;
  readonly proof: HeadProof;
}
