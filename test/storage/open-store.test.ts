/**
 * What openLevelStore makes of folders: new ones, its own, newer ones, busy ones, those of others.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { storeFailure } from '../../src/storage/failures.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { batchOf, documentOf, PAYMENTS } from '../contract/store-fixtures.ts';
import { childProgram } from '../support/child.ts';
import { containing, matching } from '../support/messages.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-open-'));
let count = 0;
let path = '';

afterAll(() => rm(root, { recursive: true }));

beforeEach(() => {
  count += 1;
  path = join(root, String(count));
});

describe('openLevelStore', () => {
  it('makes the folder, for its owner alone, and the folders above', async () => {
    const deep = join(path, 'a', 'b');
    await using store = await openLevelStore(deep);
    expect(store.storeId).toHaveLength(32);
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
  });

  it('refuses a place where no folder can be made', async () => {
    const error = await openLevelStore('/proc/kedge/store').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'STORE', detail: { reason: 'denied' } });
  });

  it.each([
    ['an empty folder', []],
    ['a fresh mount', ['lost+found']],
    ['what a creation that was cut short leaves', ['LOCK', 'LOG', 'MANIFEST-000001']],
  ])('starts in %s', async (_what, files) => {
    await mkdir(path);
    for (const file of files) await writeFile(join(path, file), '');
    await using store = await openLevelStore(path);
    expect(await store.streams()).toEqual([]);
  });

  it('takes a database without a format record for a creation that was cut short', async () => {
    await putRaw(path, []);
    await using store = await openLevelStore(path);
    expect(await store.streams()).toEqual([]);
  });

  it.each([
    ['a newer format', 'kedge-store 2 and whatever it says\n', 'newer'],
    ['a much newer format', `kedge-store 17 ${'ab'.repeat(16)}\n`, 'newer'],
    ['an unreadable format record', 'something', 'damaged'],
    ['a format record without an id', 'kedge-store 1\n', 'damaged'],
  ])('refuses %s and changes nothing', async (_what, format, reason) => {
    await putRaw(path, [['format', format]]);
    const error = await failure(path);
    expect(error).toMatchObject({ code: 'STORE', detail: { reason, path } });
    expect(await getRaw(path, 'format')).toBe(format);
  });

  it('says which format it reads when it refuses a newer one', async () => {
    await putRaw(path, [['format', 'kedge-store 2\n']]);
    expect(await failure(path)).toMatchObject({
      message: matching(/has format 2.*reads up to 1.*Run that version or a later/),
    });
  });

  it('refuses the database of another program', async () => {
    await putRaw(path, [['user:1', 'somebody']]);
    expect(await failure(path)).toMatchObject({ code: 'STORE', detail: { reason: 'foreign' } });
  });

  it('refuses a folder with other files, and leaves them alone', async () => {
    await mkdir(path);
    await writeFile(join(path, 'thesis.tex'), 'years of work');
    expect(await failure(path)).toMatchObject({
      code: 'STORE',
      detail: { reason: 'foreign' },
      message: containing('thesis.tex'),
    });
    expect(await readdir(path)).toEqual(['thesis.tex']);
  });

  it('refuses a path that is a file or lies below one', async () => {
    await writeFile(path, '');
    for (const place of [path, join(path, 'store')]) {
      expect(await failure(place)).toMatchObject({ code: 'STORE', detail: { reason: 'foreign' } });
    }
  });

  it('refuses a store that is open in this process', async () => {
    await using first = await openLevelStore(path);
    expect(await failure(path)).toMatchObject({ code: 'STORE', detail: { reason: 'locked' } });
    await first.append(batchOf(documentOf(PAYMENTS, 1)));
  });

  it('refuses a store that another process has open, until it is gone', async () => {
    const program = childProgram(new URL('append-child.ts', import.meta.url));
    try {
      const child = program.run([path], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('held')) resolve();
        });
      });
      expect(await failure(path)).toMatchObject({
        code: 'STORE',
        detail: { reason: 'locked' },
        message: containing('Stop the other process'),
      });
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
      await using store = await openLevelStore(path);
      expect(await store.streams()).toHaveLength(1);
    } finally {
      program.remove();
    }
  });

  it('can be opened again after it was closed', async () => {
    for (let sequence = 1; sequence <= 3; sequence += 1) {
      await using store = await openLevelStore(path);
      await store.append(batchOf(documentOf(PAYMENTS, sequence)));
    }
    await using store = await openLevelStore(path);
    expect((await store.load()).heads).toEqual([documentOf(PAYMENTS, 3)]);
  });
});

describe('openLevelStore without the right to write', () => {
  const place = join(root, 'read-only');
  spawnSync('mkdir', [place]);
  const isRoot = process.getuid?.() === 0;
  const mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', place]).status === 0;

  afterAll(() => {
    spawnSync('chmod', ['-R', '0700', place]);
    spawnSync('umount', [place]);
  });

  it.skipIf(isRoot && !mounted)(
    'says so, for a new store and for an old one (skipped for a root that may not mount)',
    async () => {
      const [old, fresh] = [join(place, 'old'), join(place, 'fresh')];
      await (await openLevelStore(old))[Symbol.asyncDispose]();
      // Permissions do not stop root; a read-only mount does.
      if (mounted) spawnSync('mount', ['-o', 'remount,ro', place]);
      else spawnSync('chmod', ['-R', '0500', place]);
      for (const path of [old, fresh]) {
        expect(await failure(path)).toMatchObject({
          code: 'STORE',
          detail: { reason: 'denied', path },
          message: containing('read and write access'),
        });
      }
    },
  );
});

async function putRaw(folder: string, entries: readonly [string, string][]): Promise<void> {
  const db = new Level<string, Uint8Array>(folder, { valueEncoding: 'view' });
  await db.open();
  for (const [key, value] of entries) await db.put(key, encodeUtf8(value));
  await db.close();
}

async function getRaw(folder: string, key: string): Promise<string | undefined> {
  const db = new Level<string, string>(folder);
  const value = await db.get(key);
  await db.close();
  return value;
}

async function failure(folder: string): Promise<unknown> {
  return await openLevelStore(folder).then(
    (store) => store[Symbol.asyncDispose](),
    (thrown: unknown) => {
      expect(storeFailure(thrown)).toBeDefined();
      return thrown;
    },
  );
}
