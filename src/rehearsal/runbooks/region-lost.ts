/**
 * Region lost: a node dies, and comes back.
 *
 * @module
 */
import type { Cluster } from '../cluster.ts';
import { everywhere, RELEASES } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { BOTH, begin, goOn, ON } from './common.ts';

export const regionLost: Runbook = {
  name: 'region-lost',
  summary: 'a node dies, releases go on, and it catches up when it is back',
  run: loseRegion,
};

async function loseRegion(cluster: Cluster, step: Step): Promise<void> {
  await begin(cluster, step, ['good']);
  cluster.programs.startTraffic();
  const lost = cluster.node('fra');
  const next = await cluster.desk.workloadCa('next');
  await step('the node of fra dies', async () => {
    await lost.kill();
    return `${cluster.running.map(({ place }) => place.id).join(', ')} are left`;
  });
  await step('publish without it, until every program uses the release', async () => {
    await cluster.kedge(['anchor', 'stage', next, ...ON, ...BOTH]);
    const regions = ['iad', 'sin'];
    return await everywhere(cluster, { stream: RELEASES, sequence: 2, regions });
  });
  await step('it comes back and catches up', async () => {
    await lost.start();
    return await everywhere(cluster, { stream: RELEASES, sequence: 2 });
  });
  await goOn(cluster, step);
}
