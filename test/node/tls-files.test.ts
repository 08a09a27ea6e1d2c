import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAt } from '../../src/node/tls-files.ts';

describe('lookAt', () => {
  let folder: string;
  let paths: readonly string[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kedge-tls-files-'));
    paths = ['a.pem', 'b.pem'].map((name) => join(folder, name));
    for (const path of paths) await writeFile(path, 'same');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('says the same while nothing is written or replaced', async () => {
    const before = await lookAt(paths, laterMs());
    expect(before).toBeDefined();
    expect(await lookAt(paths, laterMs())).toBe(before);
  });

  it('says something else when a file is replaced by one with the same content', async () => {
    const before = await lookAt(paths, laterMs());
    await writeFile(join(folder, 'new.pem'), 'same');
    await rename(join(folder, 'new.pem'), join(folder, 'b.pem'));
    expect(await lookAt(paths, laterMs())).not.toBe(before);
  });

  it('says nothing of files that changed just now: another change may look the same', async () => {
    expect(await lookAt(paths, Date.now())).toBeUndefined();
    expect(await lookAt(paths, Date.now() - 60_000)).toBeUndefined();
  });

  it('says nothing when a file is not there', async () => {
    expect(await lookAt([...paths, join(folder, 'none.pem')], laterMs())).toBeUndefined();
  });

  /** When files that were just written have rested. */
  function laterMs(): number {
    return Date.now() + 10_000;
  }
});
