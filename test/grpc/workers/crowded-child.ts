/**
 * A process that may open nothing more when its worker dies: `crowded-child <program of workers>`.
 * Prints why no worker could be started then, and `served again, by` how many workers.
 */
import cluster from 'node:cluster';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { Authorities } from '../../../src/grpc/tls/authorities.ts';
import { LiveTls } from '../../../src/grpc/tls/live-tls.ts';
import { TlsWorkers } from '../../../src/grpc/workers/tls-workers.ts';
import { type LogFields, type Logger, noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { createTestPki } from '../../../src/testing/pki.ts';

const [, , program = ''] = process.argv;
const { certificatePem, keyPem } = createTestPki().issue('node');
const nobody = new Authorities([]);
const material = {
  cert: Buffer.from(certificatePem),
  key: Buffer.from(keyPem),
  callers: nobody,
  peers: nobody,
};
const taken: number[] = [];

/** Lets processes be started again once one could not. */
function ended(fields: LogFields): void {
  if (fields['reason'] === 'SIGKILL') return;
  process.stdout.write(`${String(fields['reason'])}\n`);
  for (const fd of taken.splice(0)) closeSync(fd);
}

const logger: Logger = { ...noLogger, error: ended };
const workers = await TlsWorkers.listen({
  count: 1,
  program,
  host: '127.0.0.1',
  port: 0,
  tls: new LiveTls(material, { withinMs: 0, random: () => 0 }),
  sessions: 'full',
  makeTaker: () => ({ inject: () => undefined, drain: () => undefined, close: () => undefined }),
  clock: systemClock,
  logger,
  metrics: noMetrics,
});
takeAll();
for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
while (taken.length > 0 || !(await isServed())) await pause();
process.stdout.write(`served again, by ${Object.keys(cluster.workers ?? {}).length}\n`);
await workers.destroy();

function takeAll(): void {
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // That was the last one.
  }
}

async function isServed(): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(workers.port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function pause(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
}
