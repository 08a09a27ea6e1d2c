/**
 * Three nodes as processes and a fleet of programs: a bad release ends at its first wave, and a
 * revocation reaches all while a canary is under way.
 */
import { readFile } from 'node:fs/promises';
import { credentials } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { revokeAnchor } from '../../src/core/releases/edit.ts';
import { LeanChannels } from '../../src/testing/lean-clients.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { WavedFleet } from '../../src/testing/waved-fleet.ts';
import { ProcessCluster } from './support/cluster.ts';

const NODES = ['fra', 'iad', 'sin'];
const HOUR_SECONDS = 3600;

it('stops a bad release at its first wave, and takes a revocation past every wave (I07)', {
  timeout: 240_000,
}, async () => {
  const realm = createTestRealm({
    now: () => Date.now(),
    rolloutSigner: 'deploy',
    blastRadiusPercent: 100,
  });
  await using cluster = await ProcessCluster.create(realm, NODES);
  await Promise.all(cluster.nodes.map((node) => node.start()));
  const { caFile, certFile, keyFile } = cluster.clientTls;
  const files = await Promise.all(
    [caFile, keyFile, certFile].map((file) => readFile(String(file))),
  );
  const [ca = null, key = null, cert = null] = files;
  const tls = credentials.createSsl(ca, key, cert);
  const channels = cluster.nodes.map(
    ({ endpoint }) => new LeanChannels(endpoint, tls, 1, 'localhost'),
  );
  const admins = await Promise.all(cluster.nodes.map((node) => node.openAdmin()));
  using fleet = new WavedFleet({ realm, admins, channels, canaries: 6, others: 54 });
  try {
    const first = await fleet.publish({});
    await fleet.connect();
    await fleet.loaded(fleet.clients, first);

    for (const client of fleet.canaries) client.habit = 'refuse';
    const bad = await fleet.publish({ delivery: 'waves' });
    await fleet.roll(first, bad);
    await fleet.until('all nodes to stop', async () => {
      return (await fleet.status()).every(({ stop }) => stop !== undefined);
    });
    expect(fleet.others.map(({ sent }) => sent)).toEqual(fleet.others.map(() => first.sequence));

    for (const client of fleet.canaries) client.habit = 'load';
    const good = await fleet.publish({ delivery: 'waves', at: 1 });
    await fleet.roll(first, good, { soakSeconds: HOUR_SECONDS });
    await fleet.loaded(fleet.canaries, good);
    await fleet.until('the gate of the canary', async () => {
      return (await fleet.status()).every(({ wait }) => wait.kind === 'soak');
    });
    expect(Math.max(...fleet.others.map(({ sent }) => sent))).toBe(first.sequence);

    const { id } = first.anchor;
    const revoked = await fleet.publish({
      edit: (body, point) => revokeAnchor(body, id, point),
      at: 2,
    });
    await fleet.loaded(fleet.clients, revoked);
    expect((await fleet.status()).map(({ force }) => force)).toEqual(NODES.map(() => 'over'));
  } finally {
    for (const one of [...channels, ...admins]) one[Symbol.dispose]();
  }
});
