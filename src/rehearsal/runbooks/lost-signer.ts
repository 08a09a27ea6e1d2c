/**
 * Lost signer: somebody takes the place of one whose key is lost, and the lost key is worth nothing
 * to whoever finds it.
 *
 * @module
 */
import { rm } from 'node:fs/promises';
import type { Cluster } from '../cluster.ts';
import { CHARTERS, everywhere } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { BEN, begin, goOn, ON, planCharter, propose, publishAnew, refused } from './common.ts';

const DORA = 'signers/dora.age';
const WITH_DORA = 'ana,ben,dora';

export const lostSigner: Runbook = {
  name: 'lost-signer',
  summary: 'another signer takes the place, and whoever finds the lost key can do nothing',
  run: replaceSigner,
};

async function replaceSigner(cluster: Cluster, step: Step): Promise<void> {
  await begin(cluster, step, ['good']);
  const { desk, programs } = cluster;
  programs.startTraffic();
  let found = '';
  await step('Cleo loses her key', async () => {
    found = await desk.steal('signers/cleo.age');
    await rm(desk.path('signers/cleo.age'));
    return 'it could revoke alone, and is one of two for charters and releases';
  });
  await step('Dora makes a key; Ana drafts and plans the charter', async () => {
    await desk.signerKey('dora', DORA);
    return await planCharter(cluster, 'charter-2.json', [
      ...['rotate', '--remove-signer', 'cleo', '--add-signer', `dora=${DORA}.pub`],
      ...[`release=2:${WITH_DORA}`, `charter=2:${WITH_DORA}`, 'revoke=1:dora'].flatMap((role) => [
        '--role',
        role,
      ]),
    ]);
  });
  await step('Ana, Dora and Ben sign it, until everybody has it', async () => {
    const approvals = [{ key: DORA, region: 'sin' }, BEN];
    await propose(cluster, 'charter-2.json', { of: CHARTERS, approvals });
    return await everywhere(cluster, { stream: CHARTERS, sequence: 2 });
  });
  await step('Dora and Ana publish under it', () =>
    publishAnew(cluster, 'first.json', { approvals: [{ key: DORA, region: 'sin' }] }),
  );
  await step('somebody found the key, and is refused', async () => {
    const draft = 'revoke.json';
    await cluster.kedge(['anchor', 'revoke', 'good/ca.pem', ...ON, '--draft', draft]);
    const keys = [found];
    return await refused(cluster, 'a revocation', { draft, keys, code: 'THRESHOLD' });
  });
  await goOn(cluster, step);
}
