/**
 * Rows: the heads of all streams as a table that two nodes can compare.
 *
 * Signatures do not enter a row: which valid signatures a node kept is not part of what it holds.
 * A forked stream's digest is the digest of its evidence, so that nodes agree on the evidence too.
 * The hash tree over a table is `row-tree.ts`.
 *
 * @module
 */
import { encodeUtf8 } from '../bytes.ts';
import { sha256 } from '../crypto.ts';
import { CHARTER_STREAM, type Sha256, type StreamName } from '../ids.ts';
import { parseStatement } from '../statements/statement.ts';
import { statementsOf } from '../trusted/evidence.ts';
import { isForEver, lastRecovery, RANK_FOR_EVER, recoveriesOf } from '../trusted/lineage.ts';
import { currentCharter, type ForkedStream, forkOf, type TrustedState } from '../trusted/state.ts';

/**
 * The head of one stream. For a forked one: the last common sequence, and the digest of the
 * evidence instead of a statement's, so that nodes agree on the evidence too.
 */
export interface Row {
  readonly stream: StreamName;
  /** 0 when nothing is held (only for a stream that forked at its first sequence). */
  readonly sequence: number;
  readonly digest: Sha256;
  readonly forked: boolean;
  /**
   * How many of the statements up to `sequence` are not held: those just below a fork of which a
   * node heard while it was behind. Absent: none, as always where there is no fork.
   */
  readonly lacks?: number;
  /**
   * Of charters: how often they were recovered, or {@link RANK_FOR_EVER} for a fork that nothing
   * ends. Of two chains that part the one with more prevails. Absent: never, or not said.
   */
  readonly rank?: number;
  /** Of the charters of this node: up to here none has rivals. Absent: none is. */
  readonly covered?: number;
}

/** The rows of one node, by stream. */
export type RowTable = ReadonlyMap<StreamName, Row>;

/** What to do about another node's row. */
export type RowRelation =
  /** Nothing. */
  | 'same'
  /** Fetch from it: it holds more, or something else for the same sequence. */
  | 'fetch'
  /** Tell it: it holds less. */
  | 'tell';

/** The row of one stream; absent when nothing is held of it. */
export function rowIn(state: TrustedState, stream: StreamName): Row | undefined {
  const held = state.streams.get(stream);
  const lineage = stream === CHARTER_STREAM ? lineageOf(state) : {};
  if (held?.kind === 'forked') return { ...forkedRow(held), ...lineage };
  if (held !== undefined) {
    const { sequence, digest } = held.head;
    return { stream, sequence, digest, forked: false };
  }
  const charter = stream === CHARTER_STREAM ? currentCharter(state) : undefined;
  if (charter === undefined) return undefined;
  const { version: sequence, digest } = charter;
  return { stream, sequence, digest, forked: false, ...lineage };
}

/** The rows of a trusted state. */
export function rowsOf(state: TrustedState): RowTable {
  const rows = new Map<StreamName, Row>();
  for (const stream of [CHARTER_STREAM, ...state.streams.keys()]) {
    const row = rowIn(state, stream);
    if (row !== undefined) rows.set(stream, row);
  }
  return rows;
}

/** Says what `theirs` means to a node that holds `ours`; absent means nothing is held. */
export function compareRow(ours: Row | undefined, theirs: Row): RowRelation {
  if (ours === undefined) return 'fetch';
  const { rank = 0 } = ours;
  if (rank < (theirs.rank ?? 0)) return 'fetch';
  if (theirs.rank !== undefined && rank > theirs.rank) return 'tell';
  if (ours.forked && theirs.forked) return compareForked(ours, theirs);
  // Who lacks something below a fork takes it also from those who have not heard of the fork.
  if (ours.forked) {
    return ours.lacks !== undefined && heldIn(theirs) > heldIn(ours) ? 'fetch' : 'tell';
  }
  if (theirs.forked) return 'fetch';
  if (theirs.sequence < ours.sequence) return 'tell';
  return theirs.digest === ours.digest ? 'same' : 'fetch';
}

/** The last sequence that is held, together with all before it. */
export function heldIn({ sequence, lacks = 0 }: Row): number {
  return sequence - lacks;
}

/** The proof comes first: where that is the same, what lies below counts. */
function compareForked(ours: Row, theirs: Row): RowRelation {
  if (ours.sequence !== theirs.sequence) return ours.sequence > theirs.sequence ? 'fetch' : 'tell';
  if (ours.digest !== theirs.digest) return 'tell';
  const more = heldIn(theirs) - heldIn(ours);
  return more === 0 ? 'same' : more > 0 ? 'fetch' : 'tell';
}

/** What recoveries make of the charters; nothing without one. */
function lineageOf(state: TrustedState): Pick<Row, 'rank' | 'covered'> {
  const evidence = forkOf(state, CHARTER_STREAM);
  const isOver = evidence !== undefined && isForEver(state.charters, evidence);
  const rank = isOver ? RANK_FOR_EVER : recoveriesOf(state.charters);
  const covered = lastRecovery(state.charters);
  return { ...(rank > 0 && { rank }), ...(covered > 0 && { covered }) };
}

function forkedRow({ stream, evidence, commonSequence, heldSequence }: ForkedStream): Row {
  const digests = statementsOf(evidence).map(({ payload }) => parseStatement(payload).digest);
  const digest = sha256(encodeUtf8(digests.join('')));
  const lacks = commonSequence - heldSequence;
  return { stream, sequence: commonSequence, digest, forked: true, ...(lacks > 0 && { lacks }) };
}
