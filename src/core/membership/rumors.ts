/**
 * News about members on its way through the cluster.
 *
 * Each node sends each piece of news a bounded number of times, enough to reach everybody with high
 * probability (SWIM, section 4.1); what is missed is found by comparing tables. One rumor per
 * member: newer news replaces older. What is sent is what the table says at that moment.
 *
 * @module
 */
import { MEMBERS_PER_FRAME_MAX, OBSERVATIONS_PER_FRAME_MAX } from '../limits.ts';
import type { LinkId } from '../peer.ts';
import type { MembershipConfig } from './config.ts';
import {
  memberBytes,
  NO_UPDATES,
  type Observation,
  observationBytes,
  type Updates,
} from './frames.ts';
import type { MemberLink } from './links.ts';
import type { Member } from './member.ts';
import type { SignedMember } from './record.ts';
import type { MemberTable } from './table.ts';

/**
 * Records on their way at once. When hundreds of nodes start together, comparing tables brings each
 * record once, and rumors would bring it a dozen times.
 */
const RUMORS_MAX = 32;
/** How often one more accuser is passed on, beside what the suspicion has left. */
const MORE_SENDS = 3;

/** What is collected for one frame. */
class Batch {
  readonly members: SignedMember[] = [];
  readonly observations: Observation[] = [];
  #bytes: number;

  constructor(maxBytes: number) {
    this.#bytes = maxBytes;
  }

  get updates(): Updates {
    return { members: this.members, observations: this.observations };
  }

  add(member: Member): 'added' | 'full' {
    if (this.members.length === MEMBERS_PER_FRAME_MAX) return 'full';
    if (this.observations.length === OBSERVATIONS_PER_FRAME_MAX) return 'full';
    const observation = observationOf(member);
    const bytes =
      observation === undefined ? memberBytes(member.signed) : observationBytes(observation);
    if (bytes > this.#bytes) return 'full';
    this.#bytes -= bytes;
    if (observation === undefined) this.members.push(member.signed);
    else this.observations.push(observation);
    return 'added';
  }
}

/** One piece of news on its way. */
interface Rumor {
  /** How often it was sent here or came from elsewhere; it counts against the limit. */
  passed: number;
  /** The links over which it went, in whichever direction. */
  knownBy: Set<LinkId>;
}

/** The news that one node still sends. */
export class Rumors {
  readonly #config: MembershipConfig;
  readonly #table: MemberTable;
  /** In the order in which they are due. */
  readonly #rumors: Map<Member, Rumor> = new Map();

  constructor(config: MembershipConfig, table: MemberTable) {
    this.#config = config;
    this.#table = table;
  }

  get size(): number {
    return this.#rumors.size;
  }

  /** There is news about a member. */
  add(member: Member): void {
    this.#restart(member, 0);
    if (this.#rumors.size > RUMORS_MAX) this.#shed();
  }

  /** A little more is known than what was said already: it goes a little further. */
  addMore(member: Member): void {
    const passed = this.#rumors.get(member)?.passed ?? Number.POSITIVE_INFINITY;
    this.#restart(member, Math.min(passed, this.#limit() - MORE_SENDS));
  }

  /** A member was forgotten. */
  drop(member: Member): void {
    this.#rumors.delete(member);
  }

  /** A peer says what this node would have said to it: so much less to say to others. */
  heard(member: Member, from: LinkId): void {
    const rumor = this.#rumors.get(member);
    if (rumor !== undefined && !rumor.knownBy.has(from)) this.#pass(member, rumor, from);
  }

  /** Gives up what all of these links know. */
  settle(links: readonly MemberLink[]): void {
    for (const [member, { knownBy }] of this.#rumors) {
      if (links.every(({ linkId }) => knownBy.has(linkId))) this.#rumors.delete(member);
    }
  }

  /**
   * What fits into `maxBytes` and did not pass over this link before, least lately sent first;
   * `first` goes before all others and is not counted.
   */
  collect(linkId: LinkId, maxBytes: number, first?: Member): Updates {
    if (this.#rumors.size === 0 && first === undefined) return NO_UPDATES;
    const batch = new Batch(maxBytes);
    if (first !== undefined) batch.add(first);
    const taken: (readonly [Member, Rumor])[] = [];
    for (const [member, rumor] of this.#rumors) {
      if (member === first || rumor.knownBy.has(linkId)) continue;
      if (batch.add(member) === 'full') break;
      taken.push([member, rumor]);
    }
    for (const [member, rumor] of taken) {
      this.#rumors.delete(member);
      this.#rumors.set(member, rumor);
      this.#pass(member, rumor, linkId);
    }
    return batch.updates;
  }

  #restart(member: Member, passed: number): void {
    this.#rumors.delete(member);
    this.#rumors.set(member, { passed, knownBy: new Set() });
  }

  #pass(member: Member, rumor: Rumor, linkId: LinkId): void {
    rumor.knownBy.add(linkId);
    rumor.passed += 1;
    if (rumor.passed >= this.#limit()) this.#rumors.delete(member);
  }

  /** Gives up the record that waits longest; observations and the own record stay. */
  #shed(): void {
    for (const member of this.#rumors.keys()) {
      if (member === this.#table.self || observationOf(member) !== undefined) continue;
      this.#rumors.delete(member);
      return;
    }
  }

  #limit(): number {
    return this.#config.retransmitMult * Math.ceil(Math.log10(this.#table.aliveCount + 1));
  }
}

/** What this node says about a member that does not answer; nothing when its record says it all. */
export function observationOf(member: Member): Observation | undefined {
  const { state } = member;
  if (state !== 'suspect' && state !== 'failed') return undefined;
  const { nodeId, incarnation } = member.record;
  return { nodeId, incarnation, state, by: member.accusers };
}
