/**
 * Workers that come up at a bad moment.
 */
import { connect } from 'node:net';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { WorkerProcess } from '../../../src/grpc/workers/worker-process.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { findFreePort } from '../../../src/testing/ports.ts';
import { childProgram, childResult } from '../../support/child.ts';
import { nodeTls, tlsMaterial, twoWorkers } from '../support/listener.ts';

const crowded = childProgram(new URL('crowded-child.ts', import.meta.url));
afterAll(() => crowded.remove());
const { program } = twoWorkers;

/** Processes start one after the other, and pauses are between. */
const SLOW = { timeout: 60_000 };

function ignore(): void {
  // Nobody comes.
}

async function connecting(port: number): Promise<unknown> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', resolve).once('connect', () => resolve('connected'));
    onTestFinished(() => void socket.destroy());
  });
}

describe('a worker', () => {
  it('lets nobody in when its listener has stopped before it listens', async () => {
    const port = await findFreePort();
    const material = tlsMaterial(nodeTls);
    const worker = new WorkerProcess({
      program,
      beginning: { host: '127.0.0.1', port, sessions: 'full', moveWithinMs: 0, material },
      place: 1,
      makeTaker: () => ({ inject: ignore, drain: ignore, close: ignore }),
      clock: systemClock,
      logger: noLogger,
      metrics: noMetrics,
      onEnd: ignore,
    });
    onTestFinished(async () => await worker.end());
    worker.stop();
    await worker.listening;
    expect(await connecting(port)).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is started later where its node may open nothing more', SLOW, async () => {
    const child = crowded.run([program], { stdio: ['ignore', 'pipe', 'pipe'] });
    expect(await childResult(child)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^no process can be started\n(?:.*\n)*served again, by 1\n$/),
    });
  });
});
