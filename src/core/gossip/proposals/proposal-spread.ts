/**
 * To whom news of proposals is passed on: the way of heartbeats, to those who take such frames.
 *
 * @module
 */
import type { RegionName } from '../../ids.ts';
import type { PeerIdentity } from '../../peer.ts';
import type { ProposalNews } from '../../proposals/frames.ts';
import type { BroughtBy } from '../../proposals/model.ts';
import type { Outbox } from '../outbox.ts';
import type { Spread } from '../replica/spread.ts';

/** Where news came from; without an origin it is an answer, and not passed on. */
export interface ProposalSource {
  readonly from?: PeerIdentity;
  readonly origin?: RegionName;
  /** The identity of the admin who brought it here. */
  readonly by?: string | undefined;
}

/** How it came, for whoever keeps an account of it. */
export function broughtBy({ from, by }: ProposalSource): BroughtBy {
  if (from !== undefined) return { via: 'peer', by: from.nodeId };
  return by === undefined ? { via: 'admin' } : { via: 'admin', by };
}

/** Passes news on. */
export class ProposalSpread {
  readonly #outbox: Outbox;
  readonly #spread: Spread;

  constructor(outbox: Outbox, spread: Spread) {
    this.#outbox = outbox;
    this.#spread = spread;
  }

  tell(news: ProposalNews, { from, origin }: ProposalSource): void {
    if (origin === undefined) return;
    // One object for all links: it is encoded once.
    const frame = { ...news, origin };
    const source = { ...(from && { from }), origin, acks: 'none' } as const;
    for (const link of this.#spread.targets(source)) {
      if (link.takesProposals) this.#outbox.send(link, frame);
    }
  }
}
