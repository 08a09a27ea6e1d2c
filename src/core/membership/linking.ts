/**
 * What it means for members that a link is there, was lost, or could not be made.
 *
 * Two that meet show their own records, and one of them its table. Whose link is lost is probed
 * next. A member that never showed itself here and cannot be reached is doubtful: its record may be
 * an invention of whoever passed it on. It counts for nothing until it shows itself.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import type { LinkId, PeerIdentity } from '../peer.ts';
import type { Comparison } from './comparison.ts';
import type { LinkTable, MemberLink } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { Own } from './own.ts';
import type { Prober } from './prober.ts';
import { observationOf } from './rumors.ts';
import type { Spreader } from './spreader.ts';
import type { MemberTable } from './table.ts';

/** What linking works with. */
export interface LinkingParts {
  readonly outbox: Outbox;
  readonly table: MemberTable;
  readonly links: LinkTable;
  readonly spreader: Spreader;
  readonly own: Own;
  readonly comparison: Comparison;
  readonly prober: Prober;
}

/** The coming and going of links. */
export class Linking {
  readonly #parts: LinkingParts;

  constructor(parts: LinkingParts) {
    this.#parts = parts;
  }

  up(linkId: LinkId, peer: PeerIdentity): void {
    const { outbox, table, links, spreader, own, comparison } = this.#parts;
    const link = links.add(linkId, peer);
    const member = table.get(peer.nodeId);
    if (member !== undefined) this.#reached(member, link);
    // Who comes back hears at once what is held against it.
    const observation = member === undefined ? undefined : observationOf(member);
    const observations = observation === undefined ? [] : [observation];
    outbox.send(linkId, { kind: 'members', updates: { members: [own.signed], observations } });
    if (own.nodeId < peer.nodeId) comparison.start(link);
    spreader.linked();
  }

  down(linkId: LinkId): void {
    const { table, links } = this.#parts;
    const link = links.drop(linkId);
    const member = link === undefined ? undefined : table.get(link.peer.nodeId);
    if (member !== undefined) this.#lost(member);
  }

  /** A dial to a member came to nothing. */
  failed(nodeId: NodeId): void {
    const member = this.#parts.table.get(nodeId);
    if (member !== undefined && member.link === undefined) this.#lost(member);
  }

  #lost(member: Member): void {
    this.#reached(member, undefined);
    this.#parts.prober.hurry(member);
  }

  #reached(member: Member, link: MemberLink | undefined): void {
    if (this.#parts.table.reached(member, link) === 'same' || !member.isAlive) return;
    this.#parts.outbox.emit({ kind: 'changed', member, before: member.state });
  }
}
