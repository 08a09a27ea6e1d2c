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
import { CountingRegions } from './counting-regions.ts';
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
import { requireCosigned } from './regions.ts';
import { type CosignedHeads, observeCosignature, type SplitPair } from './split.ts';

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
  readonly #who: CountingRegions;
  readonly #heads: Map<StreamName, CosignedHeads> = new Map();
  readonly #leaves: LeafBook = new LeafBook();
  readonly #said: Map<StreamName, Map<RegionName, Said>> = new Map();
  readonly #attestations: Map<StreamName, Attestations> = new Map();
  /** By what the newest of a stream is not due, where that is so. */
  readonly #by: Map<StreamName, StreamName | undefined> = new Map();
  #charters: readonly AcceptedCharter[] = [];
  #charter: AcceptedCharter | undefined;
  #book: HeartbeatBook = new Map();
  #clock: QuorumClock;

  constructor({ realm, threshold, localMs }: RegionViewOptions) {
    this.realm = realm;
    this.threshold = threshold;
    this.#who = new CountingRegions({ realm, threshold });
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
    return this.#who.faulty;
  }

  /** These are the charters; the last one says who counts. */
  govern(charters: readonly AcceptedCharter[]): void {
    this.#charters = charters;
    const charter = charters.at(-1);
    if (charter === this.#charter) return;
    this.#charter = charter;
    this.#who.govern(charter?.charter.regions ?? []);
    this.#forget();
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
    const policy = this.#who.all;
    if (policy === undefined) return 'held';
    const { stream } = checkpoint;
    let news: 'new' | 'held' = 'held';
    for (const line of lines) {
      const seen = observeCosignature(this.#heads.get(stream) ?? NO_HEADS, policy, {
        checkpoint,
        line,
      });
      if (seen.kind === 'new') this.#heads.set(stream, seen.heads);
      if (seen.kind === 'split' && this.#who.addSplit(seen.split) === 'new') this.#forget();
      if (seen.kind === 'new' || seen.kind === 'split') news = 'new';
    }
    // Only what somebody who counts has signed is worth remembering.
    if (this.#linesUnder(checkpoint).length > 0) this.#leaves.note({ checkpoint, ...leaf });
    return news;
  }

  /**
   * Takes a proof against a region in; one of a key that the charter does not list says nothing.
   * Errors: those of `verifySplit`. Rule CO-13.
   */
  takeSplit(split: SplitPair): 'new' | 'held' | 'unlisted' {
    const news = this.#who.takeSplit(split);
    if (news === 'new') this.#forget();
    return news;
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
    const policy = this.#who.all;
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
    const policy = this.#who.policy();
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
    const own = judgeFreshness(before, attestations, this.#who.policy(), window);
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
    if (!this.#who.isEnough) return;
    const quorumMs = quorumMedianMs(book, this.#who.policy());
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

  /** The charter or the faulty keys are others: what does not count any more goes. */
  #forget(): void {
    const keys = this.#who.all?.keys;
    if (keys === undefined) return;
    this.#book = new Map(
      [...this.#book].filter(([region, { keyId }]) => keys.get(keyId)?.region === region),
    );
    for (const [stream, heads] of this.#heads) {
      this.#heads.set(stream, new Map([...heads].filter(([keyId]) => keys.has(keyId))));
    }
  }
}

/** What a region said last of a stream. */
interface Said {
  readonly heartbeat: Heartbeat;
  readonly proof: HeadProof;
}
