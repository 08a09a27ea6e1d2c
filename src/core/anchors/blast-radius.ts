/**
 * How much trust one release may take away without the quorum of the charter role.
 *
 * A mistake or a stolen release quorum that drops many anchors at once breaks a whole fleet, and
 * so does the loss of the last anchor of a purpose. One revoked anchor is always possible: that is
 * what an emergency looks like. Spec rules BR-1 and BR-2.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { ReleaseBody } from '../releases/body.ts';
import { type Anchor, isTrusted } from './anchor.ts';

/** Checks what `next` takes away from `previous`. Errors: `BLAST_RADIUS`. */
export function requireBlastRadius(
  previous: ReleaseBody,
  next: ReleaseBody,
  maxPercent: number,
): void {
  requireFewRevoked(previous, next, maxPercent);
  requirePurposesServed(previous, next);
}

/** BR-1: one anchor, or at most the charter's share of the trusted ones, is revoked. */
function requireFewRevoked(previous: ReleaseBody, next: ReleaseBody, maxPercent: number): void {
  const trusted = previous.anchors.filter(isTrusted);
  const revoked = revokedIds(next);
  const lost = trusted.filter((anchor) => revoked.has(anchor.id)).length;
  if (lost <= 1 || lost * 100 <= trusted.length * maxPercent) return;
  throw new KedgeError(
    'BLAST_RADIUS',
    `the release revokes ${lost} of ${trusted.length} trusted anchors; more than ` +
      `${maxPercent} % also needs the signatures of the charter role`,
    { detail: { lost, trusted: trusted.length, maxPercent } },
  );
}

/** BR-2: a purpose that had a trusted anchor keeps one. */
function requirePurposesServed(previous: ReleaseBody, next: ReleaseBody): void {
  const kept = purposesOf(next.anchors);
  const emptied = [...purposesOf(previous.anchors)].filter((purpose) => !kept.has(purpose));
  if (emptied.length === 0) return;
  throw new KedgeError(
    'BLAST_RADIUS',
    `the release leaves nothing trusted for ${emptied.join(', ')}; that also needs the ` +
      'signatures of the charter role',
    { detail: { emptied } },
  );
}

function revokedIds(body: ReleaseBody): ReadonlySet<string> {
  const revoked = body.tombstones.filter((tombstone) => tombstone.reason === 'revoked');
  return new Set(revoked.map((tombstone) => tombstone.id));
}

function purposesOf(anchors: readonly Anchor[]): ReadonlySet<string> {
  return new Set(anchors.filter(isTrusted).flatMap((anchor) => anchor.purposes));
}
