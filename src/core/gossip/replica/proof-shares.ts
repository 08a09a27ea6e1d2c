/**
 * How many proofs of forks a node verifies: what is too much is dropped, and only that.
 *
 * A proof that tells nothing new is known by its digests and costs nothing. Any other needs the
 * signatures of two statements checked, of which a peer may make as many as it likes, each as
 * costly as a few hundred pushes. So each peer has a share of signatures; and since who can sign
 * twice can sign on, with smaller digests each time, a stream that has stopped takes few more
 * proofs. What was dropped comes again: as long as two nodes hold different proofs their roots
 * differ, and repair tells of them. The link is read on, so that a peer that has many proofs is not
 * taken for dead.
 *
 * @module
 */
import type { StreamName } from '../../ids.ts';
import { PEERS_MAX, STREAMS_MAX } from '../../limits.ts';
import { Budget } from '../../membership/budget.ts';
import type { SignedStatement } from '../../statements/envelope.ts';

/** Signatures beside proofs of one peer: at worst half a second of work, and then 6 % of a core. */
const PEER_SHARE = { burst: 512, perSecond: 64 } as const;
/** Proofs that replace the one of a stream. */
const STREAM_SHARE = { burst: 8, perSecond: 1 } as const;

/** A share of signatures: so many at once, and then so many per second. */
export interface ProofShare {
  readonly burst: number;
  readonly perSecond: number;
}

/** What is left of the shares. */
export class ProofShares {
  readonly #share: ProofShare;
  readonly #senders: Map<string, Budget> = new Map();
  readonly #streams: Map<StreamName, Budget> = new Map();

  /** `share`: that of each sender; a peer's by default. */
  constructor(share: ProofShare = PEER_SHARE) {
    this.#share = share;
  }

  /** Says whether a proof, or what would be a part of one, is verified now. */
  take(
    from: string,
    statements: readonly SignedStatement[],
    at: { readonly stream: StreamName; readonly state: 'open' | 'stopped' },
    monotonicMs: number,
  ): boolean {
    const sender = shareOf(this.#senders, from, this.#share, PEERS_MAX);
    if (!sender.take(proofCost(statements), monotonicMs)) return false;
    if (at.state === 'open') return true;
    return shareOf(this.#streams, at.stream, STREAM_SHARE, STREAMS_MAX).take(1, monotonicMs);
  }
}

/** What a proof takes of a share: its signatures; one that has none costs a look all the same. */
export function proofCost(statements: readonly SignedStatement[]): number {
  return Math.max(
    1,
    statements.reduce((count, one) => count + one.signatures.length, 0),
  );
}

/** Who is forgotten has its whole share again, which is bounded too. */
function shareOf<Key>(
  shares: Map<Key, Budget>,
  key: Key,
  { burst, perSecond }: ProofShare,
  max: number,
): Budget {
  const known = shares.get(key);
  if (known !== undefined) return known;
  if (shares.size >= max) shares.clear();
  const share = new Budget(burst, perSecond);
  shares.set(key, share);
  return share;
}
