/**
 * One rehearsal from the first process to the last: what was done, how long it took, and whether a
 * handshake failed that should not have.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { Cluster, type Stage } from './cluster.ts';
import type { Runbook } from './runbooks.ts';
import type { HandshakeCount } from './traffic.ts';

/** One step that was done. */
export interface StepTime {
  readonly name: string;
  readonly ms: number;
}

/** What a rehearsal came to. */
export interface RehearsalReport {
  readonly runbook: string;
  readonly steps: readonly StepTime[];
  readonly handshakes: HandshakeCount;
}

/** Runs a runbook; `onStep` is told of each step when it is done. Leaves nothing behind. */
export async function rehearse(
  runbook: Runbook,
  stage: Stage,
  onStep: (step: StepTime) => void,
): Promise<RehearsalReport> {
  const steps: StepTime[] = [];
  const timed = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    stage.signal.throwIfAborted();
    const beginMs = performance.now();
    await act();
    const step = { name, ms: Math.round(performance.now() - beginMs) };
    steps.push(step);
    onStep(step);
  };
  let opened: Cluster | undefined;
  await timed('make a realm, start its nodes', async () => {
    opened = await Cluster.open(stage);
  });
  if (opened === undefined) throw new KedgeError('BUG', 'no cluster');
  await using cluster = opened;
  await runbook.run(cluster, timed);
  return { runbook: runbook.name, steps, handshakes: await cluster.stopTraffic() };
}
