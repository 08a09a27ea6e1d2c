/**
 * Plans of rollouts for tests.
 *
 * @module
 */
import type { NamedRelease, RolloutBody, Wave } from '../core/rollouts/body.ts';

/** A wave for everybody whose gates always hold. */
export const EVERYBODY: Wave = {
  name: 'everybody',
  match: new Map(),
  percent: 100,
  gates: { minReporters: 0, loadedPercent: 0, maxFailures: 0, soakSeconds: 0 },
};

/** A release as rollouts name it. */
export function named({ sequence, digest }: NamedRelease): NamedRelease {
  return { sequence, digest };
}

/** A running rollout in one wave, or as `changed` says. */
export function rolloutPlan(
  to: NamedRelease,
  from?: NamedRelease,
  changed: Partial<Omit<RolloutBody, 'bundle'>> = {},
): Omit<RolloutBody, 'bundle'> {
  const base = { note: '', state: 'running', to, waves: [EVERYBODY] } as const;
  return { ...base, ...(from !== undefined && { from }), ...changed };
}
