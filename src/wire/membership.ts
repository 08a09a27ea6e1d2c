/**
 * What nodes say about members: messages ⇄ the values of `core/membership/frames.ts`.
 *
 * Records stay bytes here: the membership machine parses and verifies them. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import { encodeHex } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { parseNodeId } from '../core/ids.ts';
import {
  MEMBER_MAX_BYTES,
  MEMBERS_MAX,
  MEMBERS_PER_FRAME_MAX,
  OBSERVATIONS_PER_FRAME_MAX,
  SIGNATURE_MAX_BYTES,
} from '../core/limits.ts';
import { BUCKETS } from '../core/membership/digest.ts';
import {
  type MemberRow,
  type MembershipFrame,
  NO_UPDATES,
  type Observation,
  type Updates,
} from '../core/membership/frames.ts';
import type { SignedMember } from '../core/membership/record.ts';
import { checkSoftware } from '../core/membership/software.ts';
import { decodeBytes, decodeUint, encodeHexBytes, requireCount, requireMessage } from './fields.ts';
import type { FrameInput, FrameOutput } from './gen/kedge/v1/Frame.ts';
import type { MemberBucketsOutput } from './gen/kedge/v1/MemberBuckets.ts';
import type { MemberDigestOutput } from './gen/kedge/v1/MemberDigest.ts';
import type { MemberRowInput, MemberRowOutput } from './gen/kedge/v1/MemberRow.ts';
import type { MemberRowsOutput } from './gen/kedge/v1/MemberRows.ts';
import type { MemberUpdatesInput, MemberUpdatesOutput } from './gen/kedge/v1/MemberUpdates.ts';
import type { ObservationInput, ObservationOutput } from './gen/kedge/v1/Observation.ts';
import type { SignedMemberOutput } from './gen/kedge/v1/SignedMember.ts';

const ROOT_BYTES = 8;
const OBSERVERS_MAX = 3;
const ROW_STATES = {
  MEMBER_STATE_ALIVE: 'alive',
  MEMBER_STATE_FAILED: 'failed',
  MEMBER_STATE_LEFT: 'left',
} as const;
const STATE_NAMES = {
  alive: 'MEMBER_STATE_ALIVE',
  failed: 'MEMBER_STATE_FAILED',
  left: 'MEMBER_STATE_LEFT',
} as const;

/** The members of a frame's oneof that are about members. */
type MembershipMember =
  | 'ping'
  | 'ack'
  | 'pingRequest'
  | 'nack'
  | 'members'
  | 'memberDigest'
  | 'memberBuckets'
  | 'memberRows'
  | 'memberWant';

/** Reads the membership frame that a message holds. */
export function decodeMembership(frame: FrameOutput, member: MembershipMember): MembershipFrame {
  switch (member) {
    case 'ping': {
      const { sequence, updates } = requireMessage(frame.ping, 'ping');
      return { kind: 'ping', sequence: decodeAsk(sequence), updates: decodeUpdates(updates) };
    }
    case 'ack': {
      const { sequence, updates } = requireMessage(frame.ack, 'ack');
      return { kind: 'ack', sequence: decodeAsk(sequence), updates: decodeUpdates(updates) };
    }
    case 'pingRequest': {
      const { sequence, target } = requireMessage(frame.pingRequest, 'ping request');
      return { kind: 'ping-req', sequence: decodeAsk(sequence), target: parseNodeId(target) };
    }
    case 'nack': {
      const { sequence, noLink } = requireMessage(frame.nack, 'nack');
      const reason = noLink ? 'no-link' : 'no-answer';
      return { kind: 'nack', sequence: decodeAsk(sequence), reason };
    }
    case 'members': {
      const { updates } = requireMessage(frame.members, 'members');
      return { kind: 'members', updates: decodeUpdates(updates) };
    }
    case 'memberDigest':
      return decodeMemberDigest(requireMessage(frame.memberDigest, 'member digest'));
    case 'memberBuckets':
      return decodeMemberBuckets(requireMessage(frame.memberBuckets, 'member buckets'));
    case 'memberRows':
      return decodeMemberRows(requireMessage(frame.memberRows, 'member rows'));
    case 'memberWant': {
      const { nodeIds } = requireMessage(frame.memberWant, 'member want');
      const wanted = requireCount(nodeIds, MEMBERS_MAX, 'wanted members');
      return { kind: 'member-want', nodeIds: wanted.map(parseNodeId) };
    }
  }
}

/** The message of a membership frame. */
export function membershipMessage(frame: MembershipFrame): FrameInput {
  switch (frame.kind) {
    case 'ping':
      return { ping: { sequence: String(frame.sequence), updates: updatesIn(frame.updates) } };
    case 'ack':
      return { ack: { sequence: String(frame.sequence), updates: updatesIn(frame.updates) } };
    case 'ping-req':
      return { pingRequest: { sequence: String(frame.sequence), target: frame.target } };
    case 'nack': {
      const noLink = frame.reason === 'no-link';
      return { nack: { sequence: String(frame.sequence), noLink } };
    }
    case 'members':
      return { members: { updates: updatesIn(frame.updates) } };
    case 'member-digest': {
      const root = encodeHexBytes(frame.root);
      return { memberDigest: { root, count: String(frame.count) } };
    }
    case 'member-buckets':
      return { memberBuckets: { sums: [...frame.sums] } };
    case 'member-rows':
      return { memberRows: { buckets: [...frame.buckets], rows: frame.rows.map(rowIn) } };
    case 'member-want':
      return { memberWant: { nodeIds: [...frame.nodeIds] } };
  }
}

function decodeMemberDigest({ root, count }: MemberDigestOutput): MembershipFrame {
  const bytes = decodeBytes(root, { min: ROOT_BYTES, max: ROOT_BYTES }, 'member root');
  const known = decodeUint(count, 'member count');
  return { kind: 'member-digest', root: encodeHex(bytes), count: known };
}

function decodeMemberBuckets({ sums }: MemberBucketsOutput): MembershipFrame {
  if (sums.length === BUCKETS) return { kind: 'member-buckets', sums: [...sums] };
  throw new KedgeError('PARSE', `a member table has ${String(BUCKETS)} buckets`);
}

function decodeMemberRows({ buckets, rows }: MemberRowsOutput): MembershipFrame {
  return {
    kind: 'member-rows',
    buckets: requireCount(buckets, BUCKETS, 'member buckets').map(decodeBucket),
    rows: requireCount(rows, MEMBERS_MAX, 'member rows').map(decodeMemberRow),
  };
}

function decodeAsk(sequence: string): number {
  return decodeUint(sequence, 'probe sequence');
}

function decodeBucket(bucket: number): number {
  if (bucket < BUCKETS) return bucket;
  throw new KedgeError('PARSE', `no bucket of members: ${String(bucket)}`);
}

function decodeUpdates(updates: MemberUpdatesOutput | null): Updates {
  if (updates === null) return NO_UPDATES;
  const { members, observations } = updates;
  return {
    members: requireCount(members, MEMBERS_PER_FRAME_MAX, 'members').map(decodeMember),
    observations: requireCount(observations, OBSERVATIONS_PER_FRAME_MAX, 'observations').map(
      decodeObservation,
    ),
  };
}

function decodeMember({ payload, signature, software }: SignedMemberOutput): SignedMember {
  return {
    payload: decodeBytes(payload, { min: 1, max: MEMBER_MAX_BYTES }, 'member record'),
    signature: decodeBytes(signature, { min: 1, max: SIGNATURE_MAX_BYTES }, 'member signature'),
    ...(software !== null && { software: checkSoftware(software) }),
  };
}

function decodeObservation({ nodeId, incarnation, failed, by }: ObservationOutput): Observation {
  return {
    nodeId: parseNodeId(nodeId),
    incarnation: decodeUint(incarnation, 'incarnation'),
    state: failed ? 'failed' : 'suspect',
    by: requireCount(by, OBSERVERS_MAX, 'observers').map(parseNodeId),
  };
}

function decodeMemberRow({ nodeId, incarnation, state }: MemberRowOutput): MemberRow {
  if (!Object.hasOwn(ROW_STATES, state)) {
    throw new KedgeError('PARSE', `no state of a member: ${state}`);
  }
  return {
    nodeId: parseNodeId(nodeId),
    incarnation: decodeUint(incarnation, 'incarnation'),
    state: ROW_STATES[state as keyof typeof ROW_STATES],
  };
}

function updatesIn({ members, observations }: Updates): MemberUpdatesInput | null {
  if (members.length === 0 && observations.length === 0) return null;
  return {
    members: members.map(({ payload, signature, software }) => ({
      payload,
      signature,
      ...(software !== undefined && { software: { ...software } }),
    })),
    observations: observations.map(observationIn),
  };
}

function observationIn({ nodeId, incarnation, state, by }: Observation): ObservationInput {
  return { nodeId, incarnation: String(incarnation), failed: state === 'failed', by: [...by] };
}

function rowIn({ nodeId, incarnation, state }: MemberRow): MemberRowInput {
  return { nodeId, incarnation: String(incarnation), state: STATE_NAMES[state] };
}
