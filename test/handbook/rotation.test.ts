/**
 * The planned rotation of the handbook, typed by two people, with two programs that shake hands:
 * one in each region.
 */
import { once } from 'node:events';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { liveTlsClient } from '../../src/client/live/tls-client.ts';
import { liveTlsServer } from '../../src/client/live/tls-server.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import type { TestPki } from '../../src/testing/pki.ts';
import { BUNDLE } from '../cli/support.ts';
import { listen, tlsIdentity } from '../client/support/tls.ts';
import { Desks, type NodeName } from './support/desks.ts';

const WAIT = { timeout: 60_000, interval: 250 };
const HOUR_MS = 3_600_000;
let desks: Desks;
let caller: BundleSource;
let callee: BundleSource;

beforeAll(async () => {
  desks = await Desks.open();
  [caller, callee] = await Promise.all([open('iad-1'), open('fra-1')]);
}, 120_000);
afterAll(async () => {
  await Promise.all([caller.close(), callee.close()]);
  await desks[Symbol.asyncDispose]();
});

async function open(at: NodeName): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: 'prod.example.org',
    firstCharterDigest: desks.pin,
    endpoints: [desks.node(at).addresses.clients ?? ''],
    insecure: true,
    bundles: [BUNDLE],
  });
  await source.ready({ timeoutMs: 30_000 });
  return source;
}

/** One program calls the other with a leaf of `pki`. */
async function call(pki: TestPki): Promise<void> {
  const secureContext = tlsIdentity(pki.issue('callee'));
  const server = createServer({ requestCert: true, ...secureContext }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  using _ = liveTlsServer(callee, { bundle: BUNDLE, server, secureContext });
  const port = await listen(server);
  const identity = tlsIdentity(pki.issue('caller'));
  using client = liveTlsClient(caller, { bundle: BUNDLE, identity });
  const socket = client.connect({ host: '127.0.0.1', port, servername: 'localhost' });
  const said: string[] = [];
  socket.on('data', (data: Buffer) => said.push(data.toString()));
  await once(socket, 'close');
  expect(said.join('')).toBe('hello');
  server.close();
}

/** Waits, as `kedge rotate` without `--watch` would say "not yet". */
async function ready(): Promise<void> {
  await vi.waitFor(async () => {
    const { code, stdout } = await desks.kedge(['rotate', BUNDLE], 'ana');
    expect(code, stdout).toBe(12);
  }, WAIT);
}

it('Planned rotation: two people, and nobody loses a connection', {
  timeout: 240_000,
}, async () => {
  const next = desks.pki('Payments CA 2027');
  await desks.put('ca-2027.pem', next.caPem);
  const date = new Date(desks.nowMs() + 30 * 24 * HOUR_MS).toISOString();
  desks.given.set('date', date.replace(/\.\d+Z$/, 'Z'));
  await desks.typeSection('Planned rotation', 0, 3);
  await call(desks.old);
  const early = await desks.kedge(['rotate', BUNDLE], 'ana');
  expect([early.code, early.stdout]).toEqual([11, expect.stringContaining('hold-down')]);

  desks.move(25 * HOUR_MS);
  await again();
  await call(next);
  await desks.putChains(next);
  desks.move(25 * HOUR_MS);
  await ready();
  await again();
  await call(next);
  desks.move(25 * HOUR_MS);
  await ready();
  const removal = await again();
  await call(next);
  expect(removal[0]?.stderr).toContain('this comes 27 days before its date: remove of "Payments');
  expect(removal[1]?.stdout).toContain('makes what was announced, 27 days before its date: remove');
  const shown = await desks.kedge(['bundle', 'show', BUNDLE, '--output', 'json'], 'ben');
  expect(JSON.parse(shown.stdout)).toMatchObject({ planned: [], tombstones: [{}] });

  const runs = await desks.typeSection('Planned rotation', 4);
  expect(runs[0]?.stdout).toContain(
    'Done: the old anchor left with release 6 and the new one is trusted.',
  );
});

/** The block that is typed three times. */
async function again(): Promise<ReturnType<Desks['typeSection']>> {
  return await desks.typeSection('Planned rotation', 3, 4);
}
