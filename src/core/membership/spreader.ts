/**
 * Sends news to a few links at a time for as long as there is some.
 *
 * News also rides on pings and their answers; this carries it further within a second, so that a
 * suspected member hears of it while it can still answer. Costs nothing when there is no news.
 *
 * @module
 */
import { PIGGYBACK_MAX_BYTES } from '../limits.ts';
import type { LinkId } from '../peer.ts';
import type { MembershipConfig } from './config.ts';
import type { MembershipTimer } from './events.ts';
import type { Updates } from './frames.ts';
import type { LinkTable, MemberLink } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { Rumors } from './rumors.ts';

/** What one frame of news carries, bytes. */
const SPREAD_MAX_BYTES = 4 * 1024;
const TIMER: MembershipTimer = { name: 'member-spread' };

/** Owns the rumors of a node. */
export class Spreader {
  readonly #config: MembershipConfig;
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #rumors: Rumors;
  readonly #random: () => number;
  #armed = false;

  constructor(
    config: MembershipConfig,
    outbox: Outbox,
    links: LinkTable,
    rumors: Rumors,
    random: () => number,
  ) {
    this.#config = config;
    this.#outbox = outbox;
    this.#links = links;
    this.#rumors = rumors;
    this.#random = random;
  }

  /** Tells the cluster how a member stands. */
  tell(member: Member): void {
    this.#rumors.add(member);
    this.#arm();
  }

  /** Tells the cluster a little more about a suspicion that it knows. */
  tellMore(member: Member): void {
    this.#rumors.addMore(member);
    this.#arm();
  }

  /** A peer told this node what this node would have told others. */
  heard(member: Member, { linkId }: MemberLink): void {
    this.#rumors.heard(member, linkId);
  }

  forget(member: Member): void {
    this.#rumors.drop(member);
  }

  /** What a ping or its answer carries on a link; news about `about` goes first. */
  piggyback(linkId: LinkId, about?: Member): Updates {
    return this.#rumors.collect(linkId, PIGGYBACK_MAX_BYTES, about);
  }

  /** A link came up: news that waited for one can go. */
  linked(): void {
    if (this.#rumors.size > 0) this.#arm();
  }

  timer(): void {
    this.#armed = false;
    const { list } = this.#links;
    const count = Math.min(this.#config.spreadFanout, list.length);
    const start = Math.floor(this.#random() * list.length);
    for (let i = 0; i < count && this.#rumors.size > 0; i += 1) {
      // Links at equal distances from a random one: distinct, and any of them.
      const link = list[(start + Math.floor((i * list.length) / count)) % list.length];
      if (link === undefined) continue;
      const updates = this.#rumors.collect(link.linkId, SPREAD_MAX_BYTES);
      if (updates.members.length + updates.observations.length === 0) continue;
      this.#outbox.send(link.linkId, { kind: 'members', updates });
    }
    if (list.length > 0) this.#rumors.settle(list);
    if (this.#rumors.size > 0) this.#arm();
  }

  #arm(): void {
    if (this.#armed || this.#links.list.length === 0) return;
    this.#armed = true;
    this.#outbox.arm(TIMER, this.#config.spreadIntervalMs);
  }
}
