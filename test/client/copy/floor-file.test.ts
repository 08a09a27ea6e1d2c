import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FloorFile } from '../../../src/client/copy/floor-file.ts';
import { CLOCK_SKEW_MAX_MS } from '../../../src/core/limits.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';

const FLOOR_MS = 1_764_000_000_000;
let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

describe('FloorFile', () => {
  it('keeps a floor for the next run, in a folder that it makes', async () => {
    const folder = dir.join('cache');
    expect(await new FloorFile(folder).load()).toBe(0);
    await new FloorFile(folder).keep(FLOOR_MS);
    expect(await new FloorFile(folder).load()).toBe(FLOOR_MS);
  });

  it('does not write for less than the clock skew', async () => {
    const file = new FloorFile(dir.path);
    await file.keep(FLOOR_MS);
    await file.keep(FLOOR_MS + CLOCK_SKEW_MAX_MS - 1);
    expect(await new FloorFile(dir.path).load()).toBe(FLOOR_MS);
    await file.keep(FLOOR_MS + CLOCK_SKEW_MAX_MS);
    expect(await new FloorFile(dir.path).load()).toBe(FLOOR_MS + CLOCK_SKEW_MAX_MS);
  });

  it('never lowers what another program wrote', async () => {
    const ours = new FloorFile(dir.path);
    await new FloorFile(dir.path).keep(2 * FLOOR_MS);
    await ours.keep(FLOOR_MS);
    expect(await new FloorFile(dir.path).load()).toBe(2 * FLOOR_MS);
  });

  it('takes a damaged file for none', async () => {
    await new FloorFile(dir.path).keep(FLOOR_MS);
    const path = dir.join('clock');
    const text = await readFile(path, 'utf8');
    for (const damaged of [text.replace('1764', '9764'), text.slice(1), `${text}x`, '']) {
      await writeFile(path, damaged);
      expect(await new FloorFile(dir.path).load()).toBe(0);
    }
  });
});
