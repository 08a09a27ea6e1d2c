/**
 * The table of all members that a node knows, itself included.
 *
 * It decides which record of a member holds and which key a node id has: the first one that came,
 * until the member itself shows one on a link that its certificate authenticates; that one then
 * holds against all others. The table is bounded: a full one forgets who is gone, and for a member
 * with a confirmed key also one without; never the other way round, so a flood of invented members
 * cannot push out real ones. Rules MB-5 to MB-9.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import type { NodeId, RealmName, RegionName } from '../ids.ts';
import { MEMBERS_MAX } from '../limits.ts';
import type { PeerIdentity } from '../peer.ts';
import { MemberDigest } from './digest.ts';
import type { RememberedMember } from './events.ts';
import type { MemberLink } from './links.ts';
import { type KeyBinding, Member } from './member.ts';
import {
  equalMembers,
  type MemberRecord,
  peekMember,
  type SignedMember,
  verifyMember,
} from './record.ts';
import { isNewSoftware, type Software, type SoftwareSource, withSoftware } from './software.ts';
import { otherKey, otherRealm, otherRegion, tableFull } from './table-errors.ts';
import { compareRecords, type MemberState, type MemberView } from './view.ts';

/** What became of a record. */
export type Taken =
  /** It holds now. `before` is the state until now; absent for a new member. */
  | {
      readonly kind: 'news';
      readonly member: Member;
      readonly before?: MemberState;
      readonly key: 'same' | 'new';
      /** Who had to make room. */
      readonly evicted?: Member;
    }
  /** It holds already. */
  | { readonly kind: 'known'; readonly member: Member }
  /** It holds already, and came with news of the software. */
  | { readonly kind: 'software'; readonly member: Member }
  /** A later one holds. */
  | { readonly kind: 'old'; readonly member: Member }
  /** It is about this node itself, signed by its key, and not its last word. */
  | { readonly kind: 'self'; readonly record: MemberRecord }
  /** It tells of a member that is gone and was not known. */
  | { readonly kind: 'gone' };

/** Who brought a record. */
export interface Introduction {
  /** Whom the certificate of the link names; the member itself or somebody else. */
  readonly peer: PeerIdentity;
  /** Asked before a signature is checked. Errors: `LIMIT`, when too many were. */
  readonly pay: () => void;
}

/** Members by id. */
export class MemberTable {
  readonly #realm: RealmName;
  readonly #members: Map<NodeId, Member> = new Map();
  readonly #regions: Map<RegionName, number> = new Map();
  readonly #digest: MemberDigest = new MemberDigest();
  readonly #suspects: Set<Member> = new Set();
  readonly #doubtful: Set<Member> = new Set();
  readonly #membersMax: number;
  readonly self: Member;
  #version = 0;

  constructor(self: MemberView, nowMs: number, membersMax: number = MEMBERS_MAX) {
    this.#membersMax = membersMax;
    this.#realm = self.record.realm;
    this.self = new Member(self, 'confirmed', nowMs);
    this.#insert(this.self);
  }

  /** Counts the changes of alive members and their records. */
  get version(): number {
    return this.#version;
  }

  get digest(): MemberDigest {
    return this.#digest;
  }

  /** Alive members, suspects and this node included; those that are doubtful do not count. */
  get aliveCount(): number {
    let count = this.#digest.count;
    for (const member of this.#doubtful) if (member.isAlive) count -= 1;
    return count;
  }

  /** Says whether there are members that need another try: failed or doubtful ones. */
  get hasLost(): boolean {
    return this.#doubtful.size > 0 || this.size > this.#digest.count;
  }

  get size(): number {
    return this.#members.size;
  }

  get suspects(): ReadonlySet<Member> {
    return this.#suspects;
  }

  get(nodeId: NodeId): Member | undefined {
    return this.#members.get(nodeId);
  }

  /** All members, gone ones included. */
  values(): IterableIterator<Member> {
    return this.#members.values();
  }

  /** Alive members of a region; those that are doubtful do not count. */
  aliveIn(region: RegionName): number {
    let count = this.#regions.get(region) ?? 0;
    for (const member of this.#doubtful) {
      if (member.isAlive && member.region === region) count -= 1;
    }
    return count;
  }

  /** A link to a member is there, was lost, or could not be made. */
  reached(member: Member, link: MemberLink | undefined): 'same' | 'other-standing' {
    const before = member.isDoubtful;
    member.link = link;
    member.unreachable = link === undefined;
    if (member.isDoubtful) this.#doubtful.add(member);
    else this.#doubtful.delete(member);
    return before === member.isDoubtful ? 'same' : 'other-standing';
  }

  /**
   * Takes a record in; the table is unchanged after an error.
   *
   * Errors: those of `verifyMember`, `REALM`, `ACCESS` (a member's own words do not fit its
   * certificate), `LIMIT` (the table is full of better ones, or too many signatures), `CONFLICT`
   * (the node id has another key).
   */
  take(signed: SignedMember, { peer, pay }: Introduction, nowMs: number): Taken {
    const record = peekMember(signed);
    if (record.realm !== this.#realm) throw otherRealm(record, this.#realm);
    const held = this.#members.get(record.nodeId);
    if (held === this.self) return this.#takeSelf(signed, record, pay);
    const direct = peer.nodeId === record.nodeId;
    if (direct && peer.region !== record.region) throw otherRegion(record, peer);
    const source = direct ? 'itself' : 'others';
    if (held !== undefined && equalMembers(held.signed, signed)) {
      if (direct) held.binding = 'confirmed';
      return this.#note(held, signed, { source, pay });
    }
    const sameKey = held === undefined || equalBytes(held.record.publicKey, record.publicKey);
    if (held !== undefined && sameKey && compareRecords({ record, signed }, held) < 0) {
      return { kind: 'old', member: held };
    }
    if (!sameKey && !direct) throw otherKey(record);
    pay();
    verifyMember(signed);
    const binding = direct ? 'confirmed' : (held?.binding ?? 'first-seen');
    if (held === undefined) return this.#admit({ signed, record }, binding, nowMs);
    const before = held.state;
    held.binding = binding;
    const kept = withSoftware(signed, softwareOf(held, { signed, record }, source));
    this.#replace(held, { signed: kept, record, state: record.status }, nowMs);
    return { kind: 'news', member: held, before, key: sameKey ? 'same' : 'new' };
  }

  /** Takes in what this node remembered; nothing that is there already. Errors: as `take`. */
  restore({ signed, state, binding }: RememberedMember, nowMs: number): void {
    const record = verifyMember(signed);
    if (record.realm !== this.#realm) throw otherRealm(record, this.#realm);
    if (this.#members.has(record.nodeId)) return;
    if (this.size >= this.#membersMax) throw tableFull(this.#membersMax);
    const stands = record.status === 'left' ? 'left' : state;
    this.#insert(new Member({ signed, record, state: stands }, binding, nowMs));
  }

  /** This node has new words about itself. */
  restate(signed: SignedMember, record: MemberRecord, nowMs: number): void {
    this.#replace(this.self, { signed, record, state: record.status }, nowMs);
  }

  /** The member stands otherwise now, by what others or this node observed. */
  mark(member: Member, state: MemberState, nowMs: number): void {
    this.#replace(member, { signed: member.signed, record: member.record, state }, nowMs);
  }

  /** Forgets a member. */
  remove(member: Member): void {
    if (member.isAlive) this.#discount(member.record);
    this.#suspects.delete(member);
    this.#doubtful.delete(member);
    this.#members.delete(member.nodeId);
    member.isForgotten = true;
  }

  #note(
    member: Member,
    { software }: SignedMember,
    { source, pay }: { readonly source: SoftwareSource; readonly pay: () => void },
  ): Taken {
    if (!isNewSoftware(member.signed.software, software, source)) return { kind: 'known', member };
    pay();
    member.signed = withSoftware(member.signed, software);
    this.#version += 1;
    return { kind: 'software', member };
  }

  #takeSelf(signed: SignedMember, record: MemberRecord, pay: () => void): Taken {
    const { self } = this;
    if (record.incarnation < self.record.incarnation) return { kind: 'old', member: self };
    if (equalMembers(self.signed, signed)) return { kind: 'known', member: self };
    if (!equalBytes(self.record.publicKey, record.publicKey)) throw otherKey(record);
    pay();
    verifyMember(signed);
    return { kind: 'self', record };
  }

  #admit({ signed, record }: Omit<MemberView, 'state'>, binding: KeyBinding, nowMs: number): Taken {
    if (record.status === 'left') return { kind: 'gone' };
    const evicted = this.size < this.#membersMax ? undefined : this.#leastWorth(binding);
    if (evicted !== undefined) this.remove(evicted);
    if (this.size >= this.#membersMax) throw tableFull(this.#membersMax);
    const member = new Member({ signed, record, state: 'alive' }, binding, nowMs);
    this.#insert(member);
    const news: Taken = { kind: 'news', member, key: 'same' };
    return evicted === undefined ? news : { ...news, evicted };
  }

  /** Who makes room: the one gone longest, or else, for a confirmed member, one that is not. */
  #leastWorth(forWhom: KeyBinding): Member | undefined {
    let gone: Member | undefined;
    let doubtful: Member | undefined;
    for (const member of this.#members.values()) {
      if (!member.isAlive) {
        if (member.binding === 'confirmed' && forWhom === 'first-seen') continue;
        if (gone === undefined || isWorthLess(member, gone)) gone = member;
      } else if (member.binding === 'first-seen' && forWhom === 'confirmed') {
        if (doubtful === undefined || member.sinceMs > doubtful.sinceMs) doubtful = member;
      }
    }
    return gone ?? doubtful;
  }

  #insert(member: Member): void {
    this.#members.set(member.nodeId, member);
    if (member.isAlive) this.#count(member.record);
  }

  #replace(member: Member, view: MemberView, nowMs: number): void {
    const { isAlive, state } = member;
    const sameRecord = member.record === view.record;
    const aliveNow = view.state === 'alive' || view.state === 'suspect';
    if (isAlive && !(sameRecord && aliveNow)) this.#discount(member.record);
    member.signed = view.signed;
    member.record = view.record;
    member.state = view.state;
    if (state !== view.state) member.sinceMs = nowMs;
    if (aliveNow && !(sameRecord && isAlive)) this.#count(view.record);
    if (view.state === 'suspect') {
      this.#suspects.add(member);
    } else {
      this.#suspects.delete(member);
      member.suspicion = undefined;
    }
  }

  #count(record: MemberRecord): void {
    this.#version += 1;
    this.#digest.add(record);
    this.#regions.set(record.region, (this.#regions.get(record.region) ?? 0) + 1);
  }

  #discount(record: MemberRecord): void {
    this.#version += 1;
    this.#digest.remove(record);
    const left = (this.#regions.get(record.region) ?? 0) - 1;
    if (left > 0) this.#regions.set(record.region, left);
    else this.#regions.delete(record.region);
  }
}

/** What the node says, else what was known of the same process first: who passes it on may lie. */
function softwareOf(
  held: Member,
  { signed, record }: Pick<MemberView, 'signed' | 'record'>,
  source: SoftwareSource,
): Software | undefined {
  const known = held.record.bootId === record.bootId ? held.signed.software : undefined;
  return source === 'itself' ? (signed.software ?? known) : (known ?? signed.software);
}

function isWorthLess(a: Member, b: Member): boolean {
  if (a.binding !== b.binding) return a.binding === 'first-seen';
  return a.sinceMs < b.sinceMs;
}
