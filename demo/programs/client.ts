/**
 * A client that calls all servers for ever and counts what fails.
 *
 * Half of its requests use kept-alive connections, half open a new one (resuming a TLS session when
 * the SDK still has one that may be used). A failed request is never repeated: one failure is one
 * failure.
 *
 * @module
 */
import { type Agent, get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { liveHttpsAgent } from '../../src/index.ts';
import type { Target } from '../messages.ts';
import { loadIdentity, openTrust, readSetup, report, takeOrders } from './runtime.ts';

const REPORT_MS = 100;
const REQUEST_TIMEOUT_MS = 10_000;

const setup = readSetup();
const source = await openTrust(setup);
const bundle = setup.bundles[0] ?? '';
const identity = loadIdentity(setup.identity);
const pooled = liveHttpsAgent(source, { bundle, identity });
const fresh = liveHttpsAgent(source, { bundle, identity, agent: { keepAlive: false } });

const counts = { requests: 0, failed: 0, resumed: 0 };
let lastFailure: string | undefined;
let isRunning = true;

takeOrders(
  (order) => {
    if (order.kind === 'identity') {
      const next = loadIdentity(order.identity);
      pooled.updateIdentity(next);
      fresh.updateIdentity(next);
      report({ kind: 'swapped' });
    } else {
      void tryServer(order.target);
    }
  },
  async () => {
    isRunning = false;
    pooled.destroy();
    fresh.destroy();
    await source.close();
  },
);
report({ kind: 'ready', port: -1 });
setInterval(() => report({ kind: 'counts', ...counts, lastFailure }), REPORT_MS).unref();
await Promise.all(setup.targets.flatMap((target) => [pooled, fresh].map((a) => call(target, a))));

/** Calls one server through one agent until the program stops. */
async function call(target: Target, agent: Agent): Promise<void> {
  while (isRunning) {
    const failure = await request(target, agent);
    counts.requests += 1;
    if (failure !== undefined) {
      counts.failed += 1;
      lastFailure = failure;
    }
    await sleep(setup.pauseMs);
  }
}

async function tryServer(target: Target): Promise<void> {
  const refusal = await request(target, fresh);
  report({ kind: 'tried', refusal });
}

/** One request; the reason when it was not answered with 200. */
function request({ host, port }: Target, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { host, port, path: '/', agent, timeout: REQUEST_TIMEOUT_MS };
    const outgoing = get(options, (response) => {
      const { socket, statusCode } = response;
      if (agent === fresh && socket instanceof TLSSocket && socket.isSessionReused()) {
        counts.resumed += 1;
      }
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => {
        resolve(statusCode === 200 ? undefined : `status ${String(statusCode)}`);
      });
      response.resume();
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error) => resolve(error.message));
  });
}
