/**
 * Proposals of one process: handed in, kept on the disk beside the statements, and submitted when
 * they are complete, as `service/handing-in/offers.ts` does it.
 *
 * @module
 */
import { KedgeError } from '../../src/core/errors.ts';
import type { GossipEffect, GossipEvent, ProposeResult } from '../../src/core/gossip/events.ts';
import type { Proposal } from '../../src/core/proposals/model.ts';
import type { Scene } from '../world/scene.ts';
import type { Process } from './node.ts';

const KEEP_MS = 2;

type Effect = Extract<GossipEffect, { readonly kind: 'proposed' | 'keep-proposals' | 'complete' }>;

/** The process that keeps them. */
interface Keeper extends Pick<Process, 'host' | 'isAlive' | 'submit'> {
  handle(event: GossipEvent): void;
}

/** The proposals of one process. */
export class Keeping {
  readonly #scene: Pick<Scene, 'after' | 'coverage'>;
  readonly #keeper: Keeper;
  readonly #waiting: Map<number, (result: ProposeResult) => void> = new Map();
  #nextRequestId = 1;

  constructor(scene: Pick<Scene, 'after' | 'coverage'>, keeper: Keeper) {
    this.#scene = scene;
    this.#keeper = keeper;
  }

  propose(proposal: Proposal, done: (result: ProposeResult) => void): void {
    const requestId = this.#nextRequestId++;
    this.#waiting.set(requestId, done);
    this.#keeper.handle({ kind: 'propose', requestId, proposal });
  }

  perform(effect: Effect): void {
    switch (effect.kind) {
      case 'proposed': {
        const done = this.#waiting.get(effect.requestId);
        this.#waiting.delete(effect.requestId);
        return done?.(effect.result);
      }
      case 'complete':
        this.#scene.coverage.hit('completed');
        return this.#keeper.submit(effect, () => undefined);
      case 'keep-proposals':
        return this.#keep(effect);
    }
  }

  /** Carries a write out, unless the process dies before or the disk refuses. */
  #keep({ writeId, change }: Extract<Effect, { kind: 'keep-proposals' }>): void {
    const keeper = this.#keeper;
    const { host } = keeper;
    this.#scene.after(KEEP_MS, host.index, () => {
      if (!keeper.isAlive) return;
      if (host.diskFault('fails')) {
        const error = new KedgeError('STORE', 'the disk refuses', { detail: { reason: 'full' } });
        return keeper.handle({ kind: 'proposals-failed', writeId, error });
      }
      host.disk.keepProposals(change);
      keeper.handle({ kind: 'proposals-kept', writeId });
    });
  }
}
