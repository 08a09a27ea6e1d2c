/**
 * Damaged stores: said at opening or at reading, and never another answer than what was appended.
 */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { storeFailure } from '../../src/storage/failures.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import {
  at,
  batchOf,
  blobOf,
  CHARTER,
  documentOf,
  documentsOf,
  PAYMENTS,
} from '../contract/store-fixtures.ts';
import { matching } from '../support/messages.ts';

const COUNT = 40;
const root = await mkdtemp(join(tmpdir(), 'kedge-damage-'));
const sound = join(root, 'sound');
let copies = 0;
let soundId = '';

beforeAll(async () => {
  const first = await openLevelStore(sound);
  soundId = first.storeId;
  await first.append({ documents: documentsOf(CHARTER, 1, 3), blobs: [blobOf('one')] });
  for (let sequence = 1; sequence < COUNT; sequence += 1) {
    await first.append(batchOf(release(sequence)));
  }
  await first[Symbol.asyncDispose]();
  // Opening moves the log into a table; the last document is in the next log.
  const second = await openLevelStore(sound);
  await second.append(batchOf(release(COUNT)));
  await second[Symbol.asyncDispose]();
});

afterAll(() => rm(root, { recursive: true }));

describe('openLevelStore', () => {
  it('opens the sound store, so that the damage below is what fails', async () => {
    expect(await damagedAnswers(await copyOfSound())).toEqual([]);
    const kinds = (await names(sound)).map((name) => name.replace(/\d+/, 'N')).sort();
    expect(kinds).toEqual(['CURRENT', 'MANIFEST-N', 'N.ldb', 'N.log']);
  });

  it.each([
    ['without its CURRENT file', 'CURRENT', (path: string) => rm(path)],
    ['with an empty CURRENT file', 'CURRENT', (path: string) => truncate(path, 0)],
    ['with nonsense in CURRENT', 'CURRENT', (path: string) => writeFile(path, 'nonsense\n')],
    ['without its manifest', 'MANIFEST', (path: string) => rm(path)],
    ['with an empty manifest', 'MANIFEST', (path: string) => truncate(path, 0)],
    ['with a manifest cut short', 'MANIFEST', (path: string) => truncate(path, 40)],
    ['without a table', '.ldb', (path: string) => rm(path)],
    ['with an empty table', '.ldb', (path: string) => truncate(path, 0)],
    ['with a table cut short', '.ldb', (path: string) => truncate(path, 1000)],
  ])('refuses a store %s', async (_what, part, harm) => {
    const path = await copyOfSound();
    const before = await names(path);
    await harm(join(path, before.find((name) => name.includes(part)) ?? ''));
    const error = await failure(openLevelStore(path));
    expect(error).toMatchObject({
      code: 'STORE',
      detail: { reason: 'damaged', path },
      message: matching(/is damaged.*remove the folder.*peers.*restore/),
    });
    if (before.length > 3 && part === 'CURRENT') expect(await names(path)).toContain(table(before));
  });

  it('takes a log that lost its end for an older store', async () => {
    const path = await copyOfSound();
    const log = (await names(path)).find((name) => name.endsWith('.log')) ?? '';
    await truncate(join(path, log), 10);
    await using store = await openLevelStore(path);
    expect(store.storeId).toBe(soundId);
    expect((await store.load()).heads).toEqual([release(COUNT - 1)]);
  });

  it('gives a store that lost everything another id', async () => {
    const path = join(root, 'young');
    const young = await openLevelStore(path);
    await young.append(batchOf(release(1)));
    await young[Symbol.asyncDispose]();
    const log = (await names(path)).find((name) => name.endsWith('.log')) ?? '';
    await truncate(join(path, log), 0);
    await using again = await openLevelStore(path);
    expect(again.storeId).not.toBe(young.storeId);
    expect(await again.streams()).toEqual([]);
  });
});

describe('a store whose bytes changed', () => {
  it('answers with what was appended or says that it is damaged', async () => {
    const random = randomNumbers(20261123);
    const reasons: string[] = [];
    for (let round = 0; round < 60; round += 1) {
      const path = await copyOfSound();
      const files = await names(path);
      const file = join(path, files[Math.floor(random() * files.length)] ?? '');
      const bytes = await readFile(file);
      for (let flip = 0; flip <= round % 4; flip += 1) {
        const index = Math.floor(random() * bytes.length);
        bytes[index] = (bytes[index] ?? 0) ^ (1 + Math.floor(random() * 255));
      }
      await writeFile(file, bytes);
      reasons.push(...(await damagedAnswers(path)));
      await rm(path, { recursive: true });
    }
    expect(new Set(reasons)).toEqual(new Set(['damaged']));
    expect(reasons.length).toBeGreaterThan(20);
  });
});

/** Reads everything; the reasons of the refusals, and any wrong answer fails the test. */
async function damagedAnswers(path: string): Promise<readonly string[]> {
  const reasons: string[] = [];
  let store: Store;
  try {
    store = await openLevelStore(path);
  } catch (thrown) {
    return [storeFailure(thrown) ?? String(thrown)];
  }
  async function attempt(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (thrown) {
      const reason = storeFailure(thrown);
      if (reason === undefined) throw thrown;
      reasons.push(reason);
    }
  }
  const length = (await store.streams()).find(({ stream }) => stream === PAYMENTS)?.sequence ?? 0;
  await attempt(async () => {
    const { heads } = await store.load();
    expect(heads).toEqual(length === 0 ? [] : [release(length)]);
  });
  await attempt(async () => {
    const statements = await store.statements(PAYMENTS, { from: at(1), limit: 1000 });
    expect(statements).toHaveLength(length);
  });
  for (let sequence = 1; sequence <= length; sequence += 1) {
    await attempt(async () => {
      const document = await store.document(PAYMENTS, at(sequence));
      expect(document).toEqual(release(sequence).document);
    });
  }
  await store[Symbol.asyncDispose]();
  return reasons;
}

function release(sequence: number): ReturnType<typeof documentOf> {
  return documentOf(PAYMENTS, sequence, { bodyBytes: 500 });
}

async function copyOfSound(): Promise<string> {
  copies += 1;
  const path = join(root, `copy-${String(copies)}`);
  await cp(sound, path, { recursive: true });
  return path;
}

/** The files that hold data. */
async function names(path: string): Promise<readonly string[]> {
  return (await readdir(path)).filter((name) => !/^LO(CK|G)/.test(name)).sort();
}

function table(files: readonly string[]): string {
  return files.find((name) => name.endsWith('.ldb')) ?? '';
}

async function failure(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
}

/** Mulberry32: the same numbers in every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
