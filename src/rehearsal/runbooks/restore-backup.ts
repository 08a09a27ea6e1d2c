/**
 * Restore from backup: a node whose store is lost fills itself and gets a new key for its region; a
 * store that was put back with its whole disk is found out, and the same is due there.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Cluster } from '../cluster.ts';
import { BUNDLE } from '../names.ts';
import type { NodeProcess } from '../node-process.ts';
import { fieldOf, listOf, textOf } from '../printed.ts';
import { CHARTERS, everywhere, headAt, RELEASES, vouching } from '../standing.ts';
import type { Runbook, Step } from '../step.ts';
import { expectSight } from '../unmet.ts';
import { BOTH, begin, firstLineOf, goOn, lackRegions, ON, planCharter, propose } from './common.ts';

/** What somebody asks who wants the word of every region; they give it every 30 s. */
const OF_ALL = ['--require-regions', '3', '--fresh-within', '2m'];

export const restoreBackup: Runbook = {
  name: 'restore-backup',
  summary: 'a lost store fills itself, an old one is found out, and their regions get new keys',
  run: async (cluster, step) => {
    await begin(cluster, step, ['good']);
    cluster.programs.startTraffic();
    await loseStore(cluster, step);
    await putStoreBack(cluster, step);
    await goOn(cluster, step);
  },
};

async function loseStore(cluster: Cluster, step: Step): Promise<void> {
  const fra = cluster.node('fra');
  const others = ['iad', 'sin'];
  await step('the disk of fra is lost; releases go on', async () => {
    await fra.kill();
    await cluster.loseStore(fra);
    return await publish(cluster, { name: 'two', sequence: 2, regions: others });
  });
  await step('with an empty store it fetches all; its key signs nothing', async () => {
    await fra.start();
    const found = await everywhere(cluster, { stream: RELEASES, sequence: 2, regions: others });
    const said = await logged(cluster, fra, 'region.refused');
    return `${found}; ${said}; ${await lackRegions(cluster, 3)}`;
  });
  await step('its region gets a new key, until it vouches', () => replaceKey(cluster, fra, 2));
  await step('who demands the word of all regions has it', () => readAll(cluster));
}

async function putStoreBack(cluster: Cluster, step: Step): Promise<void> {
  const sin = cluster.node('sin');
  const others = ['iad', 'fra'];
  await step('back up sin, go on, and put the whole disk back', async () => {
    await sin.stop();
    await cluster.backUp(sin);
    await sin.start();
    const found = await publish(cluster, { name: 'three', sequence: 3 });
    await sin.kill();
    await cluster.putBack(sin);
    return `${found}; the copy has release 2`;
  });
  await step('others show it what it signed; it holds back, catches up, serves', async () => {
    await sin.start();
    const suspect = await logged(cluster, sin, 'store.suspect');
    const serving = await logged(cluster, sin, 'node.serving');
    const found = await everywhere(cluster, { stream: RELEASES, sequence: 3, regions: others });
    return `${suspect}; ${serving}; ${found}`;
  });
  await step('its key signs nothing: the others, with the new key of fra, are enough', () =>
    publish(cluster, { name: 'four', sequence: 4, regions: others }),
  );
  await step('its region gets a new key, until it vouches', async () => {
    await sin.stop();
    return `${await doctorOf(cluster, sin)}; ${await replaceKey(cluster, sin, 3)}`;
  });
  await step('all regions vouch, programs are fresh', async () => {
    const found = await publish(cluster, { name: 'five', sequence: 5 });
    await cluster.programs.fresh();
    return `${found}; ${await readAll(cluster)}`;
  });
}

async function publish(
  cluster: Cluster,
  {
    name,
    ...wanted
  }: { readonly name: string; readonly sequence: number; readonly regions?: readonly string[] },
): Promise<string> {
  const ca = await cluster.desk.workloadCa(name);
  await cluster.kedge(['anchor', 'stage', ca, ...ON, ...BOTH]);
  const found = await everywhere(cluster, { stream: RELEASES, ...wanted });
  if (wanted.regions === undefined) return found;
  // What did not come until now could still come.
  const { regions } = await vouching(cluster, RELEASES);
  expectSight(`only ${wanted.regions.join(', ')} vouch`, {
    holds: regions.length === wanted.regions.length,
    found: regions.join(', '),
  });
  return found;
}

/** A new key on the host of a node, in its configuration, and in the charter. */
async function replaceKey(cluster: Cluster, node: NodeProcess, version: number): Promise<string> {
  const { region, configFile } = node.place;
  const key = `${region}-2.key`;
  await node.stop();
  await cluster.desk.regionKey(region, key);
  const config = await readFile(configFile, 'utf8');
  const changed = config.replace(`${region}-1.key`, key);
  await cluster.desk.put(basename(configFile), changed);
  await node.start();
  const draft = `charter-${version}.json`;
  const replace = ['--replace-region', `${region}=${key}.pub`, '--note', 'new disk'];
  await planCharter(cluster, draft, ['rotate', ...replace]);
  await propose(cluster, draft, { of: CHARTERS });
  const charter = await everywhere(cluster, { stream: CHARTERS, sequence: version });
  const head = await headAt(cluster, node, RELEASES);
  const sequence = head?.sequence ?? 0;
  return `${charter}; ${await everywhere(cluster, { stream: RELEASES, sequence })}`;
}

/** Waits until a node has logged an event since its start. */
async function logged(cluster: Cluster, node: NodeProcess, event: string): Promise<string> {
  const { id } = node.place;
  return await cluster.until(`${event} in the log of ${id}`, async () => {
    const line = node.printed(`"${event}"`);
    const found = line === undefined ? `no ${event} in the log of ${id}` : `${id} logged ${event}`;
    return await Promise.resolve({ holds: line !== undefined, found });
  });
}

/** What the doctor says of the key of a region, on the host of a node that does not run. */
async function doctorOf(cluster: Cluster, { place }: NodeProcess): Promise<string> {
  const argv = ['doctor', '--config', place.configFile, '--output', 'json'];
  // The limits of this machine are its own: they may fail.
  const printed: unknown = JSON.parse(await cluster.desk.kedge(argv, undefined, [0, 1]));
  const finding = listOf(fieldOf(printed, 'findings')).find(
    (one) => textOf(one, 'check') === 'region-key',
  );
  const verdict = textOf(finding, 'verdict');
  return expectSight('the doctor says that a new key is due', {
    holds: verdict === 'warn' || verdict === 'fail',
    found: `doctor, region-key: ${verdict}`,
  });
}

/** Waits for heartbeats of all. Charters that old keys cannot cosign are vouched for by hand. */
async function readAll(cluster: Cluster): Promise<string> {
  const { digest = '' } = (await headAt(cluster, cluster.near, CHARTERS)) ?? {};
  return await cluster.until('the word of all regions that this is the newest', async () => {
    const argv = ['bundle', 'show', BUNDLE, ...OF_ALL, '--known-charter', digest];
    const { code, stdout, stderr } = await cluster.desk.run(argv, cluster.near);
    const found = `3 regions say that it is the newest: ${firstLineOf(stdout)}`;
    return { holds: code === 0, found: code === 0 ? found : firstLineOf(stderr) };
  });
}
