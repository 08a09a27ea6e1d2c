/**
 * One member in the table of a node.
 *
 * @module
 */
import type { NodeId, RegionName } from '../ids.ts';
import type { MemberLink } from './links.ts';
import type { MemberRecord, SignedMember } from './record.ts';
import type { Suspicion } from './suspicion.ts';
import type { MemberState, MemberView } from './view.ts';

/** How sure this node is that the key in the record is the member's. */
export type KeyBinding =
  /** It came first, from somebody else. */
  | 'first-seen'
  /** It came from the member itself on a link that its certificate authenticated. */
  | 'confirmed';

/** What a node knows about a member. Only the table changes record, state and binding. */
export class Member implements MemberView {
  signed: SignedMember;
  record: MemberRecord;
  state: MemberState;
  binding: KeyBinding;
  /** When the state began. */
  sinceMs: number;
  /** The ready link to it. */
  link: MemberLink | undefined;
  /** True when a link to it was lost, or could not be made; what that says: `LinkTable.misses`. */
  unreachable: boolean = false;
  /** Which attempt to reach it after it failed was the last one; 0 before the first. */
  rejoinTry: number = 0;
  /** True once the table does not hold it any more. */
  isForgotten: boolean = false;
  /** Who found that it does not answer; at most 3, kept when it failed. */
  accusers: readonly NodeId[] = [];
  /** Present while it is suspected. */
  suspicion: Suspicion | undefined;

  constructor(view: MemberView, binding: KeyBinding, sinceMs: number) {
    this.signed = view.signed;
    this.record = view.record;
    this.state = view.state;
    this.binding = binding;
    this.sinceMs = sinceMs;
  }

  get nodeId(): NodeId {
    return this.record.nodeId;
  }

  get region(): RegionName {
    return this.record.region;
  }

  /**
   * True when it never showed itself here and could not be reached: there may be nobody behind the
   * record, so it counts for nothing until a link to it comes up.
   */
  get isDoubtful(): boolean {
    return this.binding === 'first-seen' && this.unreachable;
  }

  /** True when it showed itself here, in this run or an earlier one. */
  get isMet(): boolean {
    return this.binding === 'confirmed' || this.link !== undefined;
  }

  /** True for alive and suspect: it counts, it is probed, it may be a relay. */
  get isAlive(): boolean {
    return this.state === 'alive' || this.state === 'suspect';
  }
}
