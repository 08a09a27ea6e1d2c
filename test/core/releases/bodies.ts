/**
 * Anchors and bodies for tests: ids are the digests of names, so that a test reads like a story.
 *
 * @module
 */
import type { Anchor, Tombstone } from '../../../src/core/anchors/anchor.ts';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import {
  type AnchorId,
  type BundleName,
  parseBundleName,
  parseSequence,
} from '../../../src/core/ids.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import type { EditPoint } from '../../../src/core/releases/edit.ts';
import { NOW_MS } from '../support.ts';

export const PAYMENTS: BundleName = parseBundleName('payments.prod.example.org');

/** What stands for the DER of a named certificate. */
export const der = (name: string): Uint8Array => encodeUtf8(`certificate ${name}`);

/** The id of a named certificate. */
export const anchorId = (name: string): AnchorId => sha256(der(name));

/** An active anchor for TLS servers since {@link NOW_MS}, or what `changed` makes of it. */
export function anchor(name: string, changed: Partial<Anchor> = {}): Anchor {
  return {
    id: anchorId(name),
    kind: 'x509-ca',
    label: `CA ${name}`,
    state: 'active',
    purposes: ['tls-server'],
    constraints: [],
    sinceMs: NOW_MS,
    ...changed,
  };
}

/** A tombstone of a named certificate. */
export function tombstone(name: string, changed: Partial<Tombstone> = {}): Tombstone {
  return { id: anchorId(name), sequence: parseSequence(2), reason: 'removed', ...changed };
}

/** A body with sorted lists. */
export function bodyOf(
  anchors: readonly Anchor[],
  changed: Partial<Omit<ReleaseBody, 'anchors'>> = {},
): ReleaseBody {
  const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
    a.id < b.id ? -1 : 1;
  return {
    bundle: PAYMENTS,
    note: '',
    ...changed,
    anchors: anchors.toSorted(byId),
    tombstones: (changed.tombstones ?? []).toSorted(byId),
  };
}

/** The place of an edit or a release. */
export function point(sequence: number, issuedMs: number = NOW_MS): EditPoint {
  return { sequence: parseSequence(sequence), issuedMs };
}
