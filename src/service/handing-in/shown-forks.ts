/**
 * Forks that programs saw: two valid statements for one place, of which this node may not know.
 *
 * A thief may show one of them to a single program, which is then the only honest party that has
 * both. What it shows is bounded for each identity and for all of them together, and verified like
 * the evidence of a peer before anything rests on it; what is known already costs nothing. Who
 * shows what nobody signed made it up, or took it from a node without verifying it; but a program
 * that has other charters than this node, as it waits for regions to vouch for those that a
 * recovery brought, verified it by those.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { GossipEffect, GossipEvent, Recall } from '../../core/gossip/events.ts';
import { faultsOf } from '../../core/gossip/links/blame.ts';
import type { GossipMachine } from '../../core/gossip/machine.ts';
import { ProofShares, proofCost } from '../../core/gossip/replica/proof-shares.ts';
import type { Sha256 } from '../../core/ids.ts';
import { Budget } from '../../core/membership/budget.ts';
import { isKnownEvidence } from '../../core/trusted/accept.ts';
import { statementsOf } from '../../core/trusted/evidence.ts';
import { charterAt, type Evidence, forkOf } from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Judged } from '../replication/judged.ts';
import { Pending } from './pending.ts';

/** The program that shows something. */
export interface Shower {
  /** Its identity. */
  readonly id: string;
  /** The newest charter that it had when it came; absent: none, or it does not say. */
  readonly charter?: { readonly version: number; readonly digest: Sha256 };
}

/** What shown forks work with. */
export interface ShownForksParts {
  readonly machine: Pick<GossipMachine, 'verified'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What only the store knows and judging needs; absent: nothing is to be looked up. */
  readonly recall: (judged: Judged) => Promise<Recall> | undefined;
  readonly handle: (event: GossipEvent) => void;
  /** Errors: `UNAVAILABLE` while this node takes nothing. */
  readonly requireReady: () => void;
}

/** Signatures of programs with one identity: one proof of the largest kind, then one a minute. */
const PROGRAM_SHARE = { burst: 192, perSecond: 4 } as const;
/** Those of all programs together: a tenth of a core at worst. */
const ALL_SHARE = { burst: 1024, perSecond: 64 } as const;

/** The forks that programs show to one node. */
export class ShownForks {
  readonly #parts: ShownForksParts;
  readonly #judged: Pending<void> = new Pending();
  readonly #shares: ProofShares = new ProofShares(PROGRAM_SHARE);
  readonly #all: Budget = new Budget(ALL_SHARE.burst, ALL_SHARE.perSecond);

  constructor(parts: ShownForksParts) {
    this.#parts = parts;
  }

  /**
   * Takes in what a program shows. Errors: those of `acceptEvidence` that are its fault; everything
   * else that speaks against it, also that there is too much, is left.
   */
  async take(shower: Shower, evidence: Evidence): Promise<void> {
    const { machine, logger, recall, handle, requireReady } = this.#parts;
    const by = shower.id;
    if (isKnownEvidence(machine.verified, evidence) || !this.#hasRoom(by, evidence)) return;
    const { stream, sequence } = evidence;
    try {
      requireReady();
      const recalled = (await recall({ statement: evidence.first })) ?? {};
      requireReady();
      await this.#judged.wait((requestId) => {
        handle({ kind: 'fork-shown', requestId, by, evidence, recall: recalled });
      });
      logger.info({ event: 'fork.shown', client: by, stream, sequence }, 'a program saw a fork');
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      const fields = { event: 'fork.refused', client: by, stream, sequence, err } as const;
      logger.warn(fields, `a fork that a program shows is none: ${err.message}`);
      if (faultsOf(err) >= 1 && this.#hasOurCharters(shower)) throw err;
    }
  }

  perform({ requestId, error }: Extract<GossipEffect, { readonly kind: 'fork-judged' }>): void {
    if (error === undefined) this.#judged.answer(requestId, undefined);
    else this.#judged.refuse(requestId, error);
  }

  /** Nobody will answer any more. */
  abandon(error: KedgeError): void {
    this.#judged.abandon(error);
  }

  #hasOurCharters({ charter }: Shower): boolean {
    if (charter === undefined) return true;
    return charterAt(this.#parts.machine.verified, charter.version)?.digest === charter.digest;
  }

  #hasRoom(by: string, evidence: Evidence): boolean {
    const { machine, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const statements = statementsOf(evidence);
    const { stream } = evidence;
    const state = forkOf(machine.verified, stream) === undefined ? 'open' : 'stopped';
    if (!this.#shares.take(by, statements, { stream, state }, nowMs)) return false;
    return this.#all.take(proofCost(statements), nowMs);
  }
}
