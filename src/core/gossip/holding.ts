/**
 * Holds a node back until `serving.ts` says that it may serve: nothing is for clients, all the rest
 * goes on, and comparing with others is hurried.
 *
 * @module
 */
import type { Sha256 } from '../ids.ts';
import type { Dialer } from './dialer.ts';
import type { GossipEffect } from './events.ts';
import type { Fetching } from './fetching.ts';
import type { Standing, StoreDigest } from './frames.ts';
import type { Link, LinkTable } from './links.ts';
import type { Neighbours } from './neighbours.ts';
import type { Outbox } from './outbox.ts';
import type { Repair } from './repair.ts';
import type { Replica } from './replica.ts';
import type { Serving } from './serving.ts';

/** What it works with. */
export interface HoldingParts {
  readonly serving: Serving;
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly neighbours: Neighbours;
  readonly dialer: Dialer;
  readonly replica: Replica;
  readonly fetching: Fetching;
  readonly repair: Repair;
}

/** The holding back of one node. */
export class Holding {
  readonly #parts: HoldingParts;
  /** What the peers were shown last. */
  #shownRoot: Sha256 | undefined;
  #shownStanding: Standing | undefined;
  #reason: string | undefined;

  constructor(parts: HoldingParts) {
    this.#parts = parts;
  }

  /** Why nobody is served; absent when clients are. */
  get reason(): string | undefined {
    return this.#parts.serving.isServing ? undefined : (this.#reason ?? 'it is starting');
  }

  /** What a digest for this peer says beside the rows. */
  introduction({ nodeId }: Link): Pick<StoreDigest, 'others' | 'standing'> {
    const { neighbours, dialer } = this.#parts;
    const others = neighbours.countBeside(nodeId) + dialer.silentSeeds;
    return { others, standing: this.#standing };
  }

  /** A peer showed its digest. */
  shown(link: Link, digest: StoreDigest): void {
    this.#parts.serving.shown(link.nodeId, digest);
  }

  /** Called after each event: hurries, and ends holding back when it is time. */
  review(): void {
    const { serving, outbox, replica, neighbours, dialer } = this.#parts;
    if (serving.isServing) return;
    serving.moved(replica.rows.root);
    const around = neighbours.around();
    const { compared } = serving;
    const { seeds, silentSeeds } = dialer;
    if (!serving.begins({ ...around, seeds, silentSeeds })) {
      this.#showAll();
      const [held, known] = [compared.length, around.known.size].map(String);
      const reason = `it has compared its store with ${held} of the ${known} nodes that it knows`;
      if (reason !== this.#reason) outbox.notice({ kind: 'holding-back', reason });
      this.#reason = reason;
      return;
    }
    outbox.emit({ kind: 'serve', state: replica.durable, streams: [] });
    outbox.notice({ kind: 'serving', compared });
    this.#showAll();
  }

  /** What clients must not see yet is kept from them. */
  screen(effects: readonly GossipEffect[]): readonly GossipEffect[] {
    if (this.#parts.serving.isServing) return effects;
    return effects.map((effect) =>
      effect.kind === 'serve' ? { ...effect, kind: 'hold' as const } : effect,
    );
  }

  get #standing(): Standing {
    const { serving, dialer } = this.#parts;
    if (serving.isServing) return 'serving';
    return dialer.seeds === 'seeking' ? 'seeking' : 'holding';
  }

  /** Shows what is new about this node to everybody, once nothing more is on its way. */
  #showAll(): void {
    const { links, replica, fetching, repair } = this.#parts;
    const { root } = replica.rows;
    const standing = this.#standing;
    const isBusy = replica.isWriting || fetching.isBusy;
    if (standing !== 'serving' && isBusy) return;
    if (root === this.#shownRoot && standing === this.#shownStanding) return;
    this.#shownRoot = root;
    this.#shownStanding = standing;
    for (const link of links.ready()) repair.show(link, 'answer');
  }
}
