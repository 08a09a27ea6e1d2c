/**
 * Edits of a release body: each takes the present content and gives the next, or refuses.
 *
 * The caller states the result with the same `issuedMs` (whole seconds) and `sequence` that it
 * edits with, because states begin when their release is issued. The edits refuse what can never
 * be accepted; waiting times and limits are `verifyLifecycle`'s. Spec section 5.
 *
 * @module
 */

import type { Anchor, Constraint, TombstoneReason } from '../anchors/anchor.ts';
import { refusedAnchor } from '../anchors/refusal.ts';
import type { AnchorId, BundleName, Sequence } from '../ids.ts';
import type { ReleaseBody } from './body.ts';

/** What an admin says about a new anchor. */
export interface NewAnchor {
  readonly id: AnchorId;
  readonly label: string;
  readonly purposes: readonly string[];
  readonly constraints?: readonly Constraint[];
}

/** What may change without a change of state; absent leaves as it is. */
export interface AnchorAttributes {
  readonly label?: string;
  readonly purposes?: readonly string[];
  readonly constraints?: readonly Constraint[];
  /** `never` lifts the limit. */
  readonly distrustAfterMs?: number | 'never';
}

/** Which release an edit belongs to. */
export interface EditPoint {
  readonly sequence: Sequence;
  readonly issuedMs: number;
}

/** The content of a bundle before its first release. */
export function emptyBody(bundle: BundleName): ReleaseBody {
  return { bundle, anchors: [], tombstones: [], note: '' };
}

/**
 * Starts the next release: the content stays, and whether it comes in waves; note and rollback mark
 * are dropped.
 */
export function nextBody(body: ReleaseBody): ReleaseBody {
  const { replaces: _, ...kept } = body;
  return { ...kept, note: '' };
}

/** The same content for everybody at once. */
export function deliveredAtOnce(body: ReleaseBody): ReleaseBody {
  const { delivery: _, ...rest } = body;
  return rest;
}

/** Lists a new anchor as staged: delivered everywhere, trusted nowhere. Errors: `LIFECYCLE`. */
export function stageAnchor(body: ReleaseBody, anchor: NewAnchor, point: EditPoint): ReleaseBody {
  return addAnchor(body, anchor, 'staged', point);
}

/**
 * Lists a new anchor. `active` is accepted in a bundle's first release, and where the charter has
 * no hold-down. Errors: `LIFECYCLE`.
 */
export function addAnchor(
  body: ReleaseBody,
  anchor: NewAnchor,
  state: 'staged' | 'active',
  point: EditPoint,
): ReleaseBody {
  const { id, label } = anchor;
  if (body.anchors.some((other) => other.id === id)) {
    throw refusedAnchor(anchor, 'is in the bundle already');
  }
  const tombstone = body.tombstones.find((other) => other.id === id);
  if (tombstone !== undefined) {
    throw refusedAnchor(
      anchor,
      `was ${tombstone.reason} and may not come back: use a new certificate`,
    );
  }
  const entry: Anchor = {
    id,
    kind: 'x509-ca',
    label,
    state,
    purposes: sorted(anchor.purposes),
    constraints: sortedConstraints(anchor.constraints ?? []),
    sinceMs: point.issuedMs,
  };
  return withAnchors(body, [...body.anchors, entry]);
}

/** Makes a staged or retiring anchor trusted. Errors: `LIFECYCLE`. */
export function activateAnchor(body: ReleaseBody, id: AnchorId, point: EditPoint): ReleaseBody {
  return replaceAnchor(body, id, (old) => {
    if (old.state === 'active') throw refusedAnchor(old, 'is active already');
    // Without the limit on leaves that retiring may have set.
    const { kind, label, purposes, constraints } = old;
    const sinceMs = point.issuedMs;
    return { id, kind, label, state: 'active', purposes, constraints, sinceMs };
  });
}

/**
 * Marks an active anchor as leaving; it stays trusted, with `distrustAfterMs` only for leaves that
 * are valid from before then. Errors: `LIFECYCLE`.
 */
export function retireAnchor(
  body: ReleaseBody,
  id: AnchorId,
  point: EditPoint & { readonly distrustAfterMs?: number },
): ReleaseBody {
  return replaceAnchor(body, id, (old) => {
    if (old.state !== 'active') {
      throw refusedAnchor(old, `is ${old.state}: only active anchors retire`);
    }
    const next: Anchor = { ...old, state: 'retiring', sinceMs: point.issuedMs };
    const { distrustAfterMs } = point;
    return distrustAfterMs === undefined ? next : { ...next, distrustAfterMs };
  });
}

/** Takes a staged or retiring anchor out in good order. Errors: `LIFECYCLE`. */
export function removeAnchor(body: ReleaseBody, id: AnchorId, point: EditPoint): ReleaseBody {
  const old = requireAnchor(body, id);
  if (old.state === 'active') {
    throw refusedAnchor(old, 'is active: retire it before you remove it, or revoke it');
  }
  return bury(body, id, point.sequence, 'removed');
}

/** Takes an anchor out at once and for ever, whatever its state. Errors: `LIFECYCLE`. */
export function revokeAnchor(body: ReleaseBody, id: AnchorId, point: EditPoint): ReleaseBody {
  requireAnchor(body, id);
  return bury(body, id, point.sequence, 'revoked');
}

/** Changes what is said about an anchor, not its state. Errors: `LIFECYCLE`. */
export function changeAnchor(
  body: ReleaseBody,
  id: AnchorId,
  attributes: AnchorAttributes,
): ReleaseBody {
  return replaceAnchor(body, id, (old) => {
    const { distrustAfterMs: before, ...rest } = old;
    const after = attributes.distrustAfterMs ?? before;
    return {
      ...rest,
      label: attributes.label ?? old.label,
      purposes: sorted(attributes.purposes ?? old.purposes),
      constraints: sortedConstraints(attributes.constraints ?? old.constraints),
      ...(after === undefined || after === 'never' ? {} : { distrustAfterMs: after }),
    };
  });
}

/** Sets the note that signers and operators read. */
export function setNote(body: ReleaseBody, note: string): ReleaseBody {
  return { ...body, note };
}

/** Replaces one anchor by what `change` makes of it. Errors: `LIFECYCLE` when it is not listed. */
function replaceAnchor(
  body: ReleaseBody,
  id: AnchorId,
  change: (old: Anchor) => Anchor,
): ReleaseBody {
  requireAnchor(body, id);
  const anchors = body.anchors.map((anchor) => (anchor.id === id ? change(anchor) : anchor));
  return { ...body, anchors };
}

function requireAnchor(body: ReleaseBody, id: AnchorId): Anchor {
  const anchor = body.anchors.find((other) => other.id === id);
  if (anchor === undefined) throw refusedAnchor({ id }, `is not in bundle ${body.bundle}`);
  return anchor;
}

function bury(
  body: ReleaseBody,
  id: AnchorId,
  sequence: Sequence,
  reason: TombstoneReason,
): ReleaseBody {
  const anchors = body.anchors.filter((anchor) => anchor.id !== id);
  const tombstones = [...body.tombstones, { id, sequence, reason }].sort(compareIds);
  return { ...body, anchors, tombstones };
}

function withAnchors(body: ReleaseBody, anchors: Anchor[]): ReleaseBody {
  return { ...body, anchors: anchors.sort(compareIds) };
}

function compareIds(a: { readonly id: AnchorId }, b: { readonly id: AnchorId }): number {
  return a.id < b.id ? -1 : 1;
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

function sortedConstraints(constraints: readonly Constraint[]): readonly Constraint[] {
  return constraints
    .map((constraint) => ({ ...constraint, values: sorted(constraint.values) }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}
