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
import type { MembershipConfig } from './config.ts';
import {
  memberBytes,
  NO_UPDATES,
  type Observation,
  observationBytes,
  type Updates,
} from './frames.ts';
import type { Member } from './member.ts';
import type { SignedMember } from './record.ts';
import type { MemberTable } from './table.ts';

/**
 * Records on their way at once. When hundreds of nodes start together, comparing tables brings each
 * record once, and rumors would bring it a dozen times.
 */
const RUMORS_MAX = 32;

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

/** The news that one node still sends. */
export class Rumors {
  readonly #config: MembershipConfig;
  readonly #table: MemberTable;
  /** How often each was sent; in the order in which they are due. */
  readonly #sent: Map<Member, number> = new Map();

  constructor(config: MembershipConfig, table: MemberTable) {
    this.#config = config;
    this.#table = table;
  }

  get size(): number {
    return this.#sent.size;
  }

  /** There is news about a member. */
  add(member: Member): void {
    this.#sent.delete(member);
    this.#sent.set(member, 0);
    if (this.#sent.size > RUMORS_MAX) this.#shed();
  }

  /** A member was forgotten. */
  drop(member: Member): void {
    this.#sent.delete(member);
  }

  /**
   * What fits into `maxBytes`, least lately sent first, counted as sent once; `first` goes before
   * all others and is not counted.
   */
  collect(maxBytes: number, first?: Member): Updates {
    if (this.#sent.size === 0 && first === undefined) return NO_UPDATES;
    const batch = new Batch(maxBytes);
    if (first !== undefined) batch.add(first);
    const taken: Member[] = [];
    for (const member of this.#sent.keys()) {
      if (member === first) continue;
      if (batch.add(member) === 'full') break;
      taken.push(member);
    }
    const limit = this.#limit();
    for (const member of taken) {
      const sent = (this.#sent.get(member) ?? 0) + 1;
      this.#sent.delete(member);
      if (sent < limit) this.#sent.set(member, sent);
    }
    return batch.updates;
  }

  /** Gives up the record that waits longest; observations and the own record stay. */
  #shed(): void {
    for (const member of this.#sent.keys()) {
      if (member === this.#table.self || observationOf(member) !== undefined) continue;
      this.#sent.delete(member);
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
