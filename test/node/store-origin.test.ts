import { cp, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import type { StoreOrigin } from '../../src/core/gossip/restored/serving.ts';
import { NO_BOOT } from '../../src/core/gossip/restored/store-mark.ts';
import { addAnchor } from '../../src/core/releases/edit.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { findOrigin } from '../../src/node/store-origin.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow } from './support/setup.ts';

const NAMES = ['iad-1', 'fra-1', 'sin-1'];
const BUNDLE = 'payments.example.org';
const pki = createTestPki();
let dir: TempDir;
let realm: TestRealm;
let ports: readonly number[];
const running = new Map<string, RunningNode>();

beforeEach(async () => {
  dir = await createTempDir();
  realm = realmNow();
  ports = await findFreePorts(NAMES.length);
  await dir.write('charter-1.json', documentFile(realm.charter.document));
});

afterEach(async () => {
  await Promise.all([...running.keys()].map(stop));
  await dir[Symbol.asyncDispose]();
});

/** Starts a node whose seeds are the other ones of `among`. */
async function start(
  name: string,
  among: readonly string[] = NAMES,
  store: Readonly<Record<string, unknown>> = {},
): Promise<RunningNode> {
  const peers = (one: string): string => `127.0.0.1:${String(ports[NAMES.indexOf(one)])}`;
  const node = await runNode(
    configFor(dir, realm, {
      node: { id: name, region: name.slice(0, 3) },
      store: { path: name, ...store },
      listen: { admins: '127.0.0.1:0', clients: '127.0.0.1:0', peers: peers(name) },
      peers: { seeds: among.filter((one) => one !== name).map(peers) },
    }),
  );
  running.set(name, node);
  return node;
}

async function stop(name: string): Promise<void> {
  await running.get(name)?.[Symbol.asyncDispose]();
  running.delete(name);
}

function adminOf(name: string): Promise<AdminClient> {
  return AdminClient.open({
    endpoint: running.get(name)?.addresses.admins ?? '',
    insecure: true,
  });
}

/** The head of the bundle as the node shows it; the code when it does not. */
async function shown(admin: AdminClient): Promise<number | string> {
  try {
    const heads = await admin.streams();
    return heads.find(({ stream }) => stream === `release/${BUNDLE}`)?.sequence ?? 0;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'other';
  }
}

/** Asks until the node serves; all answers in their order. */
async function answersOf(name: string): Promise<readonly (number | string)[]> {
  using admin = await adminOf(name);
  const answers: (number | string)[] = [];
  await expect
    .poll(
      async () => {
        answers.push(await shown(admin));
        return typeof answers.at(-1);
      },
      { timeout: 20_000, interval: 5 },
    )
    .toBe('number');
  return answers;
}

async function publish(name: string): Promise<void> {
  const { id } = pki.ca.facts;
  const release = realm.nextRelease(BUNDLE, (body, point) => {
    const isFirst = body.anchors.length === 0;
    return isFirst
      ? addAnchor(body, { id, label: 'CA', purposes: ['tls-server'] }, 'active', point)
      : body;
  });
  using admin = await adminOf(name);
  await admin.submit({ document: release.document, blobs: [pki.ca.der] });
}

async function untilAllShow(sequence: number): Promise<void> {
  for (const name of running.keys()) {
    using admin = await adminOf(name);
    await expect.poll(() => shown(admin), { timeout: 20_000, interval: 20 }).toBe(sequence);
  }
}

describe('A node', () => {
  it('with a restored store shows nothing older, and serves when it caught up', async () => {
    await Promise.all(NAMES.map((name) => start(name)));
    await Promise.all(NAMES.map(answersOf));
    await publish('iad-1');
    await untilAllShow(1);
    await stop('sin-1');
    await cp(dir.join('sin-1'), dir.join('backup'), { recursive: true });
    await start('sin-1');
    await publish('iad-1');
    await untilAllShow(2);
    await stop('sin-1');
    await rm(dir.join('sin-1'), { recursive: true });
    await cp(dir.join('backup'), dir.join('sin-1'), { recursive: true });
    await start('sin-1');
    const answers = await answersOf('sin-1');
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['UNAVAILABLE']));
    expect(answers.at(-1)).toBe(2);
  });

  it('that lost its store serves nobody before it holds again what the others hold', async () => {
    await Promise.all(NAMES.map((name) => start(name)));
    await Promise.all(NAMES.map(answersOf));
    await publish('iad-1');
    await untilAllShow(1);
    await stop('sin-1');
    await rm(dir.join('sin-1'), { recursive: true });
    await start('sin-1');
    const answers = await answersOf('sin-1');
    expect(new Set(answers.slice(0, -1))).toEqual(new Set(['UNAVAILABLE']));
    expect(answers.at(-1)).toBe(1);
  });

  it('that is new serves at once, though it cannot reach its seeds', async () => {
    await start('iad-1');
    using admin = await adminOf('iad-1');
    expect(await shown(admin)).toBe(0);
  });

  it('that restarts serves at once, though no other node is there', async () => {
    await Promise.all(NAMES.map((name) => start(name)));
    await Promise.all(NAMES.map(answersOf));
    await Promise.all(NAMES.map(stop));
    await start('iad-1');
    using admin = await adminOf('iad-1');
    expect(await shown(admin)).toBe(0);
  });

  it('without others and seeds serves at once, also from a restored store', async () => {
    await start('iad-1', ['iad-1']);
    await publish('iad-1');
    await stop('iad-1');
    await rm(dir.join('iad-1.boot'));
    await start('iad-1', ['iad-1']);
    using admin = await adminOf('iad-1');
    expect(await shown(admin)).toBe(1);
  });

  it('serves at once when its operator wants it', async () => {
    await start('iad-1', NAMES, { serveAnyway: true });
    using admin = await adminOf('iad-1');
    expect(await shown(admin)).toBe(0);
  });
});

describe('All nodes', () => {
  it('whose stores were restored at once serve again', async () => {
    await Promise.all(NAMES.map((name) => start(name)));
    await Promise.all(NAMES.map(answersOf));
    await publish('iad-1');
    await untilAllShow(1);
    await Promise.all(NAMES.map(stop));
    for (const name of NAMES) await rm(dir.join(`${name}.boot`));
    await Promise.all(NAMES.map((name) => start(name)));
    await untilAllShow(1);
  });
});

describe('findOrigin', () => {
  const config = (): { path: string; serveAnyway: boolean } => ({
    path: dir.join('store'),
    serveAnyway: false,
  });

  async function found(then: 'settle' | 'leave' = 'settle'): Promise<[StoreOrigin, string]> {
    await using store = await openLevelStore(dir.join('store'));
    const { origin, settle } = await findOrigin(store, config());
    if (then === 'settle') await settle();
    return [origin, store.storeId];
  }

  it('knows a new store, and after it was settled the same one', async () => {
    const [first, id] = await found();
    expect(first).toBe('new');
    expect(await found()).toEqual(['intact', id]);
  });

  it('knows a new store again after a first start that was cut short', async () => {
    const value = 'a'.repeat(32);
    await writeFile(dir.join('store.boot'), `kedge-boot ${'0'.repeat(32)} ${value}\n`);
    expect((await found())[0]).toBe('new');
    expect((await found())[0]).toBe('intact');
  });

  it('gives a store that was copied before its first start another id than it had', async () => {
    const opened = await openLevelStore(dir.join('store'));
    await opened[Symbol.asyncDispose]();
    await cp(dir.join('store'), dir.join('copy'), { recursive: true });
    const [, id] = await found();
    await rm(dir.join('store.boot'));
    await rm(dir.join('store'), { recursive: true });
    await cp(dir.join('copy'), dir.join('store'), { recursive: true });
    const [origin, other] = await found();
    expect(origin).toBe('new');
    expect(other).not.toBe(id);
  });

  it('keeps what it found until it is settled', async () => {
    await found('leave');
    expect((await found('leave'))[0]).toBe('new');
  });

  it.each(['an older copy', 'no boot file'])('gives a store a new id: %s', async (how) => {
    const [, id] = await found();
    await cp(dir.join('store'), dir.join('copy'), { recursive: true });
    await found();
    if (how === 'no boot file') await rm(dir.join('store.boot'));
    else {
      await rm(dir.join('store'), { recursive: true });
      await cp(dir.join('copy'), dir.join('store'), { recursive: true });
    }
    const [origin, renewed] = await found();
    expect(origin).toBe('restored');
    expect(renewed).not.toBe(id);
    expect(await found()).toEqual(['intact', renewed]);
  });

  it('knows that another store was there', async () => {
    await found();
    await rm(dir.join('store'), { recursive: true });
    expect((await found())[0]).toBe('lost');
  });

  it('has a store compared that turned out to be a copy, under another id', async () => {
    const [, id] = await found();
    {
      await using store = await openLevelStore(dir.join('store'));
      const { renew, started } = await findOrigin(store, config());
      expect(await renew()).toEqual({ storeId: store.storeId, count: started.count + 1 });
      expect(store.storeId).not.toBe(id);
    }
    expect((await found())[0]).toBe('restored');
    expect((await found())[0]).toBe('intact');
  });

  it('counts the starts, and names the one before', async () => {
    const starts = [];
    for (let count = 0; count < 2; count += 1) {
      await using store = await openLevelStore(dir.join('store'));
      starts.push(await findOrigin(store, config()));
    }
    expect(starts.map(({ started }) => started)).toEqual([
      { after: NO_BOOT, count: 1 },
      { after: starts[0]?.bootId, count: 2 },
    ]);
  });

  it('says what to do when the boot file cannot be written', async () => {
    await using store = await openLevelStore(dir.join('store'));
    const bootFile = dir.join('charter-1.json/boot');
    await expect(findOrigin(store, { ...config(), bootFile })).rejects.toThrow('store.bootFile');
  });
});
