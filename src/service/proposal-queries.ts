/**
 * What admins ask about proposals: hands them in, and says how they are.
 *
 * @module
 */
import type { ProposalAnswer, ProposalServices, ProposalStatus } from '../core/admin/proposals.ts';
import { KedgeError } from '../core/errors.ts';
import type { Sha256 } from '../core/ids.ts';
import type { OpenProposal } from '../core/proposals/entry.ts';
import { proposalEndsAtMs } from '../core/proposals/judge.ts';
import type { EndedProposal, Proposal, Withdrawal } from '../core/proposals/model.ts';
import type { Store } from '../ports/store.ts';
import type { Replicator } from './replicator.ts';

/** What they are answered from. */
export interface ProposalQueriesOptions {
  readonly replicator: Replicator;
  readonly store: Store;
}

/** Answers of one node. Errors of all also: `UNAVAILABLE` while the node holds back. */
export class ProposalQueries implements ProposalServices {
  readonly #options: ProposalQueriesOptions;

  constructor(options: ProposalQueriesOptions) {
    this.#options = options;
  }

  async propose(proposal: Proposal): Promise<ProposalStatus> {
    const digest = await this.#options.replicator.offers.propose(proposal);
    return (await this.get(digest)).status;
  }

  async withdraw(withdrawal: Withdrawal): Promise<ProposalStatus> {
    const digest = await this.#options.replicator.offers.withdraw(withdrawal);
    return (await this.get(digest)).status;
  }

  async list(): Promise<readonly ProposalStatus[]> {
    this.#options.replicator.requireServing();
    const { open, ended } = this.#options.replicator.offers.proposals;
    const sorted = open.map(openStatus).toSorted(byPlace);
    return [...sorted, ...(await Promise.all(ended.map((one) => this.#endedStatus(one))))];
  }

  async get(digest: Sha256): Promise<ProposalAnswer> {
    this.#options.replicator.requireServing();
    const { proposals } = this.#options.replicator.offers;
    const found = proposals.find(digest);
    if (found !== undefined) return { status: openStatus(found), proposal: found.proposal };
    const ended = proposals.ended.findLast((one) => one.digest === digest);
    if (ended !== undefined) return { status: await this.#endedStatus(ended) };
    throw new KedgeError('UNAVAILABLE', `this node knows of no proposal ${digest}`);
  }

  async #endedStatus({ end, by, ...place }: EndedProposal): Promise<ProposalStatus> {
    const { stream, sequence, digest } = place;
    const common = { ...place, signers: [], ...(by !== undefined && { withdrawnBy: by }) };
    if (end !== 'taken') return { ...common, standing: end };
    const held = await this.#options.store.digestAt(stream, sequence);
    return { ...common, standing: held === digest ? 'published' : 'conflict' };
  }
}

function openStatus({ statement, signers }: OpenProposal): ProposalStatus {
  const { stream, sequence, digest } = statement;
  const endsAtMs = proposalEndsAtMs(statement);
  return { stream, sequence, digest, standing: 'open', signers, endsAtMs };
}

function byPlace(a: ProposalStatus, b: ProposalStatus): number {
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.digest < b.digest ? -1 : 1;
}
