/**
 * The last-known-good copy: programs start from it, and nothing in it is believed.
 */
import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Cache } from '../../../src/client/copy/cache.ts';
import type { BundleSource } from '../../../src/client/source.ts';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import {
  addActive,
  addStaged,
  createTestAnchors,
  type TestAnchor,
} from '../../../src/testing/anchors.ts';
import { findFreePort } from '../../../src/testing/ports.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { createTempDir } from '../../../src/testing/temp-dir.ts';
import { blobs, delta, evidence, honest, snapshot } from '../support/honest.ts';
import { type ScriptedNode, startNode } from '../support/scripted-node.ts';
import { BUNDLE, openSource, recordingLogger, recordingMetrics, until } from '../support/source.ts';

const anchors = createTestAnchors(4, Date.now()) as unknown as [
  TestAnchor,
  TestAnchor,
  TestAnchor,
  TestAnchor,
];
const [first, second, third, fourth] = anchors;
const MAKE_PIPE = 'mkfifo';
const now = (): number => Date.now();

async function cacheFolder(): Promise<string> {
  const dir = await createTempDir();
  onTestFinished(() => dir[Symbol.asyncDispose]());
  return dir.path;
}

/** The one folder inside a cache. */
async function realmFolder(cacheDir: string): Promise<string> {
  return join(cacheDir, (await readdir(cacheDir))[0] ?? '');
}

/** The one index of a realm's folder. */
async function indexOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('index-'));
  expect(names).toHaveLength(1);
  return join(folder, names[0] ?? '');
}

/** A program that got sequence 1 and 2 from a node and stopped. */
async function filled(): Promise<{ realm: TestRealm; cacheDir: string; node: ScriptedNode }> {
  const realm = createTestRealm({ now });
  realm.nextRelease(BUNDLE, addActive(first));
  realm.nextRelease(BUNDLE, addActive(second));
  const cacheDir = await cacheFolder();
  const node = await startNode(honest(realm, anchors));
  const source = await openSource(realm, [node.endpoint], { cacheDir });
  await source.ready();
  await until(() => node.sessions[0]?.reports.at(-1) === 'loaded 2');
  await source.close();
  return { realm, cacheDir, node };
}

/** A program that finds no node. */
async function offline(
  realm: TestRealm,
  options: Parameters<typeof openSource>[2],
): Promise<BundleSource> {
  return await openSource(realm, [`127.0.0.1:${await findFreePort()}`], options);
}

describe('a program with a last-known-good copy', () => {
  it('starts when no node answers', async () => {
    const { realm, cacheDir } = await filled();
    const source = await offline(realm, { cacheDir });
    await source.ready({ timeoutMs: 1 });
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
    expect(source.bundle(BUNDLE)?.caPems('tls-server').length).toBe(2);
    expect(source.status()).toMatchObject({ isConnected: false, charterVersion: 1 });
  });

  it('gets only what is missing when a node answers', async () => {
    const { realm, cacheDir, node } = await filled();
    realm.nextRelease(BUNDLE, addStaged(third));
    const source = await openSource(realm, [node.endpoint], { cacheDir });
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
    await until(() => source.bundle(BUNDLE)?.sequence === 3);
    expect(node.sessions.at(-1)?.start).toMatchObject({
      charterVersion: 1,
      bundles: [{ held: { sequence: 2 } }],
    });
  });

  it('refuses to go back below it', async () => {
    const { realm, cacheDir } = await filled();
    const one = realm.release(BUNDLE, 1);
    const old = await startNode((session) => session.send(blobs(first), snapshot(one)));
    const source = await openSource(realm, [old.endpoint], { cacheDir });
    await until(() => source.status().bundles[0]?.lastError?.code === 'ROLLBACK');
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
  });

  it('becomes stale when nobody confirms it', async () => {
    const { realm, cacheDir } = await filled();
    const source = await offline(realm, { cacheDir, staleAfterMs: 50 });
    const told: string[] = [];
    source.onState(({ state }) => void told.push(state));
    await until(() => told.includes('stale'));
    expect(source.status().bundles[0]).toMatchObject({ state: 'stale', sequence: 2 });
  });

  it('stays forked after a restart, with what it used', async () => {
    const { realm, cacheDir, node } = await filled();
    const two = realm.release(BUNDLE, 2);
    const a = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
    const b = realm.nextRelease(BUNDLE, addStaged(fourth), { after: two });
    const source = await openSource(realm, [node.endpoint], { cacheDir });
    await until(() => node.sessions.length === 2);
    node.sessions[1]?.send(blobs(third), delta(two, a), evidence(a, b));
    await until(() => source.status().bundles[0]?.state === 'forked');
    await source.close();
    const again = await offline(realm, { cacheDir });
    expect(again.status().bundles[0]).toMatchObject({
      state: 'forked',
      sequence: 3,
      commonSequence: 2,
    });
    expect(again.bundle(BUNDLE)?.digest).toBe(a.digest);
  });

  it('shares the folder with other realms and pins', async () => {
    const { realm, cacheDir } = await filled();
    const other = createTestRealm({ now });
    const stranger = await offline(other, { cacheDir });
    expect(stranger.bundle(BUNDLE)).toBeUndefined();
    expect((await offline(realm, { cacheDir })).bundle(BUNDLE)?.sequence).toBe(2);
  });
});

describe('a damaged last-known-good copy', () => {
  const DAMAGE: readonly (readonly [string, (folder: string) => Promise<void>])[] = [
    ['an index that was cut off', async (folder) => truncate(await indexOf(folder), 700)],
    ['an empty index', async (folder) => writeFile(await indexOf(folder), '')],
    [
      'an index of another format',
      async (folder) => {
        await rm(await indexOf(folder));
        const text = '{"format":2}';
        await writeFile(join(folder, `index-${sha256(encodeUtf8(text))}.json`), text);
      },
    ],
    [
      'a signature with a flipped bit',
      async (folder) => {
        const path = await indexOf(folder);
        const text = await readFile(path, 'utf8');
        const at = text.lastIndexOf('\\"sig\\":\\"') + 12;
        const flipped = text[at] === 'A' ? 'B' : 'A';
        const bent = text.slice(0, at) + flipped + text.slice(at + 1);
        await rm(path);
        await writeFile(join(folder, `index-${sha256(encodeUtf8(bent))}.json`), bent);
      },
    ],
    ['no objects', (folder) => rm(join(folder, 'objects'), { recursive: true })],
    [
      'objects with a flipped bit',
      async (folder) => {
        for (const name of await readdir(join(folder, 'objects'))) {
          const path = join(folder, 'objects', name);
          const bytes = await readFile(path);
          bytes[0] = (bytes[0] ?? 0) ^ 1;
          await writeFile(path, bytes);
        }
      },
    ],
  ];

  it.each(DAMAGE)('is not used when it has %s, and heals', async (_, damage) => {
    const { realm, cacheDir, node } = await filled();
    await damage(await realmFolder(cacheDir));
    const logger = recordingLogger();
    const metrics = recordingMetrics();
    const source = await openSource(realm, [node.endpoint], { cacheDir, logger, metrics });
    expect(logger.events.some(({ event }) => event === 'cache.damaged')).toBe(true);
    expect(metrics.values.get('kedge_client_cache_damages_total')).toBeGreaterThan(0);
    await source.ready({ timeoutMs: 5000 });
    await until(() => node.sessions.at(-1)?.reports.at(-1) === 'loaded 2');
    await source.close();
    expect((await offline(realm, { cacheDir })).bundle(BUNDLE)?.sequence).toBe(2);
  });

  it('costs only the bundle that is damaged', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    realm.nextRelease('public-web', addActive(second));
    const cacheDir = await cacheFolder();
    const node = await startNode(honest(realm, anchors));
    const bundles = [BUNDLE, 'public-web'];
    const source = await openSource(realm, [node.endpoint], { cacheDir, bundles });
    await source.ready();
    await until(() => (node.sessions[0]?.reports.length ?? 0) === 4);
    await source.close();
    await rm(join(await realmFolder(cacheDir), 'objects', second.id));
    const again = await offline(realm, { cacheDir, bundles });
    expect([...again.bundles()].map(({ name }) => name)).toEqual([BUNDLE]);
  });

  it('cannot bring in a release that the signers did not sign', async () => {
    const { realm, cacheDir } = await filled();
    const two = realm.release(BUNDLE, 2);
    const forged = realm.nextRelease(BUNDLE, addActive(third), { after: two, signers: 1 });
    const owner = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    await new Cache(cacheDir, owner).save({
      charters: [realm.charter.document],
      releases: [
        {
          document: forged.document,
          blobs: new Map([first, second, third].map(({ id, der }) => [id, der])),
        },
      ],
      evidence: [],
    });
    const logger = recordingLogger();
    const source = await offline(realm, { cacheDir, logger });
    expect(source.bundle(BUNDLE)).toBeUndefined();
    expect(logger.events.some(({ event }) => event === 'cache.damaged')).toBe(true);
  });

  it('is reported as a reset when a floor says that there was one', async () => {
    const { realm, cacheDir } = await filled();
    await rm(await realmFolder(cacheDir), { recursive: true });
    const logger = recordingLogger();
    const source = await offline(realm, { cacheDir, logger, minSequence: { [BUNDLE]: 2 } });
    expect(logger.events.some(({ event }) => event === 'source.reset')).toBe(true);
    expect(source.bundle(BUNDLE)).toBeUndefined();
  });
});

describe('a last-known-good copy that somebody else can write to', () => {
  it('does not hold up a program with pipes in the place of files', async () => {
    const { realm, cacheDir } = await filled();
    const folder = await realmFolder(cacheDir);
    const object = join(folder, 'objects', second.id);
    await rm(object);
    execFileSync(MAKE_PIPE, [object]);
    const logger = recordingLogger();
    const one = await offline(realm, { cacheDir, logger });
    expect(one.bundle(BUNDLE)).toBeUndefined();
    expect(logger.events.some(({ event }) => event === 'cache.damaged')).toBe(true);
    const index = await indexOf(folder);
    await rm(index);
    execFileSync(MAKE_PIPE, [index]);
    const other = await offline(realm, { cacheDir });
    expect(other.status().cacheError).toMatchObject({ code: 'STORE' });
  });
});

describe('Cache', () => {
  it('is not taken back by a program that is behind', async () => {
    const { realm, cacheDir, node } = await filled();
    const one = realm.release(BUNDLE, 1);
    const owner = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    await new Cache(cacheDir, owner).save({
      charters: [realm.charter.document],
      releases: [{ document: one.document, blobs: new Map([[first.id, first.der]]) }],
      evidence: [],
    });
    node.kill();
    expect((await offline(realm, { cacheDir })).bundle(BUNDLE)?.sequence).toBe(2);
  });

  it('loses nothing of programs that write at once', async () => {
    const realm = createTestRealm({ now });
    const cacheDir = await cacheFolder();
    const owner = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    const names = ['one', 'two', 'three', 'four', 'five'];
    for (const name of names) {
      for (let sequence = 1; sequence <= 6; sequence += 1) {
        realm.nextRelease(name, sequence === 1 ? addActive(first) : (body) => body);
      }
    }
    const blobs = new Map([[first.id, first.der]]);
    const charters = [realm.charter.document];
    await Promise.all(
      names.map(async (name) => {
        const cache = new Cache(cacheDir, owner);
        for (const { document } of realm.releases(name)) {
          await cache.save({ charters, releases: [{ document, blobs }], evidence: [] });
        }
      }),
    );
    const loaded = await new Cache(cacheDir, owner).load();
    expect(loaded?.problems).toEqual([]);
    const sequences = loaded?.releases.map(({ document }) => {
      const { bundle, sequence } = parseStatement(document.statement.payload);
      return `${bundle ?? ''} ${sequence}`;
    });
    expect(sequences?.toSorted()).toEqual(names.map((name) => `${name} 6`).toSorted());
  });

  it('writes again what another program removed meanwhile', async () => {
    const { realm, cacheDir } = await filled();
    const owner = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    const cache = new Cache(cacheDir, owner);
    const two = realm.release(BUNDLE, 2);
    const saved = {
      charters: [realm.charter.document],
      releases: [
        { document: two.document, blobs: new Map([first, second].map(({ id, der }) => [id, der])) },
      ],
      evidence: [],
    };
    await cache.save(saved);
    await rm(join(await realmFolder(cacheDir), 'objects', second.id));
    await cache.save(saved);
    expect((await cache.load())?.problems).toEqual([]);
  });

  it('marks what it needs again after minutes, before anybody may sweep it', async () => {
    const { realm, cacheDir } = await filled();
    const owner = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    const cache = new Cache(cacheDir, owner);
    const one = realm.release(BUNDLE, 1);
    const releases = [{ document: one.document, blobs: new Map([[first.id, first.der]]) }];
    const saved = { charters: [realm.charter.document], releases, evidence: [] };
    await cache.save(saved);
    const object = join(await realmFolder(cacheDir), 'objects', first.id);
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(object, hourAgo, hourAgo);
    await cache.save(saved);
    expect((await stat(object)).mtimeMs).toBeCloseTo(hourAgo.getTime(), -2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 180_000 });
    onTestFinished(() => void vi.useRealTimers());
    await cache.save(saved);
    expect((await stat(object)).mtimeMs).toBeGreaterThan(hourAgo.getTime() + 1000);
  });

  it('sweeps what no release needs any more, and spares what is young', async () => {
    const { realm, cacheDir, node } = await filled();
    const objects = join(await realmFolder(cacheDir), 'objects');
    const old = 'a'.repeat(64);
    const young = 'b'.repeat(64);
    const torn = `${old}.0123456789ab.tmp`;
    for (const name of [old, young, torn, 'notes.txt', 'notes.tmp']) {
      await writeFile(join(objects, name), 'x');
      const hourAgo = new Date(Date.now() - 3_600_000);
      if (name !== young) await utimes(join(objects, name), hourAgo, hourAgo);
    }
    realm.nextRelease(BUNDLE, addStaged(third));
    const source = await openSource(realm, [node.endpoint], { cacheDir });
    await until(() => node.sessions.at(-1)?.reports.at(-1) === 'loaded 3');
    await source.close();
    const left = await readdir(objects);
    expect(left).not.toContain(old);
    expect(left).not.toContain(torn);
    const kept = [young, 'notes.txt', 'notes.tmp', first.id, third.id];
    expect(left).toEqual(expect.arrayContaining(kept));
  });

  it.skipIf(process.getuid?.() === 0)('keeps no program from starting or swapping', async () => {
    const { realm, cacheDir, node } = await filled();
    const folder = await realmFolder(cacheDir);
    await chmod(folder, 0o500);
    await chmod(join(folder, 'objects'), 0o500);
    onTestFinished(async () => {
      await chmod(folder, 0o700);
      await chmod(join(folder, 'objects'), 0o700);
    });
    realm.nextRelease(BUNDLE, addStaged(third));
    const source = await openSource(realm, [node.endpoint], { cacheDir });
    await until(() => source.bundle(BUNDLE)?.sequence === 3);
    expect(source.status().cacheError?.code).toBe('STORE');
  });

  it('lets trust through and does not say loaded when it cannot be written', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    const blocked = join(await cacheFolder(), 'file');
    await writeFile(blocked, 'not a folder');
    const node = await startNode(honest(realm, anchors));
    const metrics = recordingMetrics();
    const source = await openSource(realm, [node.endpoint], { cacheDir: blocked, metrics });
    await source.ready({ timeoutMs: 5000 });
    await until(() => node.sessions[0]?.reports.length === 1);
    expect(node.sessions[0]?.reports).toEqual(['delivered 1']);
    expect(source.status().cacheError?.code).toBe('STORE');
    expect(metrics.values.get('kedge_client_cache_failures_total')).toBeGreaterThan(0);
  });
});
