/**
 * What nodes say to each other about members, as plain values.
 *
 * The sender is known from the link; nothing else in a frame is. Records are signed by their
 * subject, observations by nobody: they can only make somebody look, or wait less long.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import type { SignedMember } from './record.ts';

/** What others say about a member that does not answer. */
export interface Observation {
  readonly nodeId: NodeId;
  /** The incarnation that it is about; another one is not meant. */
  readonly incarnation: number;
  readonly state: 'suspect' | 'failed';
  /** Who found out for themselves; from 1 to 3. */
  readonly by: readonly NodeId[];
}

/** News about members; rides on other frames, at most `PIGGYBACK_MAX_BYTES` of it. */
export interface Updates {
  /** At most `MEMBERS_PER_FRAME_MAX`. */
  readonly members: readonly SignedMember[];
  /** At most `OBSERVATIONS_PER_FRAME_MAX`. */
  readonly observations: readonly Observation[];
}

/** One line of a table that is compared. */
export interface MemberRow {
  readonly nodeId: NodeId;
  readonly incarnation: number;
  /** A suspect is still alive. */
  readonly state: 'alive' | 'failed' | 'left';
}

/** A frame about members. `sequence` is the asker's own number, given back in the answer. */
export type MembershipFrame =
  | { readonly kind: 'ping'; readonly sequence: number; readonly updates: Updates }
  | { readonly kind: 'ack'; readonly sequence: number; readonly updates: Updates }
  /** Please ping `target` and say how it went: `ack` or `nack`. */
  | { readonly kind: 'ping-req'; readonly sequence: number; readonly target: NodeId }
  | {
      readonly kind: 'nack';
      readonly sequence: number;
      /** `no-link`: this node never had a link to the target and knows nothing about it. */
      readonly reason: 'no-answer' | 'no-link';
    }
  | { readonly kind: 'members'; readonly updates: Updates }
  /** The summary of the alive members that the sender knows; an equal one ends the comparison. */
  | { readonly kind: 'member-digest'; readonly root: string; readonly count: number }
  /** The summary of each bucket: exactly `BUCKETS` unsigned 32-bit numbers. */
  | { readonly kind: 'member-buckets'; readonly sums: readonly number[] }
  /** All rows of the buckets that differ. */
  | {
      readonly kind: 'member-rows';
      readonly buckets: readonly number[];
      readonly rows: readonly MemberRow[];
    }
  | { readonly kind: 'member-want'; readonly nodeIds: readonly NodeId[] };

/** Nothing new: the one object that idle frames share. */
export const NO_UPDATES: Updates = { members: [], observations: [] };

/** Fields, lengths and signature around a record on the wire, bytes; rounded up. */
const RECORD_OVERHEAD_BYTES = 80;
/** The same around what a node runs. */
const SOFTWARE_OVERHEAD_BYTES = 12;
/** Fields, lengths and incarnation of an observation on the wire, bytes; rounded up. */
const OBSERVATION_OVERHEAD_BYTES = 16;

/** How much of a frame a record takes, bytes; an upper bound. */
export function memberBytes(signed: SignedMember): number {
  const { payload, software } = signed;
  const more = software === undefined ? 0 : software.version.length + SOFTWARE_OVERHEAD_BYTES;
  return payload.length + RECORD_OVERHEAD_BYTES + more;
}

/** How much of a frame an observation takes, bytes; an upper bound. */
export function observationBytes({ nodeId, by }: Observation): number {
  let bytes = OBSERVATION_OVERHEAD_BYTES + nodeId.length;
  for (const one of by) bytes += one.length + 2;
  return bytes;
}
