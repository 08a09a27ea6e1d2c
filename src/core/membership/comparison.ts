/**
 * Finds and mends what news did not carry: two tables compare until both hold the later of each.
 *
 * Digest, then sums of buckets, then the rows of the buckets that differ, then the records: equal
 * tables cost one small frame, one difference costs a few. A node that joins or comes back from a
 * partition gets all it lacks in one such exchange.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { NodeId } from '../ids.ts';
import { MEMBERS_MAX, MEMBERS_PER_FRAME_MAX } from '../limits.ts';
import { BUCKETS, bucketOf } from './digest.ts';
import type { MemberRow, MembershipFrame, Observation } from './frames.ts';
import { requireAtMost } from './intake.ts';
import type { Judge } from './judge.ts';
import type { MemberLink } from './links.ts';
import type { Member } from './member.ts';
import type { Outbox } from './outbox.ts';
import type { SignedMember } from './record.ts';
import { observationOf } from './rumors.ts';
import type { MemberTable } from './table.ts';

type FrameOf<Kind extends MembershipFrame['kind']> = Extract<
  MembershipFrame,
  { readonly kind: Kind }
>;

/** Compares this node's table with those of its peers. */
export class Comparison {
  readonly #outbox: Outbox;
  readonly #table: MemberTable;
  readonly #judge: Judge;

  constructor(outbox: Outbox, table: MemberTable, judge: Judge) {
    this.#outbox = outbox;
    this.#table = table;
    this.#judge = judge;
  }

  /** Begins a comparison. */
  start(link: MemberLink): void {
    const { root, count } = this.#table.digest;
    this.#outbox.send(link.linkId, { kind: 'member-digest', root, count });
  }

  digest(link: MemberLink, frame: FrameOf<'member-digest'>): void {
    const { digest } = this.#table;
    if (frame.root === digest.root) return;
    this.#outbox.send(link.linkId, { kind: 'member-buckets', sums: digest.sums() });
  }

  /** Errors: `PARSE`. */
  buckets(link: MemberLink, { sums }: FrameOf<'member-buckets'>): void {
    if (sums.length !== BUCKETS) {
      throw new KedgeError('PARSE', `a table of members has ${BUCKETS} buckets`);
    }
    const buckets = this.#table.digest.differing(sums);
    if (buckets.length === 0) return;
    const rows = this.#membersIn(new Set(buckets)).map(rowOf);
    this.#outbox.send(link.linkId, { kind: 'member-rows', buckets, rows });
  }

  /** Errors: `LIMIT`. */
  rows(link: MemberLink, frame: FrameOf<'member-rows'>, nowMs: number): void {
    requireAtMost(frame.rows.length, MEMBERS_MAX, 'rows');
    requireAtMost(frame.buckets.length, BUCKETS, 'buckets');
    const wanted: NodeId[] = [];
    const told: Member[] = [];
    const theirs = new Set<NodeId>();
    for (const row of frame.rows) {
      theirs.add(row.nodeId);
      const relation = this.#relate(row);
      if (relation === 'want') wanted.push(row.nodeId);
      else if (relation === 'doubt') this.#doubt(link, row, nowMs);
      else if (relation !== 'same') told.push(relation);
    }
    for (const member of this.#membersIn(new Set(frame.buckets))) {
      if (member.isAlive && !theirs.has(member.nodeId)) told.push(member);
    }
    this.#tell(link, told, nowMs);
    if (wanted.length > 0) {
      this.#outbox.send(link.linkId, { kind: 'member-want', nodeIds: wanted });
    }
  }

  /** Errors: `LIMIT`. */
  want(link: MemberLink, { nodeIds }: FrameOf<'member-want'>, nowMs: number): void {
    requireAtMost(nodeIds.length, MEMBERS_MAX, 'wanted members');
    const members: Member[] = [];
    for (const nodeId of nodeIds) {
      const member = this.#table.get(nodeId);
      if (member !== undefined) members.push(member);
    }
    this.#tell(link, members, nowMs);
  }

  /** What a peer's row asks for; a member means that the peer is to be told of it. */
  #relate(row: MemberRow): 'same' | 'want' | 'doubt' | Member {
    const held = this.#table.get(row.nodeId);
    // Who is gone and not known here is nobody's loss.
    if (held === undefined) return row.state === 'alive' ? 'want' : 'same';
    const { incarnation } = held.record;
    if (row.incarnation !== incarnation) return row.incarnation > incarnation ? 'want' : held;
    const state = rowOf(held).state;
    if (row.state === state) return 'same';
    if (row.state === 'left') return 'want';
    return row.state === 'failed' && state === 'alive' ? 'doubt' : held;
  }

  #doubt(link: MemberLink, { nodeId, incarnation }: MemberRow, nowMs: number): void {
    const by = [link.peer.nodeId];
    this.#judge.hear(link, { nodeId, incarnation, state: 'failed', by }, nowMs);
  }

  /** Sends records, and what is observed beside them; in several frames if need be. */
  #tell(link: MemberLink, members: readonly Member[], nowMs: number): void {
    if (members.length === 0) return;
    if (!link.serve.take(members.length, nowMs)) {
      throw new KedgeError('LIMIT', 'a peer asks for member records too often; try again later');
    }
    let records: SignedMember[] = [];
    let observations: Observation[] = [];
    const flush = (): void => {
      if (records.length === 0) return;
      const updates = { members: records, observations };
      this.#outbox.send(link.linkId, { kind: 'members', updates });
      records = [];
      observations = [];
    };
    for (const member of members) {
      records.push(member.signed);
      const observation = observationOf(member);
      if (observation !== undefined) observations.push(observation);
      if (records.length === MEMBERS_PER_FRAME_MAX) flush();
    }
    flush();
  }

  #membersIn(buckets: ReadonlySet<number>): readonly Member[] {
    const members: Member[] = [];
    for (const member of this.#table.values()) {
      if (buckets.has(bucketOf(member.nodeId))) members.push(member);
    }
    return members;
  }
}

function rowOf({ record, state }: Member): MemberRow {
  const { nodeId, incarnation } = record;
  return { nodeId, incarnation, state: state === 'suspect' ? 'alive' : state };
}
