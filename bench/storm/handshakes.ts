/**
 * What many TLS handshakes cost on this machine: a bare server in Node that accepts and greets,
 * clients that connect, a bounded number at a time; then once more with the sessions of before.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../../src/testing/ports.ts';
import { rawTls } from '../fanout/bare.ts';
import type { Certificates } from '../fanout/certificates.ts';
import { nowUs } from '../swarm/clock.ts';
import { Swarm } from '../swarm/swarm.ts';

const AT_ONCE = 256;
const WITHIN_MS = 300_000;

/** How long all took. */
export interface Handshakes {
  readonly fullMs: number;
  readonly resumedMs: number;
  /** How many of the second ones were resumed. */
  readonly resumed: number;
}

/** Connects so many clients twice. */
export async function measureHandshakes(setting: {
  readonly folder: string;
  readonly certificates: Certificates;
  readonly program: string;
  readonly clients: number;
}): Promise<Handshakes> {
  const { certificates, program, clients } = setting;
  const folder = join(setting.folder, 'handshakes');
  await mkdir(folder);
  const tls = await certificates.files('node', 'server-handshakes');
  const port = await findFreePort();
  await using server = await rawTls.start({ folder, certificates, tls, port });
  const { dialogue } = server;
  await using swarm = new Swarm(program, { dialogue, certificates, resumption: 'on' });
  const fullMs = await open(swarm, clients);
  const before = await swarm.stats();
  await swarm.close();
  const resumedMs = await open(swarm, clients);
  const { resumed } = await swarm.stats();
  return { fullMs, resumedMs, resumed: resumed - before.resumed };
}

async function open(swarm: Swarm, clients: number): Promise<number> {
  const startUs = nowUs();
  const { us } = await swarm.open(clients, AT_ONCE, WITHIN_MS);
  return (us.reduce((most, each) => Math.max(most, each), startUs) - startUs) / 1000;
}
