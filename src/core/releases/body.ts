/**
 * The body of a release: the whole content of one bundle, as it is signed.
 *
 * Always the full list, so that nobody can mix old and new parts; the wire carries a delta
 * (`delta.ts`) and the reader rebuilds these bytes. Spec section 5.
 *
 * @module
 */
import type { Anchor, Tombstone } from '../anchors/anchor.ts';
import { readAnchor, readTombstone, writeAnchor, writeTombstone } from '../anchors/entry.ts';
import { encodeCanonical } from '../canonical.ts';
import { type BundleName, parseBundleName, parseSequence, type Sequence } from '../ids.ts';
import { ANCHORS_MAX, BODY_MAX_BYTES, PLANNED_MAX, TOMBSTONES_MAX } from '../limits.ts';
import { Memo } from '../memo.ts';
import { readObject, requireAscending } from '../reader.ts';
import { contentDigest, readContent, weightOf } from './content.ts';
import { type PlannedChange, readPlanned, requirePlannedOrder, writePlanned } from './planned.ts';

/** The content of one bundle. */
export interface ReleaseBody {
  readonly bundle: BundleName;
  /** Sorted by id. */
  readonly anchors: readonly Anchor[];
  /** Sorted by id. */
  readonly tombstones: readonly Tombstone[];
  /** For people; may be empty. */
  readonly note: string;
  /** This release puts back the content of that earlier one: a rollback. */
  readonly replaces?: Sequence;
  /** This release waits for a rollout; absent: it is for everybody at once. */
  readonly delivery?: 'waves';
  /** What is meant to change; in the order of RB-9, absent when nothing is announced. */
  readonly planned?: readonly PlannedChange[];
}

const WHAT = 'release body';
/** Bodies that are read once, by their bytes. */
const parsed = new Memo<ReleaseBody>(4 * BODY_MAX_BYTES);

/**
 * Parses a body; the bytes must be canonical (RB-1). What it says may still be refused by the
 * lifecycle. Errors: `PARSE`, `LIMIT`.
 */
export function parseReleaseBody(bytes: Uint8Array): ReleaseBody {
  const digest = contentDigest(bytes);
  return parsed.get(digest) ?? parsed.set(digest, readBody(bytes), weightOf(bytes));
}

/**
 * Encodes a body; what it returns, `parseReleaseBody` accepts. Times are cut to the second.
 * Errors: `PARSE`, `LIMIT` when the body breaks a rule or a limit.
 */
export function encodeReleaseBody(body: ReleaseBody): Uint8Array {
  const { bundle, note, replaces, delivery, planned } = body;
  const anchors = body.anchors.map(writeAnchor);
  const tombstones = body.tombstones.map(writeTombstone);
  const rest = {
    bundle,
    note,
    ...(replaces !== undefined && { replaces }),
    ...(delivery !== undefined && { delivery }),
    ...(planned !== undefined && { planned: planned.map(writePlanned) }),
  };
  const bytes = encodeCanonical({ anchors, tombstones, ...rest });
  parseReleaseBody(bytes);
  return bytes;
}

function readBody(bytes: Uint8Array): ReleaseBody {
  const root = readObject(readContent(bytes, WHAT), WHAT, {
    required: ['anchors', 'bundle', 'note', 'tombstones'],
    optional: ['delivery', 'planned', 'replaces'],
  });
  const anchors = root.list('anchors', { max: ANCHORS_MAX }, readAnchor);
  const tombstones = root.list('tombstones', { max: TOMBSTONES_MAX }, readTombstone);
  // RB-2: sorted, so that one content has one byte string.
  requireAscending(
    anchors.map((anchor) => anchor.id),
    `${WHAT}.anchors`,
  );
  requireAscending(
    tombstones.map((tombstone) => tombstone.id),
    `${WHAT}.tombstones`,
  );
  const bundle = root.parsed('bundle', parseBundleName);
  const planned = root.has('planned')
    ? root.list('planned', { min: 1, max: PLANNED_MAX }, readPlanned)
    : undefined;
  if (planned !== undefined) requirePlannedOrder(planned, `${WHAT}.planned`);
  return {
    bundle,
    anchors,
    tombstones,
    note: root.text('note'),
    ...(root.has('replaces') && {
      replaces: parseSequence(root.integer('replaces', { min: 1, max: Number.MAX_SAFE_INTEGER })),
    }),
    ...(root.has('delivery') && { delivery: root.oneOf('delivery', ['waves'] as const) }),
    ...(planned !== undefined && { planned }),
  };
}
