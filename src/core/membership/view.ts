/**
 * The order of what can be known about one member: of two things the later one holds.
 *
 * First the record: the higher incarnation, at the same one `left`, at the same status the larger
 * payload (a node that restarted without its memory may sign two for one incarnation; it learns
 * of the other and signs a third). At the same record, that it failed. The order is total, so
 * merging is commutative, associative and idempotent, and all nodes arrive at the same view
 * whatever the order in which they hear. Records under different keys do not compare: which key
 * a node id has is decided before (`table.ts`).
 *
 * @module
 */
import { compareBytes } from '../bytes.ts';
import type { MemberRecord, SignedMember } from './record.ts';

/** How a member stands, for one who knows it. */
export type MemberState = 'alive' | 'suspect' | 'failed' | 'left';

/** What is known about one member. */
export interface MemberView {
  readonly signed: SignedMember;
  readonly record: MemberRecord;
  readonly state: MemberState;
}

/**
 * What is hard to believe of a member: that there is one (it never showed itself and cannot be
 * reached), or that it is in the region which it claims (it is too far away for it, or too near).
 */
export type MemberDoubt = 'unproven' | 'too-far' | 'too-near';

const RANK: Readonly<Record<MemberState, number>> = { alive: 0, suspect: 1, failed: 2, left: 3 };

/** Orders two views of one member under one key; negative when `a` is the earlier one. */
export function compareViews(a: MemberView, b: MemberView): number {
  const order = compareRecords(a, b);
  return order === 0 ? RANK[a.state] - RANK[b.state] : order;
}

/** The later of two views. */
export function mergeViews(a: MemberView, b: MemberView): MemberView {
  return compareViews(a, b) >= 0 ? a : b;
}

/** Orders two records of one member under one key. */
export function compareRecords(
  a: Pick<MemberView, 'record' | 'signed'>,
  b: Pick<MemberView, 'record' | 'signed'>,
): number {
  if (a.record.incarnation !== b.record.incarnation) {
    return a.record.incarnation - b.record.incarnation;
  }
  if (a.record.status !== b.record.status) return a.record.status === 'left' ? 1 : -1;
  return a.signed === b.signed ? 0 : compareBytes(a.signed.payload, b.signed.payload);
}
