/**
 * Whether what a reader holds of one stream is known to be the newest: `fresh` while enough regions
 * said within the window that they hold nothing newer, `stale` otherwise.
 *
 * What is old is not wrong: a stale set stays in use. Counted is the time of the k-th newest
 * region, not a median: a reader cut off together with a minority would otherwise call itself fresh
 * on the word of that minority for ever. Spec section 8.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { KeyId, RegionName, Sha256, StreamName } from '../ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';
import { type HeadProof, verifyHead } from './heads.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { RegionPolicy } from './regions.ts';

/** What a reader holds of a stream. */
export interface HeldHead {
  readonly stream: StreamName;
  readonly sequence: number;
  readonly digest: Sha256;
  /** What lies below, as far as the reader knows it: of charters all, of what is shown that. */
  readonly below?: (sequence: number) => Sha256 | undefined;
  /** The reader waits for it by what this stream says, of which nothing newer may be there. */
  readonly by?: StreamName;
}

/** When each region last said that it holds nothing newer in one stream, and with which key. */
export type Attestations = ReadonlyMap<
  RegionName,
  { readonly keyId: KeyId; readonly timeSeconds: number }
>;

/** What a region's row means to a reader. */
export type RowVerdict =
  | { readonly kind: 'attested'; readonly attestations: Attestations }
  /** The region holds more: fetch it, then ask again. */
  | { readonly kind: 'behind'; readonly sequence: number }
  /** The region holds another statement for the reader's sequence. */
  | { readonly kind: 'conflict' }
  /** The region holds the proof of a fork. */
  | { readonly kind: 'forked' };

/** How fresh a stream is. */
export interface Freshness {
  readonly kind: 'fresh' | 'stale';
  /** The time of the k-th newest region; absent while fewer attested. */
  readonly quorumMs?: number;
  /** When a fresh stream is to be judged again, should nothing arrive. */
  readonly staleAtMs?: number;
  /** Whether `kind` is another one than before: what is reported is the turn, once. */
  readonly isTurn: boolean;
}

/**
 * Reads a region's row. The heartbeat is one of the book, hence verified.
 *
 * Errors: `TYPE` (the row of another stream), `PROOF`, `LIMIT`. Rules FR-1 and HB-2.
 */
export function attest(
  attestations: Attestations,
  heartbeat: Heartbeat,
  proof: HeadProof,
  held: HeldHead,
): RowVerdict {
  const { row } = proof;
  if (row.stream !== held.stream) {
    throw new KedgeError('TYPE', `a row of ${row.stream} says nothing about ${held.stream}`);
  }
  verifyHead(heartbeat.heads, proof);
  if (row.forked) return { kind: 'forked' };
  if (row.sequence > held.sequence) return { kind: 'behind', sequence: row.sequence };
  if (row.sequence === held.sequence && row.digest !== held.digest) return { kind: 'conflict' };
  const below = row.sequence < held.sequence ? held.below?.(row.sequence) : undefined;
  if (below !== undefined && below !== row.digest) return { kind: 'conflict' };
  const { region, keyId, timeSeconds } = heartbeat;
  return {
    kind: 'attested',
    attestations: new Map(attestations).set(region, { keyId, timeSeconds }),
  };
}

/**
 * Judges a stream at `nowMs`, the time of `readClock`. Regions and keys that the policy does not
 * have do not count, nor does what was said more than the clock skew from now on. Rules FR-2 and
 * FR-3.
 */
export function judgeFreshness(
  before: Freshness['kind'],
  attestations: Attestations,
  policy: RegionPolicy,
  { windowMs, nowMs }: { readonly windowMs: number; readonly nowMs: number },
): Freshness {
  const times = [...attestations]
    .filter(([region, { keyId }]) => policy.keys.get(keyId)?.region === region)
    .map(([, { timeSeconds }]) => 1000 * timeSeconds)
    .filter((timeMs) => timeMs <= nowMs + CLOCK_SKEW_MAX_MS)
    .sort((a, b) => b - a);
  const quorumMs = times[policy.threshold - 1];
  if (quorumMs === undefined) return { kind: 'stale', isTurn: before !== 'stale' };
  if (nowMs - quorumMs > windowMs) return { kind: 'stale', quorumMs, isTurn: before !== 'stale' };
  const staleAtMs = quorumMs + windowMs + 1;
  return { kind: 'fresh', quorumMs, staleAtMs, isTurn: before !== 'fresh' };
}

/** How fresh something is that two streams say. */
export function olderOf(before: Freshness['kind'], one: Freshness, other: Freshness): Freshness {
  const times = [one.quorumMs, other.quorumMs].filter((time) => time !== undefined);
  const quorum = times.length === 2 && { quorumMs: Math.min(...times) };
  if (one.kind === 'stale' || other.kind === 'stale') {
    return { kind: 'stale', ...quorum, isTurn: before !== 'stale' };
  }
  const ends = [one.staleAtMs, other.staleAtMs].filter((time) => time !== undefined);
  return { kind: 'fresh', ...quorum, staleAtMs: Math.min(...ends), isTurn: before !== 'fresh' };
}
