/**
 * Real CA certificates as anchors for tests.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { KedgeError } from '../core/errors.ts';
import type { AnchorId } from '../core/ids.ts';
import type { ReleaseBody } from '../core/releases/body.ts';
import { activateAnchor, addAnchor, type EditPoint, stageAnchor } from '../core/releases/edit.ts';
import { type IssuedCertificate, issueCa } from '../x509/issue.ts';
import { TEST_EPOCH_MS } from './simulated-clock.ts';

/** A CA certificate with its key and its id as an anchor. */
export interface TestAnchor extends IssuedCertificate {
  readonly id: AnchorId;
  readonly label: string;
}

/** What an edit of `TestRealm.nextRelease` is. */
export type TestEdit = (body: ReleaseBody, point: EditPoint) => ReleaseBody;

const VALID_FOR_MS = 3650 * 86_400_000;

/** Makes a CA that may become an anchor. */
export function createTestAnchor(label: string, nowMs: number = TEST_EPOCH_MS): TestAnchor {
  const issued = issueCa({
    commonName: label,
    nowMs,
    validForMs: VALID_FOR_MS,
    serial: () => randomBytes(16),
  });
  return { ...issued, id: issued.facts.id, label };
}

/** Makes several of them. */
export function createTestAnchors(count: number, nowMs?: number): readonly TestAnchor[] {
  return Array.from({ length: count }, (_, index) => createTestAnchor(`CA ${index + 1}`, nowMs));
}

/** One of them. Errors: `CONFIG` when there are fewer. */
export function anchorAt(anchors: readonly TestAnchor[], index: number): TestAnchor {
  const found = anchors[index];
  if (found !== undefined) return found;
  throw new KedgeError('CONFIG', `there are ${anchors.length} anchors, and not number ${index}`);
}

/** An edit that lists anchors as active at once: for a first release or without hold-down. */
export function addActive(...anchors: readonly TestAnchor[]): TestEdit {
  return (body, point) =>
    anchors.reduce(
      (next, { id, label }) =>
        addAnchor(next, { id, label, purposes: ['tls-server'] }, 'active', point),
      body,
    );
}

/** An edit that stages anchors. */
export function addStaged(...anchors: readonly TestAnchor[]): TestEdit {
  return (body, point) =>
    anchors.reduce(
      (next, { id, label }) => stageAnchor(next, { id, label, purposes: ['tls-server'] }, point),
      body,
    );
}

/** An edit that activates staged anchors. */
export function activate(...anchors: readonly Pick<TestAnchor, 'id'>[]): TestEdit {
  return (body, point) => anchors.reduce((next, { id }) => activateAnchor(next, id, point), body);
}
