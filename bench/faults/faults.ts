/**
 * What is done to the nodes. Each fault is made while releases are published, and undone; what is
 * measured afterwards is the same for all.
 *
 * @module
 */
import { cp, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WanNode } from '../wan/cluster.ts';
import type { Wan } from '../wan/wan.ts';
import { SmallDisk } from './disk.ts';
import { EarlierVersion } from './earlier.ts';
import type { Field } from './field.ts';

/** One fault. */
export interface Fault {
  /** For figures: lower camel case. */
  readonly name: string;
  readonly summary: string;
  /**
   * Makes it and undoes it. Returns why it could not be made, if so. What is only to be undone when
   * everything has been measured goes to `later`.
   */
  inflict(field: Field, wan: Wan, later: Later): Promise<string | undefined>;
}

/** Takes what is to be done after a fault was measured, also when that failed. */
export type Later = (undo: () => Promise<void>) => void;

/** Longer than a link needs to notice that its peer is silent (15 s). */
const LONG_MS = 20_000;
const SHORT_MS = 3000;
const FLAP_MS = 1000;
const FLAPS = 15;
const LOSS_SHARE = 0.05;
/** Where the admin publishes unless the fault is there. */
const USUAL = ['iad-1', 'fra-2', 'syd-3'];

/** All faults, one after the other. */
export const FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    summary: 'SIGKILL of three nodes, one of them in the middle of publishing; started again',
    inflict: kill,
  },
  {
    name: 'pause',
    summary: 'SIGSTOP of two nodes for 20 s, then SIGCONT',
    inflict: pause,
  },
  {
    name: 'partition',
    summary: 'sin cut off from all other regions, both ways, for 20 s',
    inflict: async (field, wan) => cutOff(field, wan, 'sin', ['to', 'from'], LONG_MS),
  },
  {
    name: 'oneWayPartition',
    summary: 'nothing from gru arrives elsewhere for 20 s; gru hears the others',
    inflict: async (field, wan) => cutOff(field, wan, 'gru', ['from'], LONG_MS),
  },
  {
    name: 'flapping',
    summary: 'fra cut off and back every second, 15 times',
    inflict: flap,
  },
  {
    name: 'loss',
    summary: '5 % of all packets between regions lost for 20 s',
    inflict: losePackets,
  },
  {
    name: 'fullDisk',
    summary: 'the disk of one node is full for 10 s; it goes on without a restart',
    inflict: async (field, _, later) => fillDisk(field, later),
  },
  {
    name: 'restoredBackup',
    summary: 'the store of one node is replaced by an older copy of itself',
    inflict: restoreBackup,
  },
  {
    name: 'rollingRestart',
    summary: 'each node restarted in turn (SIGTERM), as an upgrade does',
    inflict: restartAll,
  },
  {
    name: 'mixedVersions',
    summary: 'one node of each region is of an earlier version, then upgraded',
    inflict: async (field, _, later) => mixVersions(field, later),
  },
];

async function kill(field: Field): Promise<undefined> {
  const nodes = ['iad-1', 'sin-2', 'gru-3'].map((name) => field.node(name));
  await field.publishAt(...USUAL);
  await sleep(SHORT_MS);
  await Promise.all(nodes.map(async ({ process }) => process.kill()));
  await field.publishAt('fra-2', 'syd-3');
  await sleep(SHORT_MS);
  for (const { host, process } of nodes) {
    await process.start();
    await field.observe(host.name);
  }
  return undefined;
}

async function pause(field: Field): Promise<undefined> {
  const pids = ['fra-1', 'gru-2'].map((name) => field.node(name).process.pid ?? 0);
  await field.publishAt(...USUAL);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await sleep(LONG_MS);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  return undefined;
}

async function flap(field: Field, wan: Wan): Promise<undefined> {
  for (let i = 0; i < FLAPS; i += 1) {
    await cutOff(field, wan, 'fra', ['to', 'from'], FLAP_MS);
    await sleep(FLAP_MS);
  }
  return undefined;
}

async function losePackets(field: Field, wan: Wan): Promise<string | undefined> {
  if (wan.kind === 'proxies') return 'proxies lose no packets';
  await field.publishAt(...USUAL);
  await wan.lose(LOSS_SHARE);
  await sleep(LONG_MS);
  await wan.lose(0);
  return undefined;
}

async function restartAll(field: Field): Promise<undefined> {
  for (const { host, process } of field.cluster.nodes) {
    await field.publishAt(...USUAL.filter((name) => name !== host.name));
    await process.end();
    await process.start();
    await field.observe(host.name);
  }
  return undefined;
}

/** Measured while both versions run; upgraded afterwards, under the same oracle. */
async function mixVersions(field: Field, later: Later): Promise<string | undefined> {
  const earlier = await EarlierVersion.build();
  if (typeof earlier === 'string') return earlier;
  const nodes = field.cluster.nodes.filter(({ host }) => host.number === 1);
  const restart = async ({ host, process }: WanNode, cli?: string): Promise<void> => {
    await field.publishAt(...USUAL.filter((name) => name !== host.name));
    await process.end();
    await process.start(cli);
    await field.observe(host.name);
  };
  later(async () => {
    for (const node of nodes) await restart(node);
    const equalMs = await field.untilEqual();
    await earlier[Symbol.asyncDispose]();
    if (!Number.isFinite(equalMs)) throw new Error('the nodes are not equal after the upgrade');
    field.notes.push(`mixedVersions: equal ${Math.round(equalMs)} ms after the upgrade`);
  });
  for (const node of nodes) await restart(node, earlier.cli);
  const names = nodes.map(({ host }) => host.name);
  field.notes.push(`mixedVersions: ${names.join(', ')} were built from ${earlier.name}`);
  // At nodes of both versions in turn.
  await field.publishAt(...USUAL, ...names);
  await sleep(LONG_MS);
  return undefined;
}

async function cutOff(
  field: Field,
  wan: Wan,
  region: string,
  ways: readonly ('to' | 'from')[],
  durationMs: number,
): Promise<undefined> {
  const at = wan.matrix.regions.indexOf(region);
  const others = wan.matrix.regions.map((_, i) => i).filter((i) => i !== at);
  await field.publishAt(...USUAL);
  for (const other of others) {
    if (ways.includes('to')) await wan.cut(other, at);
    if (ways.includes('from')) await wan.cut(at, other);
  }
  await sleep(durationMs);
  for (const other of others) {
    await wan.heal(other, at);
    await wan.heal(at, other);
  }
  return undefined;
}

async function fillDisk(field: Field, later: Later): Promise<string | undefined> {
  const { host, process, storePath } = field.node('sin-1');
  await field.publishAt(...USUAL);
  await process.end();
  const disk = await SmallDisk.under(storePath);
  if (disk !== undefined) {
    later(async () => {
      await process.end();
      await disk.leave();
      await process.start();
    });
  }
  await process.start();
  if (disk === undefined) return 'mounting is not allowed';
  await field.observe(host.name);
  await disk.fill();
  await sleep(LONG_MS / 2);
  const behind = await field.behind(host.name);
  field.notes.push(`fullDisk: ${host.name} went on serving, ${behind} statements behind`);
  await disk.free();
  return undefined;
}

async function restoreBackup(field: Field): Promise<undefined> {
  const { host, process, storePath } = field.node('gru-1');
  const backup = `${storePath}.backup`;
  await field.publishAt(...USUAL);
  await process.end();
  await cp(storePath, backup, { recursive: true });
  await process.start();
  await sleep(SHORT_MS);
  await field.observe(host.name);
  await process.end();
  await rm(storePath, { recursive: true });
  await cp(backup, storePath, { recursive: true });
  await process.start();
  await field.observe(host.name);
  return undefined;
}
