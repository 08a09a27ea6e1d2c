import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RUNBOOKS } from '../../src/rehearsal/runbooks/all.ts';
import { WAVES } from '../../src/rehearsal/runbooks/bad-publish.ts';
import { type ProcessExit, startProcess, type TestProcess } from '../../src/testing/processes.ts';
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
    { signals: ['SIGINT'], code: 9 },
    { signals: ['SIGINT', 'SIGTERM'], code: 130 },
    { signals: ['SIGHUP'], code: 129 },
  ] as const)(
    'leaves nothing behind after $signals',
    async ({ signals, code }) => {
      await using running = await start();
      const places = await running.waitForLine(/iad-1 at \d+/, { timeoutMs: 60_000 });
      expect(await readdir(running.folder)).not.toEqual([]);
      const ended = running.send(...signals);
      if (code === 9) await running.waitForLine(/what to do: nothing: it ended in order/);
      expect(await ended).toEqual({ code, signal: undefined });
      expect(await readdir(running.folder)).toEqual([]);
      // What was killed is gone a moment later.
      for (const port of portsIn(places)) {
        await expect.poll(() => answers(port), WAIT).toBe('nobody');
      }
    },
    120_000,
  );

  it.skipIf(!IS_BUILT)(
    'leaves no process behind after SIGKILL, which nobody can see coming',
    async () => {
      await using running = await start();
      const places = await running.waitForLine(/iad-1 at \d+/, { timeoutMs: 60_000 });
      for (const port of portsIn(places)) expect(await answers(port)).toBe('somebody');
      expect(await running.send('SIGKILL')).toEqual({ code: undefined, signal: 'SIGKILL' });
      const ports = portsIn(places);
      for (const port of ports) await expect.poll(() => answers(port), WAIT).toBe('nobody');
    },
    120_000,
  );

  it.skipIf(!IS_BUILT)('leaves nothing behind while the realm is made', async () => {
    await using running = await start();
    const look = async (): Promise<readonly string[]> => await readdir(running.folder);
    await expect.poll(look, { interval: 5, timeout: 60_000 }).not.toEqual([]);
    expect((await running.send('SIGINT', 'SIGTERM')).code).toBe(130);
    expect(await look()).toEqual([]);
  });
});

/** A rehearsal in a process of its own, with a folder for what it makes. */
async function start(): Promise<
  TestProcess & {
    readonly folder: string;
    readonly send: (...signals: readonly NodeJS.Signals[]) => Promise<ProcessExit>;
  }
> {
  const folder = await createTempDir('kedge-interrupted-');
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const env = { TMPDIR: folder.path };
  const running = await startProcess({ argv: [MAIN, 'rehearse', 'region-lost'], env });
  return Object.assign(running, {
    folder: folder.path,
    send: async (...signals: readonly NodeJS.Signals[]) => {
      for (const signal of signals) process.kill(running.pid, signal);
      return await running.exited;
    },
  });
}

/** Where the three nodes serve programs. */
function portsIn(places: string): readonly number[] {
  const ports = [...places.matchAll(/ at (\d+)/g)].map(([, port]) => Number(port));
  expect(ports).toHaveLength(3);
  return ports;
}

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
