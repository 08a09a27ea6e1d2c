/**
 * Planned rotation: a new CA takes over from the old one.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import { BUNDLE, HOLD_DOWN_S, OVERLAP_S } from '../names.ts';
import { everywhere, RELEASES } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { BOTH, begin, goOn } from './common.ts';

/** Clients tell of open connections every 10 minutes; a rehearsal does not wait for that. */
const REHEARSED = ['--reason', 'a rehearsal does not wait for the quiet time'];

export const plannedRotation: Runbook = {
  name: 'planned-rotation',
  summary: 'a new CA takes over from the old one, and no handshake fails',
  run: rotate,
};

async function rotate(cluster: Cluster, step: Step): Promise<void> {
  await begin(cluster, step, ['old']);
  const { desk, programs } = cluster;
  const next = await desk.workloadCa('new');
  programs.startTraffic();
  let sequence = 1;
  const publish = async (
    name: string,
    gates: readonly string[],
    ...more: readonly string[]
  ): Promise<void> =>
    await step(`${name}, until every program uses the release`, async () => {
      const overrides = gates.flatMap((gate) => ['--override', gate]);
      const why = gates.length === 0 ? [] : REHEARSED;
      await cluster.kedge(['rotate', BUNDLE, ...more, ...overrides, ...why, ...BOTH]);
      sequence += 1;
      return await everywhere(cluster, { stream: RELEASES, sequence });
    });
  await publish('stage', [], '--from', 'old/ca.pem', '--to', next);
  await step('hold-down', () => pass(HOLD_DOWN_S));
  await publish('activate', ['delivered']);
  await step('issue leaves anew', async () => {
    for (const [index, { pair }] of programs.all.entries()) {
      pair.renew(await desk.leaf('new', `program-${index + 1}`));
    }
    return `${programs.all.length} programs have leaves of the new CA`;
  });
  await publish('retire', ['loaded', 'taken-up']);
  await step('overlap', () => pass(OVERLAP_S));
  await publish('remove', ['unused']);
  await goOn(cluster, step);
}

async function pass(seconds: number): Promise<string> {
  await sleep(seconds * 1000);
  return `${seconds} s, as the charter says`;
}
