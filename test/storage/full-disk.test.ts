/**
 * A disk that is really full: a small file system in memory, and a limit on file sizes.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { batchOf, documentOf, PAYMENTS } from '../contract/store-fixtures.ts';
import { childProgram, childResult } from '../support/child.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-full-'));
const disk = join(root, 'disk');
await mkdir(disk);
const canMount = mountDisk();
const FULL = { code: 'STORE', detail: { reason: 'full' } };

afterAll(async () => {
  if (canMount) spawnSync('umount', [disk]);
  await rm(root, { recursive: true });
});

describe.skipIf(!canMount)('a store on a full disk (skipped where mounting is not allowed)', () => {
  afterEach(async () => {
    for (const name of await readdir(disk)) await rm(join(disk, name), { recursive: true });
  });

  it('rejects the append, still reads, and goes on by itself when there is room', async () => {
    await using store = await openLevelStore(join(disk, 'store'));
    const held = await fill(store);
    await expect(store.append(batchOf(large(held + 1)))).rejects.toMatchObject(FULL);
    expect((await store.load()).heads).toEqual([large(held)]);
    expect(await store.document(PAYMENTS, large(1).sequence)).toEqual(large(1).document);
    expect(store.trouble?.reason).toContain('the disk is full');

    await rm(join(disk, 'ballast'));
    await store.append(batchOf(large(held + 1)));
    await store.append(batchOf(large(held + 2)));
    expect((await store.load()).heads).toEqual([large(held + 2)]);
    expect(store.trouble).toBeUndefined();
  });

  it('finds everything acknowledged before and after the disk was full', async () => {
    const path = join(disk, 'store');
    const first = await openLevelStore(path);
    const held = await fill(first);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(first.append(batchOf(large(held + 1)))).rejects.toMatchObject(FULL);
    }
    await rm(join(disk, 'ballast'));
    for (let more = 1; more <= 20; more += 1) await first.append(batchOf(large(held + more)));
    await first[Symbol.asyncDispose]();

    await using again = await openLevelStore(path);
    expect((await again.load()).heads).toEqual([large(held + 20)]);
    expect(await again.statements(PAYMENTS, { limit: 1000 })).toHaveLength(held + 20);
  });

  it('reads while appends fail and while the database is opened anew', async () => {
    await using store = await openLevelStore(join(disk, 'store'));
    const held = await fill(store);
    const reads = Array.from({ length: 200 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index % 40));
      return await store.document(PAYMENTS, large(1).sequence);
    });
    await expect(store.append(batchOf(large(held + 1)))).rejects.toMatchObject(FULL);
    await rm(join(disk, 'ballast'));
    await store.append(batchOf(large(held + 1)));
    expect(new Set((await Promise.all(reads)).map((document) => document?.body.length))).toEqual(
      new Set([large(1).document.body.length]),
    );
  });

  it('says so when there is no room for a new store', async () => {
    await writeFile(join(disk, 'ballast'), new Uint8Array(64 * 1024 * 1024)).catch(() => undefined);
    await expect(openLevelStore(join(disk, 'store'))).rejects.toMatchObject(FULL);
    await rm(join(disk, 'ballast'));
    await using store = await openLevelStore(join(disk, 'store'));
    expect(await store.streams()).toEqual([]);
  });
});

describe('a store with a limit on file sizes', () => {
  it('rejects the append that does not fit and keeps what was acknowledged', async () => {
    const program = childProgram(new URL('append-child.ts', import.meta.url));
    try {
      const path = join(root, 'limited');
      const child = program.run([path, '40000'], { stdio: ['ignore', 'pipe', 'pipe'] });
      spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=1000000']);
      const { stdout, stderr } = await childResult(child);
      expect(stdout, stderr).toMatch(/^stop STORE full$/m);
      const held = [...stdout.matchAll(/^held (\d+)$/gm)].length;
      expect(held).toBeGreaterThan(10);
      await using store = await openLevelStore(path);
      const [head] = await store.streams();
      expect(head?.sequence).toBeGreaterThanOrEqual(held);
    } finally {
      program.remove();
    }
  });
});

/** Documents until an append fails; the last room is taken by a file named `ballast`. */
async function fill(store: Store): Promise<number> {
  await store.append(batchOf(large(1), large(2)));
  await writeFile(join(disk, 'ballast'), new Uint8Array(10 * 1024 * 1024));
  for (let sequence = 3; ; sequence += 1) {
    try {
      await store.append(batchOf(large(sequence)));
    } catch (thrown) {
      expect(thrown).toMatchObject(FULL);
      return sequence - 1;
    }
  }
}

function large(sequence: number): ReturnType<typeof documentOf> {
  return documentOf(PAYMENTS, sequence, { bodyBytes: 30_000 });
}

function mountDisk(): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=14m', 'tmpfs', disk]).status === 0;
}
