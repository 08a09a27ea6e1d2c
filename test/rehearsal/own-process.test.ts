import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OwnProcess } from '../../src/rehearsal/own-process.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';

it('starts a process and hears it where its log cannot be written', async () => {
  await using folder = await createTempDir('kedge-own-process-');
  await using running = new OwnProcess({
    name: 'a program',
    argv: [process.execPath, '-e', 'console.log("ready"); setInterval(() => undefined, 1000)'],
    logFile: join(folder.path, 'missing', 'program.log'),
    ready: 'ready',
  });
  await running.start();
  expect(running.printed('ready')).toBe('ready');
  await running.stop();
  expect(running.isRunning).toBe(false);
});
