/**
 * What admins ask about proposals: hands them in, and says how they are.
 *
 * @module
 */
import type {
  ProposalAnswer,
  ProposalServices,
  ProposalStatus,
} from '../../core/admin/proposals.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Sha256 } from '../../core/ids.ts';
import { TEXT_MAX_CHARS } from '../../core/limits.ts';
import type { OpenProposal } from '../../core/proposals/entry.ts';
import { proposalEndsAtMs } from '../../core/proposals/judge.ts';
import type { EndedProposal, Proposal, Withdrawal } from '../../core/proposals/model.ts';
import type { Store } from '../../ports/store.ts';
import type { AuditProposals } from '../audit/audit-proposals.ts';
import type { Offers } from '../handing-in/offers.ts';
import type { Replicator } from '../replication/replicator.ts';

/** What they are answered from. */
export interface ProposalQueriesOptions {
  readonly replicator: Replicator;
  readonly store: Store;
  /** Keeps account of who asked what. */
  readonly audit: Pick<AuditProposals, 'asking'>;
}

/** Answers of one node. Errors of all also: `UNAVAILABLE` while the node holds back. */
export class ProposalQueries implements ProposalServices {
  readonly #options: ProposalQueriesOptions;

  constructor(options: ProposalQueriesOptions) {
    this.#options = options;
  }

  async propose(proposal: Proposal, by: string): Promise<ProposalStatus> {
    const { audit, replicator } = this.#options;
    const { statement } = proposal.document;
    const digest = await audit.asking(by, statement, () => replicator.offers.propose(proposal, by));
    return (await this.get(digest)).status;
  }

  async withdraw(withdrawal: Withdrawal, by: string): Promise<ProposalStatus> {
    const { audit, replicator } = this.#options;
    const digest = await audit.asking(by, withdrawal.statement, () =>
      replicator.offers.withdraw(withdrawal, by),
    );
    return (await this.get(digest)).status;
  }

  async list(): Promise<readonly ProposalStatus[]> {
    this.#options.replicator.requireServing();
    const { offers } = this.#options.replicator;
    const { open, ended } = offers.proposals;
    const sorted = open.map((one) => openStatus(one, offers)).toSorted(byPlace);
    return [...sorted, ...(await Promise.all(ended.map((one) => this.#endedStatus(one))))];
  }

  async get(digest: Sha256): Promise<ProposalAnswer> {
    this.#options.replicator.requireServing();
    const { offers } = this.#options.replicator;
    const { proposals } = offers;
    const found = proposals.find(digest);
    if (found !== undefined) return { status: openStatus(found, offers), proposal: found.proposal };
    const ended = proposals.ended.findLast((one) => one.digest === digest);
    if (ended !== undefined) return { status: await this.#endedStatus(ended) };
    throw new KedgeError('UNAVAILABLE', `this node knows of no proposal ${digest}`);
  }

  async #endedStatus({ end, by, ...place }: EndedProposal): Promise<ProposalStatus> {
    const { stream, sequence, digest } = place;
    const common = { ...place, ...(by !== undefined && { withdrawnBy: by }) };
    if (end !== 'taken') return { ...common, standing: end };
    const held = await this.#options.store.digestAt(stream, sequence);
    return { ...common, standing: held === digest ? 'published' : 'conflict' };
  }
}

function openStatus(
  { statement, signers }: OpenProposal,
  offers: Pick<Offers, 'refusalOf'>,
): ProposalStatus {
  const { stream, sequence, digest } = statement;
  const endsAtMs = proposalEndsAtMs(statement);
  const error = offers.refusalOf(digest);
  const refusal = error && {
    refusal: { code: error.code, reason: error.message.slice(0, TEXT_MAX_CHARS) },
  };
  return { stream, sequence, digest, standing: 'open', signers, endsAtMs, ...refusal };
}

function byPlace(a: ProposalStatus, b: ProposalStatus): number {
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.digest < b.digest ? -1 : 1;
}
