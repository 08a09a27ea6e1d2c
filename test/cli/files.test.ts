import { mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFile, readInput, replaceFile } from '../../src/cli/files.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

let dir: TempDir;
beforeEach(async () => {
  dir = await createTempDir();
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

describe('createFile', () => {
  it('never touches a file that is there, and leaves nothing behind', async () => {
    const path = await dir.write('key', 'old');
    await expect(createFile(path, 'new', 'private')).rejects.toMatchObject({
      code: 'STORE',
      message: `${path} exists already and is left as it is`,
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(dir.path)).toEqual(['key']);
  });

  it('does not follow a dangling link', async () => {
    await symlink(dir.join('target'), dir.join('link'));
    await expect(createFile(dir.join('link'), 'x', 'private')).rejects.toMatchObject({
      code: 'STORE',
    });
    expect(await readdir(dir.path)).toEqual(['link']);
  });

  it('makes private files readable by their owner alone', async () => {
    await createFile(dir.join('key'), 'x', 'private');
    expect((await stat(dir.join('key'))).mode & 0o777).toBe(0o600);
  });

  it('says when the directory is not there', async () => {
    await expect(createFile(dir.join('no', 'key'), 'x', 'private')).rejects.toMatchObject({
      code: 'CONFIG',
    });
  });
});

describe('replaceFile', () => {
  it('replaces the content in one step', async () => {
    const path = await dir.write('draft', 'old');
    await replaceFile(path, 'new', 'public');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(dir.path)).toEqual(['draft']);
  });
});

describe('readInput', () => {
  const options = { what: 'draft', maxBytes: 10 };

  it('says what is wrong with a path', async () => {
    await mkdir(dir.join('folder'));
    await expect(readInput(dir.join('none'), options)).rejects.toMatchObject({
      code: 'CONFIG',
      message: `cannot read the draft ${dir.join('none')}: there is no such file`,
    });
    await expect(readInput(dir.join('folder'), options)).rejects.toMatchObject({
      code: 'CONFIG',
      message: `cannot read the draft ${dir.join('folder')}: it is a directory`,
    });
    await expect(readInput('/dev/zero', options)).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it('refuses files that are too large before reading them', async () => {
    const path = await dir.write('draft', 'x'.repeat(11));
    await expect(readInput(path, options)).rejects.toMatchObject({ code: 'LIMIT' });
  });
});
