/**
 * A program that makes a thousand requests each second through a live agent, whatever the answers
 * do, and says at its end how long each took.
 *
 * Started like the programs of the demonstration, with a setup in its first argument.
 *
 * @module
 */
import { get } from 'node:https';
import {
  loadIdentity,
  openTrust,
  readSetup,
  report,
  takeOrders,
} from '../../demo/programs/runtime.ts';
import { liveHttpsAgent } from '../../src/index.ts';

const PER_SECOND = 1000;
const TICK_MS = 2;
const TIMEOUT_MS = 10_000;
const SOCKETS_MAX = 32;

const setup = readSetup();
const [target] = setup.targets;
if (target === undefined) throw new Error('a requester needs a target');
const { host, port } = target;
const source = await openTrust(setup);
const agent = liveHttpsAgent(source, {
  bundle: setup.bundles[0] ?? '',
  identity: loadIdentity(setup.identity),
  agent: { maxSockets: SOCKETS_MAX },
});

const atMs: number[] = [];
const tookMs: number[] = [];
let failed = 0;
let lastFailure: string | undefined;
let begun = 0;

const startMs = performance.now();
const timer = setInterval(() => {
  const due = ((performance.now() - startMs) * PER_SECOND) / 1000;
  for (; begun < due; begun += 1) request();
}, TICK_MS);

takeOrders(
  () => undefined,
  async () => {
    clearInterval(timer);
    await new Promise<void>((resolve) => {
      process.send?.({ kind: 'samples', atMs, tookMs, failed, lastFailure }, () => resolve());
    });
    agent.destroy();
    await source.close();
  },
);
report({ kind: 'ready', port: -1 });

function request(): void {
  const beganMs = performance.now();
  const done = (failure: string | undefined): void => {
    atMs.push(performance.timeOrigin + beganMs);
    tookMs.push(performance.now() - beganMs);
    if (failure === undefined) return;
    failed += 1;
    lastFailure = failure;
  };
  const outgoing = get({ host, port, path: '/', agent, timeout: TIMEOUT_MS }, (response) => {
    response.on('error', (error) => done(error.message));
    response.on('end', () => {
      done(response.statusCode === 200 ? undefined : `status ${String(response.statusCode)}`);
    });
    response.resume();
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
  outgoing.on('error', (error) => done(error.message));
}
