/**
 * What admins offer a node: documents to accept, proposals, withdrawals; each answered when the
 * machine says that it is durable. What programs show is beside it.
 *
 * A proposal that has all its signatures is submitted from here like any other document, with what
 * only the store knows beside it. docs/proposals.md.
 *
 * @module
 */
import type { SubmitReceipt } from '../../core/admin/messages.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { GossipEffect, GossipEvent, Recall } from '../../core/gossip/events.ts';
import type { GossipMachine } from '../../core/gossip/machine.ts';
import type { Sha256 } from '../../core/ids.ts';
import type { Proposal, Withdrawal } from '../../core/proposals/model.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store } from '../../ports/store.ts';
import type { Judged } from '../replication/judged.ts';
import { Pending } from './pending.ts';
import type { PolicyGate } from './policy-gate.ts';
import { ShownForks } from './shown-forks.ts';

/** What offers work with. */
export interface OffersParts {
  readonly machine: Pick<GossipMachine, 'proposals' | 'verified'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: Pick<Store, 'keepProposals'>;
  /** Judges by the rules of the charter. */
  readonly gate: Pick<PolicyGate, 'check'>;
  /** What only the store knows and judging needs; absent: nothing is to be looked up. */
  readonly recall: (judged: Judged) => Promise<Recall> | undefined;
  readonly handle: (event: GossipEvent) => void;
  /** Errors: `UNAVAILABLE` while this node takes no offers. */
  readonly requireReady: () => void;
  /** Work that is to be awaited before the node is closed. */
  readonly track: (work: Promise<void>) => void;
}

/** The effects that answer offers, or follow from them. */
export type OfferEffect = Extract<
  GossipEffect,
  {
    readonly kind: 'reply' | 'proposed' | 'keep-proposals' | 'complete' | 'fork-judged';
  }
>;

/** The offers to one node. */
export class Offers {
  /** The forks that programs saw. */
  readonly forks: ShownForks;
  readonly #parts: OffersParts;
  readonly #submits: Pending<SubmitReceipt> = new Pending();
  readonly #proposed: Pending<Sha256> = new Pending();
  /** Why proposals that have all their signatures were not taken, last time. */
  readonly #refusals: Map<Sha256, KedgeError> = new Map();
  readonly #attempts: Map<Sha256, Promise<SubmitReceipt>> = new Map();

  constructor(parts: OffersParts) {
    this.#parts = parts;
    this.forks = new ShownForks(parts);
  }

  /** What gathers signatures. */
  get proposals(): GossipMachine['proposals'] {
    return this.#parts.machine.proposals;
  }

  /**
   * Offers a document; see `Replicator.submit`. A refusal for the reason that was `told` is not
   * reported again.
   */
  async submit(
    document: SignedDocument,
    blobs: readonly Uint8Array[],
    told?: string,
  ): Promise<SubmitReceipt> {
    const { gate, recall, handle, requireReady } = this.#parts;
    requireReady();
    await gate.check(document, blobs, 'submission', told);
    const finding = recall(document);
    // Not awaited when there is nothing to find: the state must not move on meanwhile.
    const recalled = finding === undefined ? {} : await finding;
    // What had another place before it may follow the head by now, and was judged by no rule.
    if (finding !== undefined) await gate.check(document, blobs, 'submission', told);
    requireReady();
    return await this.#submits.wait((requestId) => {
      handle({ kind: 'submit', requestId, document, blobs, recall: recalled, told });
    });
  }

  /** Why a proposal that has all its signatures is not published; absent: nothing is known. */
  refusalOf(digest: Sha256): KedgeError | undefined {
    return this.proposals.isComplete(digest) ? this.#refusals.get(digest) : undefined;
  }

  /**
   * Proposes a document or adds signatures to a proposal; resolves when that is durable, and with
   * the last signature when the document is accepted. Errors: those of `judgeProposal`, `LIMIT`
   * (no room), `STORE`, `UNAVAILABLE`; those of {@link submit}.
   */
  async propose(proposal: Proposal, by?: string): Promise<Sha256> {
    const { gate, handle, requireReady } = this.#parts;
    requireReady();
    await gate.check(proposal.document, proposal.blobs, 'signing');
    requireReady();
    const digest = await this.#proposed.wait((requestId) => {
      handle({ kind: 'propose', requestId, proposal, by });
    });
    const open = this.proposals.find(digest)?.proposal;
    if (open !== undefined && this.proposals.isComplete(digest)) {
      await this.#complete(digest, open);
    }
    return digest;
  }

  /** Hands a withdrawal in; resolves when it is durable. Errors: those of `verifyWithdrawal`. */
  async withdraw(withdrawal: Withdrawal, by?: string): Promise<Sha256> {
    const { handle, requireReady } = this.#parts;
    requireReady();
    return await this.#proposed.wait((requestId) => {
      handle({ kind: 'withdraw', requestId, withdrawal, by });
    });
  }

  perform(effect: OfferEffect): void {
    const { track } = this.#parts;
    switch (effect.kind) {
      case 'reply': {
        const { requestId, result } = effect;
        if (result.kind === 'refused') this.#submits.refuse(requestId, result.error);
        else this.#submits.answer(requestId, result);
        return;
      }
      case 'proposed': {
        const { requestId, result } = effect;
        if (result.kind === 'refused') this.#proposed.refuse(requestId, result.error);
        else this.#proposed.answer(requestId, result.digest);
        return;
      }
      case 'fork-judged':
        return this.forks.perform(effect);
      case 'keep-proposals':
        return track(this.#keep(effect));
      case 'complete':
        return track(
          this.#complete(sha256(effect.document.statement.payload), effect).then(
            () => undefined,
            // Reported where it is judged; the machine tries again.
            () => undefined,
          ),
        );
    }
  }

  /** Nobody will answer any more. */
  abandon(error: KedgeError): void {
    this.#submits.abandon(error);
    this.#proposed.abandon(error);
    this.forks.abandon(error);
  }

  async #keep({
    writeId,
    change,
  }: Extract<OfferEffect, { kind: 'keep-proposals' }>): Promise<void> {
    const { store, handle } = this.#parts;
    try {
      await store.keepProposals(change);
      handle({ kind: 'proposals-kept', writeId });
    } catch (thrown) {
      handle({ kind: 'proposals-failed', writeId, error: KedgeError.from(thrown) });
    }
  }

  /** Hands a proposal in that has all its signatures; one attempt at a time. Errors: of submit. */
  #complete(digest: Sha256, proposal: Proposal): Promise<SubmitReceipt> {
    const running = this.#attempts.get(digest);
    if (running !== undefined) return running;
    const attempt = this.#attempt(digest, proposal);
    this.#attempts.set(digest, attempt);
    return attempt;
  }

  async #attempt(digest: Sha256, { document, blobs }: Proposal): Promise<SubmitReceipt> {
    for (const known of this.#refusals.keys()) {
      if (this.proposals.find(known) === undefined) this.#refusals.delete(known);
    }
    try {
      const receipt = await this.submit(document, blobs, this.#refusals.get(digest)?.message);
      this.#refusals.delete(digest);
      return receipt;
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#refusals.set(digest, error);
      throw error;
    } finally {
      this.#attempts.delete(digest);
    }
  }
}
