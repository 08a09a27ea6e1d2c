/**
 * How proposals are, as numbers: how many gather signatures, what they lack, and which end soon.
 *
 * @module
 */
import { missingSigners } from '../../core/proposals/electorate.ts';
import { proposalEndsAtMs } from '../../core/proposals/judge.ts';
import { currentCharter, type TrustedState } from '../../core/trusted/state.ts';
import type { MetricSample } from '../../ports/metrics.ts';
import type { Offers } from '../handing-in/offers.ts';

/** How long before its end a proposal is said to expire: a weekend and a day. */
export const EXPIRING_MS: number = 3 * 86_400_000;

/** What a node keeps, and by which charter it is judged. */
export interface KeptProposals {
  readonly durable: TrustedState;
  readonly offers: Pick<Offers, 'proposals' | 'refusalOf'>;
}

/** Reads what the node keeps. */
export function proposalSamples(
  { durable, offers }: KeptProposals,
  nowMs: number,
): readonly MetricSample[] {
  const charter = currentCharter(durable)?.charter;
  const { proposals } = offers;
  const { open } = proposals;
  const missing = open.map((one) => {
    if (charter === undefined || proposals.isComplete(one.statement.digest)) return 0;
    // Some need more than the role that usually carries them.
    return Math.max(1, missingSigners(charter, one));
  });
  const isExpiring = (endsAtMs: number): boolean => endsAtMs - nowMs <= EXPIRING_MS;
  const ends = open.map(({ statement }) => proposalEndsAtMs(statement));
  const refused = open.filter(({ statement }) => offers.refusalOf(statement.digest) !== undefined);
  return [
    { name: 'kedge_proposals_open', value: open.length },
    { name: 'kedge_proposals_expiring', value: ends.filter(isExpiring).length },
    { name: 'kedge_proposals_refused', value: refused.length },
    {
      name: 'kedge_proposals_signatures_missing',
      value: missing.reduce((sum, count) => sum + count, 0),
    },
  ];
}
