/**
 * The runbooks that can be rehearsed: what the handbook says, in its order.
 *
 * @module
 */
import type { Runbook } from '../step.ts';
import { badPublish } from './bad-publish.ts';
import { compromisedSigner } from './compromised-signer.ts';
import { emergencyDistrust } from './emergency-distrust.ts';
import { forkedStream } from './forked-stream.ts';
import { lostSigner } from './lost-signer.ts';
import { plannedRotation } from './planned-rotation.ts';
import { regionLost } from './region-lost.ts';
import { restoreBackup } from './restore-backup.ts';

/** All of them. */
export const RUNBOOKS: readonly Runbook[] = [
  plannedRotation,
  emergencyDistrust,
  badPublish,
  lostSigner,
  compromisedSigner,
  forkedStream,
  regionLost,
  restoreBackup,
];
