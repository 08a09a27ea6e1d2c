/**
 * What the path of a rotation is made of, and what the place on it follows from.
 *
 * @module
 */
import type { VerifiedRelease } from '../adoption/findings.ts';
import type { BundleAdoption } from '../adoption/model.ts';
import type { Lifecycle } from '../anchors/lifecycle.ts';
import type { AnchorId } from '../ids.ts';

/** A release of the path. */
export type RotationRelease = 'stage' | 'activate' | 'retire' | 'remove';
/** Evidence that is asked for before a release; an override names it. */
export type RotationGate = 'delivered' | 'loaded' | 'taken-up' | 'unused';
/** A time of the charter that must be over. */
export type RotationWait = 'hold-down' | 'overlap';

/** The gates, in the order of the path. */
export const ROTATION_GATES: readonly RotationGate[] = [
  'delivered',
  'loaded',
  'taken-up',
  'unused',
];

/** What the place on the path follows from. */
export interface RotationQuestion {
  readonly from: AnchorId;
  readonly to: AnchorId;
  readonly release: VerifiedRelease;
  readonly lifecycle: Lifecycle;
  readonly adoption: BundleAdoption;
  readonly nowMs: number;
  /** How long the old anchor must not have been used; `QUIET_MIN_MS` at least. */
  readonly quietMs: number;
  readonly overrides: ReadonlySet<RotationGate>;
}
