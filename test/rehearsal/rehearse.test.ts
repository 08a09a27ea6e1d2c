import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RUNBOOKS } from '../../src/rehearsal/runbooks/all.ts';
import { WAVES } from '../../src/rehearsal/runbooks/bad-publish.ts';
import { startProcess } from '../../src/testing/processes.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { kedge } from '../cli/support.ts';
import { BOOK, WAVES as BOOK_WAVES } from '../handbook/support/book.ts';
import { IS_BUILT, MAIN } from './support.ts';

const WAIT = { timeout: 20_000, interval: 50 };

describe('kedge rehearse', () => {
  it('refuses a runbook that it does not know', async () => {
    const { code, stderr } = await kedge(['rehearse', 'panic']);
    expect(code).toBe(2);
    expect(stderr).toContain('there are: planned-rotation, emergency-distrust, bad-publish');
  });

  it('explains every runbook in its help', async () => {
    const { stdout } = await kedge(['rehearse', '--help']);
    for (const { name, summary } of RUNBOOKS) {
      expect(stdout).toContain(`${name}:`.padEnd(20) + summary);
    }
  });

  it('knows every runbook of the handbook that needs a fleet', () => {
    const others = [
      'the-realm of these pages',
      'proposal-taken back',
      'key-without a network',
      'stopped-realm',
    ];
    const titles = [...BOOK.keys()].slice(1).map((title) => title.toLowerCase());
    const named = titles.map((title) => title.replace(/ from | /, '-'));
    expect(RUNBOOKS.map(({ name }) => name)).toEqual(
      named.filter((name) => !others.includes(name)),
    );
  });

  it('rehearses the bad publish with the waves of the handbook', () => {
    expect(WAVES).toBe(BOOK_WAVES);
  });

  // After the second one nothing is waited for. Of two equal signals one may get lost.
  it.skipIf(!IS_BUILT).each([
    { signals: 1, code: 9 },
    { signals: 2, code: 130 },
  ])(
    'leaves nothing behind after $signals signals',
    async ({ signals, code }) => {
      const folder = await createTempDir('kedge-interrupted-');
      onTestFinished(() => folder[Symbol.asyncDispose]());
      const env = { TMPDIR: folder.path };
      await using running = await startProcess({ argv: [MAIN, 'rehearse', 'region-lost'], env });
      const places = await running.waitForLine(/iad-1 at \d+/, { timeoutMs: 60_000 });
      expect(await readdir(folder.path)).not.toEqual([]);
      process.kill(running.pid, 'SIGINT');
      if (signals === 1) await running.waitForLine(/what to do: nothing: it ended in order/);
      expect(await (signals === 1 ? running.exited : running.kill('SIGTERM'))).toEqual({
        code,
        signal: undefined,
      });
      expect(await readdir(folder.path)).toEqual([]);
      const ports = [...places.matchAll(/ at (\d+)/g)].map(([, port]) => Number(port));
      expect(ports).toHaveLength(3);
      // What was killed is gone a moment later.
      for (const port of ports) await expect.poll(() => answers(port), WAIT).toBe('nobody');
    },
    120_000,
  );
});

async function answers(port: number): Promise<'nobody' | 'somebody'> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve('nobody'));
    socket.once('connect', () => {
      socket.destroy();
      resolve('somebody');
    });
  });
}
