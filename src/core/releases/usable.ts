/**
 * What a program may use of a release: the anchors of one purpose, and the blobs behind a body.
 *
 * @module
 */

import { type Anchor, isTrusted } from '../anchors/anchor.ts';
import { anchorName } from '../anchors/refusal.ts';
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { AnchorId } from '../ids.ts';
import { ANCHOR_MAX_BYTES } from '../limits.ts';
import type { ReleaseBody } from './body.ts';

/** The anchors for one purpose. */
export interface UsableAnchors {
  /** Trusted for the purpose, in the order of their ids. */
  readonly anchors: readonly Anchor[];
  /** Trusted by the release, but with a critical constraint that the reader does not enforce. */
  readonly withheld: readonly Anchor[];
}

const NO_CONSTRAINTS: ReadonlySet<string> = new Set();

/**
 * Picks the active and retiring anchors for `purpose`. `enforced` names the constraint types that
 * the reader enforces itself; an anchor with any other critical constraint is withheld (rule
 * US-1). `distrustAfterMs` is per leaf: the reader applies it when it verifies one.
 */
export function trustedAnchors(
  body: ReleaseBody,
  purpose: string,
  enforced: ReadonlySet<string> = NO_CONSTRAINTS,
): UsableAnchors {
  const anchors: Anchor[] = [];
  const withheld: Anchor[] = [];
  for (const anchor of body.anchors) {
    if (!isTrusted(anchor) || !anchor.purposes.includes(purpose)) continue;
    const isUsable = anchor.constraints.every(
      (constraint) => !constraint.critical || enforced.has(constraint.type),
    );
    (isUsable ? anchors : withheld).push(anchor);
  }
  return { anchors, withheld };
}

/** The anchors of a body, staged ones too, whose DER is not among `blobs`. */
export function missingBlobs(
  body: ReleaseBody,
  blobs: Pick<ReadonlyMap<AnchorId, unknown>, 'has'>,
): readonly AnchorId[] {
  return body.anchors.map((anchor) => anchor.id).filter((id) => !blobs.has(id));
}

/**
 * Checks that the DER of every anchor, staged ones too, is there and hashes to its id (spec rule
 * 5.7). Blobs that the body does not list are not looked at. `checked` passed this before: what is
 * the very same there is not hashed again. Errors: `LIMIT`, `DIGEST`.
 */
export function checkBlobs(
  body: ReleaseBody,
  blobs: ReadonlyMap<AnchorId, Uint8Array>,
  checked?: ReadonlyMap<AnchorId, Uint8Array>,
): void {
  for (const anchor of body.anchors) {
    const { id } = anchor;
    const der = blobs.get(id);
    if (der !== undefined && checked?.get(id) === der) continue;
    if (der === undefined) {
      throw new KedgeError(
        'DIGEST',
        `the certificate of ${anchorName(anchor)} is missing: fetch it`,
        {
          detail: { anchor: id, missing: missingBlobs(body, blobs).slice(0, 16) },
        },
      );
    }
    if (der.length > ANCHOR_MAX_BYTES) {
      throw new KedgeError(
        'LIMIT',
        `the certificate of ${anchorName(anchor)} has ${der.length} bytes; ` +
          `at most ${ANCHOR_MAX_BYTES} are allowed`,
        { detail: { anchor: id } },
      );
    }
    if (sha256(der) === id) continue;
    throw new KedgeError('DIGEST', `the certificate of ${anchorName(anchor)} has another digest`, {
      detail: { anchor: id },
    });
  }
}
