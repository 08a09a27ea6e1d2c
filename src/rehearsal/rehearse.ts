/**
 * One rehearsal from the first process to the last: what was done, how long it took, what each step
 * ended with, and whether a handshake failed that should not have.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { Cluster } from './cluster.ts';
import type { Stage } from './desk.ts';
import { USUAL_TERMS } from './programs.ts';
import type { Runbook, Step } from './step.ts';
import type { HandshakeCount } from './traffic.ts';
import { asUnmet, type Unmet } from './unmet.ts';

/** One step that was done, or the one that failed. */
export interface StepDone {
  readonly name: string;
  readonly ms: number;
  /** What was there at its end; absent when it failed. */
  readonly evidence?: string;
  /** Why it failed. */
  readonly unmet?: Unmet;
}

/** What a rehearsal came to. */
export interface RehearsalReport {
  readonly runbook: string;
  /** `passed`: every step did its work, and no handshake failed. */
  readonly verdict: 'passed' | 'failed';
  readonly ms: number;
  readonly steps: readonly StepDone[];
  readonly handshakes: HandshakeCount;
}

/**
 * Runs a runbook; `onStep` is told of each step when it is done. Leaves nothing behind. Errors:
 * what is no fault of the runbook, such as a node that does not start; what stopped it.
 */
export async function rehearse(
  runbook: Runbook,
  stage: Stage,
  onStep: (step: StepDone) => void,
): Promise<RehearsalReport> {
  const beganMs = performance.now();
  const steps: StepDone[] = [];
  const timed = async (name: string, act: () => Promise<string>): Promise<void> => {
    stage.signal.throwIfAborted();
    const stepMs = performance.now();
    const done = (rest: Pick<StepDone, 'evidence' | 'unmet'>): void => {
      const step = { name, ms: Math.round(performance.now() - stepMs), ...rest };
      steps.push(step);
      onStep(step);
    };
    try {
      done({ evidence: await act() });
    } catch (thrown) {
      // Whatever was under way fails in its own words then.
      stage.signal.throwIfAborted();
      const found = asUnmet(thrown);
      if (found !== undefined) done({ unmet: found });
      throw thrown;
    }
  };
  const handshakes = await withCluster(runbook, stage, timed);
  const isGood = handshakes.failed === 0 && handshakes.made > 0;
  const verdict = isGood && steps.every((step) => step.unmet === undefined) ? 'passed' : 'failed';
  const ms = Math.round(performance.now() - beganMs);
  return { runbook: runbook.name, verdict, ms, steps, handshakes };
}

/** All steps, or those up to the one that failed. */
async function withCluster(runbook: Runbook, stage: Stage, step: Step): Promise<HandshakeCount> {
  let handshakes: HandshakeCount = { made: 0, failed: 0, failures: [] };
  try {
    let opened: Cluster | undefined;
    await step('make a realm, start its nodes', async () => {
      opened = await Cluster.open(stage, runbook.programs ?? USUAL_TERMS);
      return opened.nodes.map(({ place }) => `${place.id} at ${place.port}`).join(', ');
    });
    if (opened === undefined) throw new KedgeError('BUG', 'no cluster');
    await using cluster = opened;
    try {
      await runbook.run(cluster, step);
    } finally {
      handshakes = await cluster.programs.stopTraffic();
    }
  } catch (thrown) {
    if (asUnmet(thrown) === undefined) throw thrown;
  }
  return handshakes;
}
