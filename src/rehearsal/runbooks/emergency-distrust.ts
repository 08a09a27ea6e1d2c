/**
 * Emergency distrust: a CA is revoked by one signer of the revoke role.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Cluster } from '../cluster.ts';
import { everywhere, RELEASES } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { expectSight, until } from '../unmet.ts';
import { begin, goOn, ON } from './common.ts';

export const emergencyDistrust: Runbook = {
  name: 'emergency-distrust',
  summary: 'a CA whose key was stolen is revoked by the revoke role alone',
  run: distrust,
};

async function distrust(cluster: Cluster, step: Step): Promise<void> {
  await begin(cluster, step, ['good', 'stolen']);
  const { desk, programs } = cluster;
  const victim = programs.pairs.at(-1);
  if (victim === undefined) throw new KedgeError('BUG', 'no program');
  victim.renew(await desk.leaf('stolen', 'victim'));
  programs.startTraffic(programs.pairs.slice(0, -1));
  const look = async (): Promise<{ readonly holds: boolean; readonly found: string }> => {
    const why = await victim.call();
    return { holds: why !== undefined, found: why ?? 'the leaf of the stolen CA is accepted' };
  };
  await step('a leaf of the stolen CA is accepted', async () => {
    const { holds, found } = await look();
    return expectSight('a leaf of the CA is accepted before', { holds: !holds, found });
  });
  const revoke = ['anchor', 'revoke', 'stolen/ca.pem', ...ON, '--note', 'key stolen'];
  await step('revoke, until its leaves are refused', async () => {
    await cluster.kedge([...revoke, '--key', 'signers/cleo.age', '--yes']);
    return await until('the leaf of the stolen CA is refused', look, desk);
  });
  await step('every program uses the release', () =>
    everywhere(cluster, { stream: RELEASES, sequence: 2 }),
  );
  await goOn(cluster, step);
}
