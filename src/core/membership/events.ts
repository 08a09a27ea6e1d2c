/**
 * What the membership machine is told (events) and what it asks for (effects), as plain data.
 *
 * Times are monotonic: a step of the wall clock must not show in `nowMs`.
 *
 * @module
 */
import type { KedgeError } from '../errors.ts';
import type { NodeId } from '../ids.ts';
import type { LinkId, PeerIdentity } from '../peer.ts';
import type { MembershipFrame } from './frames.ts';
import type { KeyBinding } from './member.ts';
import type { SignedMember } from './record.ts';
import type { MemberState, MemberView } from './view.ts';

/** The machine's timers; arming one again replaces it. */
export type MembershipTimer =
  /** The clock of the machine: probes, and all that is done once in a while. */
  | { readonly name: 'member-probe' }
  /** News is sent to a few links; armed while there is some. */
  | { readonly name: 'member-spread' }
  /** Somebody asked this node to try for them; armed while such a try is open. */
  | { readonly name: 'member-help' }
  /** A failed member is dialled again; independent of how slow this node thinks it is. */
  | { readonly name: 'member-rejoin' };

/** What happened. */
export type MembershipEvent =
  | { readonly kind: 'start' }
  /** A link is ready in both directions; its certificate says who the peer is. */
  | { readonly kind: 'link-up'; readonly linkId: LinkId; readonly peer: PeerIdentity }
  | { readonly kind: 'link-down'; readonly linkId: LinkId }
  /** The topology or a `dial` effect wanted this member, and it could not be reached. */
  | { readonly kind: 'dial-failed'; readonly nodeId: NodeId }
  | { readonly kind: 'frame'; readonly linkId: LinkId; readonly frame: MembershipFrame }
  | { readonly kind: 'timer'; readonly timer: MembershipTimer }
  /** The driver saw its event loop stand still for so long. */
  | { readonly kind: 'late'; readonly lateMs: number }
  /** From `core/topology`: the relays of the own region, and who should have a link here. */
  | {
      readonly kind: 'relays';
      readonly nodeIds: readonly NodeId[];
      /** Absent: everybody. */
      readonly wanted?: ReadonlySet<NodeId>;
    }
  /** This node leaves; it answers, but neither probes nor judges any more. */
  | { readonly kind: 'leave' };

/** Something that an operator should see; the driver logs and counts it. */
export type MembershipNotice =
  /** A peer sent what it must not send, or too much; nothing of it was kept. */
  | {
      readonly kind: 'refused';
      readonly linkId: LinkId;
      readonly from: NodeId;
      readonly error: KedgeError;
    }
  /** A remembered member was not taken back: its record is damaged or of another realm. */
  | { readonly kind: 'forgotten'; readonly error: KedgeError }
  /** The member itself shows another key than the one known until now. */
  | { readonly kind: 'new-key'; readonly nodeId: NodeId }
  /** Another process with this node's id and key keeps speaking. */
  | { readonly kind: 'duplicate'; readonly bootId: string };

/** What the driver has to do. */
export type MembershipEffect =
  | { readonly kind: 'send'; readonly linkId: LinkId; readonly frame: MembershipFrame }
  | { readonly kind: 'arm'; readonly timer: MembershipTimer; readonly delayMs: number }
  /** A member is new (`before` absent) or stands otherwise; read what it is now from `member`. */
  | { readonly kind: 'changed'; readonly member: MemberView; readonly before?: MemberState }
  /** A member is forgotten. */
  | { readonly kind: 'removed'; readonly member: MemberView }
  /** This node's own record is a new one: keep its incarnation for the next start. */
  | { readonly kind: 'self'; readonly signed: SignedMember }
  /** Try once to reach a failed member; say `dial-failed` when it does not work. */
  | { readonly kind: 'dial'; readonly nodeId: NodeId; readonly address: string }
  | { readonly kind: 'notice'; readonly notice: MembershipNotice };

/** What a node remembers of a member across restarts. */
export interface RememberedMember {
  readonly signed: SignedMember;
  readonly state: 'alive' | 'failed' | 'left';
  readonly binding: KeyBinding;
}

/** What a node remembers across restarts. */
export interface MembershipSnapshot {
  /** This node's last incarnation. */
  readonly incarnation: number;
  readonly members: readonly RememberedMember[];
}
