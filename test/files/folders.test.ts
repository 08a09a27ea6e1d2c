import { mkdir, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/files/folders.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';

describe('makeFolder', () => {
  it('makes a folder and those above it, for the owner alone when asked', async () => {
    await using dir = await createTempDir();
    await makeFolder(dir.join('a', 'b'), { access: 'private' });
    expect((await stat(dir.join('a'))).mode & 0o777).toBe(0o700);
    expect((await stat(dir.join('a', 'b'))).mode & 0o777).toBe(0o700);
  });

  it('leaves a folder that is there as it is, whoever makes it at the same time', async () => {
    await using dir = await createTempDir();
    await mkdir(dir.join('a'), { mode: 0o750 });
    const path = dir.join('a', 'b', 'c');
    await Promise.all([1, 2, 3].map(() => makeFolder(path, { access: 'public' })));
    expect((await stat(dir.join('a'))).mode & 0o777).toBe(0o750);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('fails where a file is in the way', async () => {
    await using dir = await createTempDir();
    await writeFile(dir.join('file'), '');
    await expect(makeFolder(dir.join('file', 'a'), { access: 'public' })).rejects.toThrow(
      'ENOTDIR',
    );
  });

  it.runIf(process.platform === 'linux')('ends in a place that takes no folders', async () => {
    await expect(makeFolder('/proc/kedge/a', { access: 'private' })).rejects.toThrow('ENOENT');
  });
});
