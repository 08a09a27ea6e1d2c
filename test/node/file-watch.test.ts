import { rename, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWatch } from '../../src/node/file-watch.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
});

afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

describe('FileWatch', () => {
  it('tells of a file that another one was renamed over', async () => {
    const file = await dir.write('tls.crt', 'old');
    let told = 0;
    using _watch = new FileWatch({
      files: [file],
      clock: systemClock,
      onMaybeChanged: () => {
        told += 1;
      },
    });
    for (let round = 1; round <= 2; round += 1) {
      await writeFile(`${file}.new`, 'new');
      await rename(`${file}.new`, file);
      const before = told;
      await expect.poll(() => told, { timeout: 5_000 }).toBeGreaterThan(before);
    }
  });

  it('looks every ten seconds where a folder cannot be watched', () => {
    const clock = new SimulatedClock();
    let told = 0;
    const watch = new FileWatch({
      files: [dir.join('nowhere', 'tls.crt')],
      clock,
      onMaybeChanged: () => {
        told += 1;
      },
    });
    clock.advance(9_999);
    expect(told).toBe(0);
    clock.advance(1);
    clock.advance(10_000);
    expect(told).toBe(2);
    watch[Symbol.dispose]();
    clock.advance(60_000);
    expect(told).toBe(2);
  });
});
