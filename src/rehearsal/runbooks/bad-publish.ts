/**
 * Bad publish: a mistake ends at the canary and is taken back.
 *
 * @module
 */
import type { Cluster } from '../cluster.ts';
import { BUNDLE } from '../names.ts';
import { everywhere, RELEASES } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { expectSight } from '../unmet.ts';
import { begin, firstLineOf, goOn, ON, propose } from './common.ts';

const DEPLOY = ['--sign-with', 'signers/deploy.age', '--submit', '--yes'];

/** As in the handbook. */
export const WAVES: string = `waves:
  - name: canary
    match: { tier: canary }
    gates: { soak: 1m }
  - name: everybody
`;

export const badPublish: Runbook = {
  name: 'bad-publish',
  summary: 'a mistake ends at the canary, whose gate stops it, and is taken back',
  run: takeBack,
};

async function takeBack(cluster: Cluster, step: Step): Promise<void> {
  await begin(cluster, step, ['good', 'spare']);
  const { desk, programs } = cluster;
  const wrong = await desk.workloadCa('wrong');
  await desk.leaf('good', 'api');
  await desk.put('waves.yaml', WAVES);
  programs.startTraffic();
  await step('start a canary', async () => {
    const at = cluster.node('fra');
    await cluster.canary(at, 'good/api.pem');
    return `it watches at ${at.place.id} and has release 1`;
  });
  await step('publish a mistake in waves: the CA in use is limited', async () => {
    const draft = [...ON, '--draft', 'wrong.json'];
    await cluster.kedge(['anchor', 'stage', wrong, ...draft, '--waves']);
    const limit = ['--constraint', 'permitted-dns=payments.exmaple.org'];
    await cluster.kedge(['anchor', 'constrain', 'good/ca.pem', ...limit, ...draft]);
    await propose(cluster, 'wrong.json', { of: RELEASES });
    await cluster.kedge(['rollout', 'start', BUNDLE, '--waves', 'waves.yaml', ...DEPLOY]);
    return 'release 2 is signed, and its rollout began';
  });
  await step('the gate of the canary stops it', () =>
    cluster.until('the rollout is stopped', async () => {
      const { code, stdout } = await desk.run(['rollout', 'status', BUNDLE], cluster.near);
      return { holds: code === 1, found: firstLineOf(stdout) };
    }),
  );
  await step('abort: nobody but the canary got it', async () => {
    await cluster.kedge(['adoption', BUNDLE, '--refused']);
    await cluster.kedge(['rollout', 'abort', BUNDLE, '--note', 'wrong name', ...DEPLOY]);
    const isKept = programs.all.every((one) => programs.status(one).sequence === 1);
    return expectSight('every program uses release 1', {
      holds: isKept,
      found: programs.describe(),
    });
  });
  await step('roll back, until every program uses the old content', async () => {
    const back = ['release', 'rollback', '1', ...ON, '--draft', 'back.json', '--at-once'];
    await cluster.kedge(back);
    await desk.kedge(['plan', 'back.json', '--chains', 'good/api.pem'], cluster.near, [0, 11]);
    await propose(cluster, 'back.json', { of: RELEASES });
    const found = await everywhere(cluster, { stream: RELEASES, sequence: 3 });
    await cluster.kedge(['adoption', BUNDLE, '--wait']);
    return found;
  });
  await goOn(cluster, step);
}
