/**
 * How much one peer may say: each kind of frame has a share, a burst and then a steady rate.
 *
 * A peer that says more is not cut off: its next frames are read later, which its own queue and the
 * flow control of the transport make it feel. Shares are per peer and not per link, so that a new
 * link brings no new burst. They are several times what a full node of the largest cluster causes
 * at its busiest, and small enough that a flood leaves most of a core to the others.
 *
 * @module
 */
import type { Received } from '../frames.ts';

/** What shares one budget. */
export type TrafficClass =
  | 'bytes'
  | 'statements'
  | 'repair'
  | 'attestations'
  | 'membership'
  | 'adoption'
  | 'proposals'
  | 'unknown';

interface Share {
  readonly burst: number;
  readonly perSecond: number;
}

/** Bytes, or what `unitsOf` counts. */
const SHARES = {
  bytes: { burst: 16 * 1024 * 1024, perSecond: 4 * 1024 * 1024 },
  // Judging one that is known costs some 0.05 ms.
  statements: { burst: 8000, perSecond: 4000 },
  // All rows of the largest store twice per comparison.
  repair: { burst: 40_000, perSecond: 20_000 },
  // Each new one costs a signature check.
  attestations: { burst: 10_000, perSecond: 2000 },
  // A whole view of the largest cluster, and then the news of one in a storm.
  membership: { burst: 8000, perSecond: 1000 },
  // Each new row costs a signature check; all of the largest cluster, then as in a rollout there.
  adoption: { burst: 8000, perSecond: 500 },
  // A few people sign a few drafts; each new signature costs a check.
  proposals: { burst: 8000, perSecond: 500 },
  // Passed over, so cheap; of a later version, so few are expected.
  unknown: { burst: 2000, perSecond: 200 },
} as const satisfies Record<TrafficClass, Share>;

/** What a peer has used up: its frames are read again in `waitMs`. */
export interface Excess {
  readonly what: TrafficClass;
  readonly waitMs: number;
}

/** The shares of one peer. */
export class Traffic {
  /** What is left of each; below zero it is owed. */
  readonly #left: Map<TrafficClass, number> = new Map();
  #filledAtMs: number | undefined;

  /** Counts a frame; says what it used up, when it did. */
  took(frame: Received, bytes: number, nowMs: number): Excess | undefined {
    this.#fill(nowMs);
    const [what, units] = unitsOf(frame);
    return worse(this.#spend('bytes', bytes), this.#spend(what, units));
  }

  #fill(nowMs: number): void {
    const sinceMs = Math.max(0, nowMs - (this.#filledAtMs ?? nowMs));
    this.#filledAtMs = nowMs;
    for (const [what, left] of this.#left) {
      const { burst, perSecond } = SHARES[what];
      const filled = left + (sinceMs * perSecond) / 1000;
      if (filled >= burst) this.#left.delete(what);
      else this.#left.set(what, filled);
    }
  }

  #spend(what: TrafficClass, units: number): Excess | undefined {
    const { burst, perSecond } = SHARES[what];
    const left = (this.#left.get(what) ?? burst) - units;
    this.#left.set(what, left);
    return left >= 0 ? undefined : { what, waitMs: Math.ceil((-left / perSecond) * 1000) };
  }
}

function worse(a: Excess | undefined, b: Excess | undefined): Excess | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.waitMs >= b.waitMs ? a : b;
}

/** The share that a frame is of, and how much of it. */
// eslint-disable-next-line complexity -- one case per kind of frame
function unitsOf(frame: Received): readonly [TrafficClass, number] {
  if (frame === 'unknown') return ['unknown', 1];
  switch (frame.kind) {
    case 'push':
    case 'held':
      return ['statements', 1];
    case 'fork':
      return ['statements', 8];
    case 'digest':
    case 'rows-ask':
      return ['repair', 1];
    case 'tree':
      return ['repair', 1 + frame.nodes.length];
    case 'rows':
      return ['repair', 1 + frame.rows.rows.length + frame.rows.buckets.length];
    case 'cosigned':
    case 'heartbeat':
    case 'region-split':
      return ['attestations', 1];
    case 'cosigned-ask':
      return ['attestations', 1 + frame.streams.length];
    case 'lines-ask':
      return ['attestations', 1 + frame.ranges.length];
    case 'lines':
      return ['attestations', 1 + frame.heads.length];
    case 'ping':
    case 'ack':
    case 'members': {
      const { members, observations } = frame.updates;
      return ['membership', 1 + members.length + observations.length];
    }
    case 'member-rows':
      return ['membership', 1 + frame.rows.length];
    case 'adoption-rows':
      return ['adoption', 1 + frame.rows.length];
    case 'adoption-vector':
      return ['adoption', 1 + frame.versions.length];
    case 'adoption-digest':
    case 'arrivals':
      return ['adoption', 1];
    case 'proposal':
      return ['proposals', 1 + frame.proposal.document.statement.signatures.length];
    case 'proposal-signed':
      return ['proposals', 1 + frame.statement.signatures.length];
    case 'proposal-withdrawn':
      return ['proposals', 1 + frame.withdrawal.statement.signatures.length];
    case 'proposal-vector':
      return ['proposals', 1 + frame.versions.length];
    case 'proposal-digest':
      return ['proposals', 1];
    case 'member-want':
      return ['membership', 1 + frame.nodeIds.length];
    case 'hello':
    case 'ping-req':
    case 'nack':
    case 'member-digest':
    case 'member-buckets':
      return ['membership', 1];
  }
}
