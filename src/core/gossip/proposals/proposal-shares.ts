/**
 * How much of what peers say about proposals a node verifies: what is too much is dropped, and
 * found again when the two compare.
 *
 * Known signatures cost nothing. Any others are checked, of which a peer may make as many as it
 * likes; a proposal with a valid one also has its body read. So each peer has a share, as for
 * proofs of forks (`proof-shares.ts`), and its link is read on.
 *
 * @module
 */
import type { Signer } from '../../charter/model.ts';
import { type PublicKey, verifyCost } from '../../crypto.ts';
import type { NodeId } from '../../ids.ts';
import { PEERS_MAX, VERIFY_COST_MAX } from '../../limits.ts';
import { Budget } from '../../membership/budget.ts';
import type { ProposalNews } from '../../proposals/frames.ts';
import type { SignedStatement } from '../../statements/envelope.ts';

/** Checks (SIG-5), and blocks of a body, of one peer: a second of work, and then 6 % of a core. */
const PEER_SHARE = { burst: 1024, perSecond: 64 } as const;
const BODY_UNIT_BYTES = 4096;

/** What is left of the shares. */
export class ProposalShares {
  readonly #peers: Map<NodeId, Budget> = new Map();

  /** Says whether news of a peer is verified now, with the keys of these signers. */
  take(from: NodeId, news: ProposalNews, signers: readonly Signer[], monotonicMs: number): boolean {
    // What costs more than all of a share takes all of it.
    const cost = Math.min(costOf(news, signers), PEER_SHARE.burst);
    return this.#shareOf(from).take(cost, monotonicMs);
  }

  /** Who is forgotten has its whole share again, which is bounded too. */
  #shareOf(nodeId: NodeId): Budget {
    const known = this.#peers.get(nodeId);
    if (known !== undefined) return known;
    if (this.#peers.size >= PEERS_MAX) this.#peers.clear();
    const share = new Budget(PEER_SHARE.burst, PEER_SHARE.perSecond);
    this.#peers.set(nodeId, share);
    return share;
  }
}

/** The statement that news is about, with the signatures that came. */
export function statementIn(news: ProposalNews): SignedStatement {
  switch (news.kind) {
    case 'proposal':
      return news.proposal.document.statement;
    case 'proposal-signed':
      return news.statement;
    case 'proposal-withdrawn':
      return news.withdrawal.statement;
  }
}

function costOf(news: ProposalNews, signers: readonly Signer[]): number {
  const signatures = checksCost(statementIn(news), signers);
  if (news.kind !== 'proposal') return 1 + signatures;
  const { document, blobs } = news.proposal;
  const bytes = blobs.reduce((sum, { length }) => sum + length, document.body.length);
  return 1 + signatures + Math.ceil(bytes / BODY_UNIT_BYTES);
}

/** SIG-5: each key that is named, once; the other signatures with all keys, up to the bound. */
function checksCost({ signatures }: SignedStatement, signers: readonly Signer[]): number {
  const keys = new Map<string, PublicKey>(
    signers.flatMap(({ keys }) => keys.map((key) => [key.keyId, key])),
  );
  const all = Array.from(keys.values(), verifyCost).reduce((sum, cost) => sum + cost, 0);
  let named = 0;
  let others = 0;
  for (const { keyId } of signatures) {
    const key = keys.get(keyId);
    if (key === undefined) others += all;
    else named += verifyCost(key);
    keys.delete(keyId);
  }
  return named + Math.min(others, VERIFY_COST_MAX);
}
