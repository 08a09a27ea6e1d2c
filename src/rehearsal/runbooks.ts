/**
 * The runbooks that can be rehearsed: what the handbook says, step by step.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KedgeError } from '../core/errors.ts';
import { BUNDLE, type Cluster, fieldOf, HOLD_DOWN_S, OVERLAP_S } from './cluster.ts';
import type { Pair } from './traffic.ts';

/** Does one step and says how long it took. */
export type Step = (name: string, act: () => Promise<unknown>) => Promise<void>;

/** A runbook. */
export interface Runbook {
  readonly name: string;
  readonly summary: string;
  run(cluster: Cluster, step: Step): Promise<void>;
}

const ANA = ['--key', 'signers/ana.age', '--yes'];
const BOTH = [...ANA, '--key', 'signers/ben.age'];
const ON = ['--bundle', BUNDLE];
const DEPLOY = ['--sign-with', 'signers/deploy.age', '--submit', '--yes'];
/** As in the handbook. */
export const WAVES: string = `waves:
  - name: canary
    match: { tier: canary }
    gates: { soak: 1m }
  - name: everybody
`;
/** Clients tell of open connections every 10 minutes; a rehearsal does not wait for that. */
const REHEARSED = ['--reason', 'a rehearsal does not wait for the quiet time'];

/** All of them. */
export const RUNBOOKS: readonly Runbook[] = [
  {
    name: 'planned-rotation',
    summary: 'a new CA takes over from the old one, and no handshake fails',
    run: rotate,
  },
  {
    name: 'emergency-distrust',
    summary: 'a CA whose key was stolen is revoked by the revoke role alone',
    run: distrust,
  },
  {
    name: 'bad-publish',
    summary: 'a mistake ends at the canary, whose gate stops it, and is taken back',
    run: takeBack,
  },
  {
    name: 'region-lost',
    summary: 'a node dies, releases go on, and it catches up when it is back',
    run: loseRegion,
  },
];

async function begin(
  cluster: Cluster,
  step: Step,
  cas: readonly string[],
): Promise<readonly Pair[]> {
  let pairs: readonly Pair[] = [];
  await step('publish the first release', async () => {
    const files = await Promise.all(cas.map((ca) => cluster.workloadCa(ca)));
    const [first = '', ...others] = files;
    await cluster.kedge(['anchor', 'add', first, ...others, ...ON, ...BOTH]);
    pairs = await cluster.programs(cas[0] ?? '');
  });
  return pairs;
}

async function rotate(cluster: Cluster, step: Step): Promise<void> {
  const pairs = await begin(cluster, step, ['old']);
  const next = await cluster.workloadCa('new');
  cluster.startTraffic(pairs);
  const turn = async (gates: readonly string[], ...more: readonly string[]): Promise<void> => {
    const overrides = gates.flatMap((gate) => ['--override', gate]);
    const why = gates.length === 0 ? [] : REHEARSED;
    await cluster.kedge(['rotate', BUNDLE, ...more, ...overrides, ...why, ...BOTH]);
  };
  const publish = async (
    name: string,
    gates: readonly string[],
    ...more: string[]
  ): Promise<void> =>
    await step(`${name}, until every program uses the release`, async () => {
      const { sequence } = cluster;
      await turn(gates, ...more);
      await cluster.inUse(sequence + 1);
    });
  await publish('stage', [], '--from', 'old/ca.pem', '--to', next);
  await step('hold-down', () => sleep(HOLD_DOWN_S * 1000));
  await publish('activate', ['delivered']);
  await step('issue leaves anew', async () => {
    for (const [index, pair] of pairs.entries()) {
      pair.renew(await cluster.leaf('new', `program-${index + 1}`));
    }
  });
  await publish('retire', ['loaded', 'taken-up']);
  await step('overlap', () => sleep(OVERLAP_S * 1000));
  await publish('remove', ['unused']);
  await step('handshakes go on', () => sleep(500));
}

async function distrust(cluster: Cluster, step: Step): Promise<void> {
  const pairs = await begin(cluster, step, ['good', 'stolen']);
  const victim = pairs.at(-1);
  if (victim === undefined) throw new KedgeError('BUG', 'no program');
  victim.renew(await cluster.leaf('stolen', 'victim'));
  cluster.startTraffic(pairs.slice(0, -1));
  const isRefused = async (): Promise<boolean> => (await victim.call()) !== undefined;
  if (await isRefused()) throw new KedgeError('UNAVAILABLE', 'the leaf was refused before');
  const revoke = ['anchor', 'revoke', 'stolen/ca.pem', ...ON, '--note', 'key stolen'];
  await step('revoke, until its leaves are refused', async () => {
    await cluster.kedge([...revoke, '--key', 'signers/cleo.age', '--yes']);
    await cluster.until('the leaf of the stolen CA is refused', isRefused);
  });
  await step('every program uses the release', () => cluster.inUse(2));
  await step('other handshakes go on', () => sleep(500));
}

/** Ana at the first node, Ben at another one, as on the page. */
async function propose(cluster: Cluster, draft: string): Promise<void> {
  await cluster.kedge(['proposal', 'create', draft, ...ANA]);
  const ben = ['--key', 'signers/ben.age', '--yes'];
  const at = cluster.node('fra');
  await cluster.until('the proposal is at the other node', async () => {
    const listed = await cluster.kedge(['proposal', 'list', '--output', 'json'], at);
    return listed.includes(`release/${BUNDLE}`);
  });
  await cluster.kedge(['proposal', 'approve', BUNDLE, ...ben], at);
}

async function takeBack(cluster: Cluster, step: Step): Promise<void> {
  const pairs = await begin(cluster, step, ['good', 'spare']);
  const wrong = await cluster.workloadCa('wrong');
  await cluster.leaf('good', 'api');
  await cluster.put('waves.yaml', WAVES);
  cluster.startTraffic(pairs);
  await step('start a canary', () => cluster.canary(cluster.node('fra'), 'good/api.pem'));
  await step('publish a mistake in waves: the CA in use is limited', async () => {
    const draft = [...ON, '--draft', 'wrong.json'];
    await cluster.kedge(['anchor', 'stage', wrong, ...draft, '--waves']);
    const limit = ['--constraint', 'permitted-dns=payments.exmaple.org'];
    await cluster.kedge(['anchor', 'constrain', 'good/ca.pem', ...limit, ...draft]);
    await propose(cluster, 'wrong.json');
    await cluster.kedge(['rollout', 'start', BUNDLE, '--waves', 'waves.yaml', ...DEPLOY]);
  });
  await step('the gate of the canary stops it', () =>
    cluster.until('the rollout is stopped', async () => {
      return (await cluster.kedgeCode(['rollout', 'status', BUNDLE])) === 1;
    }),
  );
  await step('abort', async () => {
    await cluster.kedge(['adoption', BUNDLE, '--refused']);
    await cluster.kedge(['rollout', 'abort', BUNDLE, '--note', 'wrong name', ...DEPLOY]);
  });
  if (cluster.sequence !== 1) {
    throw new KedgeError('UNAVAILABLE', 'the mistake went past the first wave');
  }
  await step('roll back, until every program uses the old content', async () => {
    const back = ['release', 'rollback', '1', ...ON, '--draft', 'back.json', '--at-once'];
    await cluster.kedge(back);
    await cluster.kedgeCode(['plan', 'back.json', '--chains', 'good/api.pem']);
    await propose(cluster, 'back.json');
    await cluster.inUse(3);
    await cluster.kedge(['adoption', BUNDLE, '--wait']);
  });
  await step('handshakes go on', () => sleep(500));
}

async function loseRegion(cluster: Cluster, step: Step): Promise<void> {
  const pairs = await begin(cluster, step, ['good']);
  cluster.startTraffic(pairs);
  const lost = cluster.node('fra');
  const next = await cluster.workloadCa('next');
  await step('the node of fra dies', () => lost.kill());
  await step('publish without it, until every program uses the release', async () => {
    await cluster.kedge(['anchor', 'stage', next, ...ON, ...BOTH]);
    await cluster.inUse(2);
  });
  await step('it comes back and catches up', async () => {
    await lost.start();
    await cluster.until('the node has the release', async () => {
      const shown = await cluster.kedge(['bundle', 'show', BUNDLE, '--output', 'json'], lost);
      return Number(fieldOf(shown, 'sequence')) >= 2;
    });
  });
  await step('handshakes go on', () => sleep(500));
}
