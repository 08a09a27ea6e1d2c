/**
 * Takes in what peers say about members.
 *
 * A record is judged by itself: one bad record in a frame does not keep the others out. Signature
 * checks are rationed per link, so that no peer makes this node work for nothing.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { MEMBERS_PER_FRAME_MAX, OBSERVATIONS_PER_FRAME_MAX } from '../limits.ts';
import type { Updates } from './frames.ts';
import type { Judge } from './judge.ts';
import type { LinkTable, MemberLink } from './links.ts';
import type { Outbox } from './outbox.ts';
import type { Own } from './own.ts';
import type { SignedMember } from './record.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable, Taken } from './table.ts';

/** What intake works with. */
export interface IntakeParts {
  readonly outbox: Outbox;
  readonly table: MemberTable;
  readonly links: LinkTable;
  readonly spreader: Spreader;
  readonly own: Own;
  readonly judge: Judge;
}

/** The way of news into the table. */
export class Intake {
  readonly #outbox: Outbox;
  readonly #table: MemberTable;
  readonly #links: LinkTable;
  readonly #spreader: Spreader;
  readonly #own: Own;
  readonly #judge: Judge;

  constructor({ outbox, table, links, spreader, own, judge }: IntakeParts) {
    this.#outbox = outbox;
    this.#table = table;
    this.#links = links;
    this.#spreader = spreader;
    this.#own = own;
    this.#judge = judge;
  }

  /** Errors: `LIMIT` (a list is too long, or the link has used up its signature checks). */
  take(link: MemberLink, { members, observations }: Updates, nowMs: number): void {
    requireAtMost(members.length, MEMBERS_PER_FRAME_MAX, 'member records');
    requireAtMost(observations.length, OBSERVATIONS_PER_FRAME_MAX, 'observations');
    let spent: KedgeError | undefined;
    const pay = (): void => {
      if (link.verify.take(1, nowMs)) return;
      spent = new KedgeError('LIMIT', 'a peer brings member records too fast; try again later');
      throw spent;
    };
    for (const signed of members) {
      try {
        this.#settle(link, this.#table.take(signed, { peer: link.peer, pay }, nowMs), nowMs);
      } catch (thrown) {
        if (spent !== undefined) throw spent;
        const error = KedgeError.from(thrown);
        const { linkId, peer } = link;
        this.#outbox.notice({ kind: 'refused', linkId, from: peer.nodeId, error });
      }
    }
    for (const observation of observations) this.#judge.hear(link, observation, nowMs);
  }

  #settle(link: MemberLink, taken: Taken, nowMs: number): void {
    switch (taken.kind) {
      case 'known':
        return this.#spreader.heard(taken.member, link);
      case 'software':
        return this.#spreader.tell(taken.member);
      case 'gone':
        return;
      case 'self':
        return this.#own.meet(taken.record, nowMs);
      case 'old':
        // Somebody speaks of itself with less than is known: it restarted without its memory.
        if (taken.member.nodeId === link.peer.nodeId) this.#remind(link, taken.member.signed);
        return;
      case 'news':
        return this.#spread(taken);
    }
  }

  #spread(taken: Extract<Taken, { readonly kind: 'news' }>): void {
    const { member, before, evicted } = taken;
    if (evicted !== undefined) {
      this.#spreader.forget(evicted);
      this.#outbox.emit({ kind: 'removed', member: evicted });
    }
    member.link = this.#links.to(member.nodeId);
    this.#outbox.emit(
      before === undefined ? { kind: 'changed', member } : { kind: 'changed', member, before },
    );
    if (taken.key === 'new') {
      this.#outbox.notice({ kind: 'new-key', nodeId: member.nodeId });
    }
    this.#spreader.tell(member);
  }

  #remind(link: MemberLink, signed: SignedMember): void {
    const updates = { members: [signed], observations: [] };
    this.#outbox.send(link.linkId, { kind: 'members', updates });
  }
}

/** Errors: `LIMIT`. */
export function requireAtMost(count: number, max: number, what: string): void {
  if (count <= max) return;
  throw new KedgeError('LIMIT', `a frame has ${count} ${what}; at most ${max} are allowed`, {
    detail: { count, max },
  });
}
