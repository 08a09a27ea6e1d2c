/**
 * Places in streams that can be asked for.
 *
 * @module
 */
import type { KedgeError } from '../../errors.ts';
import {
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseSequence,
  parseSha256,
  parseStreamName,
} from '../../ids.ts';
import { parseStatement } from '../../statements/statement.ts';
import type { Evidence } from '../../trusted/state.ts';
import type { FetchRequest } from '../frames.ts';
import { heldIn, type Row } from '../rows.ts';

/** Says whether a row names a place that can be asked for; a peer may say anything. */
export function isPlace({ sequence, forked }: Row): boolean {
  const at = forked ? sequence + 1 : sequence;
  return at >= 1 && Number.isSafeInteger(at);
}

/** From where to fetch: after our head, or the peer's own statement where we differ. */
export function requestFor(ours: Row | undefined, theirs: Row): FetchRequest {
  const held = ours === undefined ? 0 : heldIn(ours);
  const { stream, sequence } = theirs;
  if (isBranch(ours, theirs)) {
    const open = (ours?.covered ?? 0) + 1;
    if (theirs.forked) return { stream, fromSequence: parseSequence(open) };
    // Another one where nothing has rivals: if recovery keys signed that too, it shows further on.
    if (sequence < open) return { stream, fromSequence: parseSequence(1) };
    return { stream, fromSequence: parseSequence(open), toSequence: parseSequence(sequence) };
  }
  if (heldIn(theirs) > held) {
    const fromSequence = parseSequence(held + 1);
    // What a peer that has not heard of the fork holds beyond it is of no use.
    if (ours?.forked !== true || theirs.forked) return { stream, fromSequence };
    return { stream, fromSequence, toSequence: parseSequence(ours.sequence) };
  }
  const at = parseSequence(theirs.forked ? sequence + 1 : sequence);
  return { stream, fromSequence: at, toSequence: at };
}

/** Charters that may part from ours below what is held: all is asked for that may have rivals. */
function isBranch(ours: Row | undefined, theirs: Row): boolean {
  if (ours === undefined || ours.stream !== CHARTER_STREAM) return false;
  if ((theirs.rank ?? 0) > (ours.rank ?? 0)) return true;
  return !theirs.forked && !ours.forked && theirs.sequence <= ours.sequence;
}

/**
 * What the refusal of a statement shows to be missing: statements in between, a newer charter than
 * the one that is held, a release that a rollout names, or the statement itself. Nothing when the
 * refusal has another cause.
 */
export function missingRows(
  payload: Uint8Array,
  { code, detail }: KedgeError,
  heldCharter: number,
): readonly Row[] {
  const { stream, sequence, previous, digest, charterVersion } = parseStatement(payload);
  if (code === 'PREVIOUS' && sequence > 1) {
    return [{ stream, sequence: sequence - 1, digest: previous, forked: false }];
  }
  const row = { stream, sequence, digest, forked: false };
  // The store gave nothing, or what was asked of it was out of date by then.
  if (code === 'UNAVAILABLE') return [row];
  if (code !== 'GAP') return [];
  const named = namedRow(detail);
  if (named !== undefined) return [named];
  return charterVersion > heldCharter ? [charterRow(charterVersion), row] : [row];
}

/** What lies beneath a fork: where its two statements follow different ones it lies deeper. */
export function rowsBeneath({ stream, sequence, first, second }: Evidence): readonly Row[] {
  // Of charters both follow what is held, or are of recovery keys, wherever they stand.
  if (stream === CHARTER_STREAM) return [];
  const digests = [first, second].map(({ payload }) => parseStatement(payload).previous);
  if (digests[0] === digests[1] || sequence === 1) return [];
  return digests.map((digest) => ({ stream, sequence: sequence - 1, digest, forked: false }));
}

/** The release that a rollout names; the rollout is asked for again when that is here. */
function namedRow({ missing, named, digest }: KedgeError['detail']): Row | undefined {
  if (typeof missing !== 'string' || typeof named !== 'number') return undefined;
  const stream = parseStreamName(missing);
  return { stream, sequence: named, digest: parseSha256(String(digest)), forked: false };
}

/** A charter that somebody refers to; its digest is not known yet. */
function charterRow(version: number): Row {
  return { stream: CHARTER_STREAM, sequence: version, digest: NO_PREVIOUS, forked: false };
}
