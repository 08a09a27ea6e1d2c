/**
 * The runbooks that can be rehearsed: what the handbook says, in its order.
 *
 * @module
 */
import type { Runbook } from '../step.ts';
import { badPublish } from './bad-publish.ts';
import { emergencyDistrust } from './emergency-distrust.ts';
import { plannedRotation } from './planned-rotation.ts';
import { regionLost } from './region-lost.ts';

/** All of them. */
export const RUNBOOKS: readonly Runbook[] = [
  plannedRotation,
  emergencyDistrust,
  badPublish,
  regionLost,
];
