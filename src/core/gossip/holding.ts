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
import type { Remembering } from './remembering.ts';
import type { Introduction, Repair } from './repair.ts';
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
  readonly remembering: Remembering;
}

/** The holding back of one node. */
export class Holding {
  readonly #parts: HoldingParts;
  /** What the peers were shown last. */
  #shownRoot: Sha256 | undefined;
  #shownStanding: Standing | undefined;
  #reason: string | undefined;
  /** What others say about the store. */
  #copy: 'unknown' | 'vouched' | 'doubted' | 'restored' = 'unknown';

  constructor(parts: HoldingParts) {
    this.#parts = parts;
  }

  /** Why nobody is served; absent when clients are. */
  get reason(): string | undefined {
    return this.#parts.serving.isServing ? undefined : (this.#reason ?? 'it is starting');
  }

  /** What a digest for this peer says beside the rows. */
  introduction(link: Link): Introduction {
    const { neighbours, dialer, remembering } = this.#parts;
    const others = neighbours.countBeside(link.nodeId) + dialer.silentSeeds;
    const said = { others, standing: this.#standing, written: remembering.written };
    const remembered = remembering.rememberedOf(link);
    if (remembered === 0) return { ...said, remembered };
    return { ...said, remembered, rememberedOf: link.hello.storeId };
  }

  /** A peer showed its digest. */
  shown(link: Link, digest: StoreDigest): void {
    const { serving, remembering, neighbours, dialer } = this.#parts;
    remembering.heard(link, digest);
    const seen = neighbours.around().known.size + dialer.silentSeeds;
    this.#judge(Math.max(seen, digest.others + 1));
    serving.shown(link.nodeId, digest);
  }

  /**
   * Called at a steady pace: the only node of a realm has nobody to vouch for it, and a new store
   * was shown to nobody.
   */
  tick(): void {
    const { neighbours, dialer, serving } = this.#parts;
    if (this.#copy !== 'unknown') return;
    if (serving.origin === 'new') this.#judge(0);
    else if (dialer.seeds === 'alone') this.#judge(neighbours.around().known.size);
  }

  /** Whether the store is the one that others were shown; `known` is the number of others. */
  #judge(known: number): void {
    const { serving, remembering, outbox } = this.#parts;
    if (!serving.isServing || this.#copy === 'restored') return;
    if (remembering.isContradicted(known)) {
      this.#copy = 'restored';
      serving.suspend();
      outbox.emit({ kind: 'renew' });
      const { claimants, written } = remembering;
      outbox.notice({ kind: 'restored', by: claimants, written });
    } else if (this.#copy === 'unknown' && remembering.isVouchedFor(known)) {
      this.#copy = 'vouched';
      outbox.emit({ kind: 'vouched' });
    } else if (this.#copy === 'unknown' && remembering.claimants.length > 0) {
      this.#copy = 'doubted';
      outbox.notice({ kind: 'doubted', by: remembering.claimants });
    }
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
