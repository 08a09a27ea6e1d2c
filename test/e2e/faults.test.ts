/**
 * What goes wrong in operation: each fault has its code, and a message that says what to do.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, rm, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import type { BundleSourceOptions } from '../../src/client/options.ts';
import { type BundleSource, openBundleSource } from '../../src/client/source.ts';
import { addActive, createTestAnchor } from '../../src/testing/anchors.ts';
import { findFreePort } from '../../src/testing/ports.ts';
import { startProcess } from '../../src/testing/processes.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { matching } from '../support/messages.ts';
import { charterFile, KEDGE } from './support/cluster.ts';
import {
  failure,
  type InProcessNode,
  kedge,
  SingleNode,
  shiftedClock,
} from './support/single-node.ts';
import { smallDisk } from './support/small-disk.ts';

const BUNDLE = 'payments.test.example.org';
const YEAR_MS = 365 * 86_400_000;
const anchor = createTestAnchor('faults', Date.now());
const now = (): number => Date.now();

describe('a node of the wrong realm', () => {
  it('does not mix a store of another realm with its own', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    await (await place.run())[Symbol.asyncDispose]();
    const other = createTestRealm({ now, realm: 'staging.example.org' });
    await place.folder.write('first-charter.json', charterFile(other.charter.document));
    const change = { realm: other.name, firstCharterDigest: other.firstCharterDigest };
    expect(await place.failToRun(change)).toMatchObject({
      code: 'CONFIG',
      message: matching(/belongs to another realm.*set realm and firstCharterDigest.*store\.path/),
    });
  });

  it('is told when the first charter is of another realm', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    expect(await place.failToRun({ realm: 'staging.example.org' })).toMatchObject({
      code: 'CONFIG',
      message: matching(/is of realm test\.example\.org.*use the charter of the right realm/),
    });
  });

  it('is refused by its peers, and both say why', async () => {
    await using prod = await SingleNode.create(createTestRealm({ now }));
    await using staging = await SingleNode.create(
      createTestRealm({ now, realm: 'staging.example.org' }),
    );
    await using first = await prod.run();
    await using second = await staging.run({
      change: {
        node: { id: 'fra-1', region: 'fra' },
        peers: { seeds: [first.address] },
      },
    });
    for (const { admin, events } of [first, second]) {
      const refused = (): unknown =>
        events.find((fields) => fields['code'] === 'REALM' && fields.event === 'statement.refused');
      await expect.poll(refused, { timeout: 10_000 }).toMatchObject({
        reason: matching(/realm/),
      });
      expect((await admin.status()).peers).toEqual([]);
    }
  });
});

describe('a wrong pin', () => {
  it('stops a node that has the charter', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    expect(await place.failToRun({ firstCharterDigest: 'ab'.repeat(32) })).toMatchObject({
      code: 'CONFIG',
      message: matching(/firstCharterDigest is abab.*owner of the realm.*do not simply change/),
    });
  });

  it('stops a node that has a store', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    await (await place.run())[Symbol.asyncDispose]();
    const change = {
      firstCharterDigest: 'ab'.repeat(32),
      firstCharterFile: undefined,
      peers: { seeds: ['127.0.0.1:9'] },
    };
    expect(await place.failToRun(change)).toMatchObject({
      code: 'CONFIG',
      message: matching(/belongs to another realm or first charter.*what it was made with/),
    });
  });

  it('leaves a program without bundles, and says why', async () => {
    const { node } = await serving();
    const source = await openSource(node.address, { firstCharterDigest: 'ab'.repeat(32) });
    await expect(source.ready({ timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      cause: { code: 'REALM', message: matching(/first charter/) },
    });
  });
});

describe('an expired charter', () => {
  it('lets nothing new in, keeps what is held, and goes on with the next one', async () => {
    const { realm, place, release, node } = await serving();
    await node[Symbol.asyncDispose]();
    // The charter of the test realm is good for 30 days.
    const shiftMs = 31 * 86_400_000;
    await using late = await place.run({ shiftMs });
    expect(suspicions(late)).toEqual([matching(/charter has expired.*sign the next one.*clock/)]);
    const next = realm.nextRelease(BUNDLE, noted('late'), { issuedMs: Date.now() + shiftMs });
    await expect(late.admin.submit(submission(next))).rejects.toMatchObject({
      code: 'EXPIRED',
      message: matching(/charter version 1 expired.*signers publish the next version/),
    });
    await expectHeld(late, release);
    const charter = realm.nextCharter((same) => same, { issuedMs: Date.now() + shiftMs });
    await late.admin.submit({ document: charter.document, blobs: [] });
    await late.admin.submit(submission(next));
    await expectHeld(late, next);
  });
});

describe('a truncated store', () => {
  it('is refused at start, and an empty one takes its place', async () => {
    const { place, node } = await serving();
    await node[Symbol.asyncDispose]();
    // Opening moves the log into a table, which is then cut.
    await (await place.run())[Symbol.asyncDispose]();
    const files = await readdir(place.storePath);
    const table = files.find((name) => name.endsWith('.ldb')) ?? '';
    await truncate(join(place.storePath, table), 100);
    expect(await place.failToRun()).toMatchObject({
      code: 'STORE',
      exitCode: 10,
      message: matching(/is damaged.*remove the folder.*fills itself from the peers.*backup/),
    });
    // The only node of a realm has nobody to compare with: it begins anew without its boot file.
    await rm(place.storePath, { recursive: true });
    await rm(`${place.storePath}.boot`);
    await using again = await place.run();
    expect((await again.admin.streams()).map(({ stream }) => stream)).toEqual(['charter']);
  });
});

describe('a full disk', () => {
  it('stops new statements, not the node, and passes by itself', async () => {
    const realm = createTestRealm({ now });
    await using place = await SingleNode.create(realm);
    const port = await findFreePort();
    const listen = `127.0.0.1:${port}`;
    const disk = place.folder.join('disk');
    await mkdir(disk);
    const change = { store: { path: join(disk, 'store') }, listen: { admins: listen } };
    const file = await place.folder.write('node.yaml', place.configText(change));
    using limit = smallDisk(disk);
    await using child = await startProcess({ argv: [KEDGE, 'node', 'run', '--config', file] });
    await child.waitForLine('"node.ready"', { timeoutMs: 60_000 });
    using admin = await AdminClient.open({ endpoint: listen, insecure: true });
    await limit.fill(child.pid);
    let held = await submitUntilRefused(admin, realm);
    expect(held).toBeGreaterThan(0);
    const said = await child.waitForLine('"store.failed"');
    expect(said).toMatch(/the disk is full.*Make room on the disk; the node goes on by itself/);
    // It still answers, with all that it acknowledged.
    const head = (await admin.streams()).find(({ stream }) => stream === `release/${BUNDLE}`);
    expect(head?.sequence).toBe(held);
    await limit.free(child.pid);
    const missing = realm.releases(BUNDLE).slice(held);
    for (const release of missing) held = (await admin.submit(submission(release))).sequence;
    expect(held).toBe(realm.releases(BUNDLE).length);
  });
});

describe('a port in use', () => {
  it('is named, with what to do', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await using place = await SingleNode.create(createTestRealm({ now }));
    const listen = { admins: `127.0.0.1:${port}` };
    expect(await place.failToRun({ listen })).toMatchObject({
      code: 'CONFIG',
      exitCode: 2,
      message:
        `127.0.0.1:${port} is in use: stop the program that listens there, ` +
        'or choose another port',
    });
  });
});

describe('an unreadable configuration', () => {
  it.each([
    ['that does not exist', 'absent.yaml', /does not exist; `kedge node init` writes one/],
    ['that is a folder', '.', /is a folder; name the file in it/],
  ])('%s is named, with what to do', async (_, name, message) => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    const file = place.folder.join(name);
    const failed = await failure(await kedge('node', 'run', '--config', file));
    expect(failed).toMatchObject({ code: 'CONFIG', exitCode: 2, message: matching(message) });
    expect(failed.message).toContain(place.folder.path);
  });

  it('that is no YAML is shown with line and column', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    const file = await place.folder.write('node.yaml', 'realm: "test\nlisten: [');
    const failed = await failure(await kedge('node', 'run', '--config', file));
    expect(failed).toMatchObject({
      code: 'CONFIG',
      message: matching(/node\.yaml:\d+:\d+: not YAML/),
    });
  });

  it('with a misspelt key says which one is meant', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    expect(await place.failToRun({ drainTimeout: 5 })).toMatchObject({
      code: 'CONFIG',
      message: matching(/drainTimeout: unknown key; did you mean drainTimeoutMs/),
    });
  });

  it('that this user may not read is said so', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read everything');
    await using place = await SingleNode.create(createTestRealm({ now }));
    const file = await place.folder.write('node.yaml', place.configText());
    await chmod(file, 0);
    const failed = await failure(await kedge('node', 'run', '--config', file));
    expect(failed).toMatchObject({ code: 'CONFIG', message: matching(/may not read it; check/) });
  });
});

describe('a clock that is one year off', () => {
  it('behind: a new node does not start and is told to look at its clock', async () => {
    await using place = await SingleNode.create(createTestRealm({ now }));
    await expect(place.run({ shiftMs: -YEAR_MS })).rejects.toMatchObject({
      code: 'CONFIG',
      message: matching(/refused \(EXPIRED\).*in the future of this machine: check the clock/),
    });
  });

  it('behind: a node with a store serves it, takes nothing, and says why', async () => {
    const { realm, place, release, node } = await serving();
    await node[Symbol.asyncDispose]();
    await using behind = await place.run({ shiftMs: -YEAR_MS });
    expect(suspicions(behind)).toEqual([matching(/issued in the future: check the clock/)]);
    await expectHeld(behind, release);
    const next = realm.nextRelease(BUNDLE, noted('next'));
    await expect(behind.admin.submit(submission(next))).rejects.toMatchObject({
      code: 'EXPIRED',
      message: matching(/in the future of this machine: check the clock of this machine/),
    });
    await expectHeld(behind, release);
    await behind[Symbol.asyncDispose]();
    await using right = await place.run();
    await right.admin.submit(submission(next));
    await expectHeld(right, next);
  });

  it('ahead: a node serves what it holds, takes nothing, and says why', async () => {
    const { realm, place, release, node } = await serving();
    await node[Symbol.asyncDispose]();
    await using ahead = await place.run({ shiftMs: YEAR_MS });
    expect(suspicions(ahead)).toEqual([matching(/has expired.*or check the clock/)]);
    const next = realm.nextRelease(BUNDLE, noted('next'));
    await expect(ahead.admin.submit(submission(next))).rejects.toMatchObject({ code: 'EXPIRED' });
    await expectHeld(ahead, release);
    const source = await openSource(ahead.address, {
      firstCharterDigest: realm.firstCharterDigest,
    });
    await source.ready({ timeoutMs: 10_000 });
    expect(source.bundle(BUNDLE)?.digest).toBe(release.digest);
  });

  it('ahead: a program keeps what it uses, and says that it should be newer', async () => {
    const { realm, release, place, node } = await serving();
    const cacheDir = place.folder.join('cache');
    const options = { firstCharterDigest: realm.firstCharterDigest, cacheDir };
    const source = await openSource(node.address, options);
    await source.ready({ timeoutMs: 10_000 });
    await source.close();
    const clock = shiftedClock(YEAR_MS);
    const later = await openSource(node.address, { ...options, clock });
    await later.ready({ timeoutMs: 10_000 });
    expect(later.bundle(BUNDLE)?.digest).toBe(release.digest);
    expect(later.status().bundles).toMatchObject([{ isExpired: true }]);
  });

  it('behind: a program without a copy gets none, and is told to look at its clock', async () => {
    const { realm, node } = await serving();
    const source = await openSource(node.address, {
      firstCharterDigest: realm.firstCharterDigest,
      clock: shiftedClock(-YEAR_MS),
    });
    await expect(source.ready({ timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      cause: { code: 'EXPIRED', message: matching(/check the clock of this machine/) },
    });
  });
});

interface Serving {
  readonly realm: TestRealm;
  readonly place: SingleNode;
  readonly node: InProcessNode;
  readonly release: TestRelease;
}

/** A node that holds one release; everything goes away with the test. */
async function serving(): Promise<Serving> {
  const realm = createTestRealm({ now });
  const place = await SingleNode.create(realm);
  const node = await place.run();
  onTestFinished(async () => {
    await node[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });
  const release = realm.nextRelease(BUNDLE, addActive(anchor));
  await node.admin.submit(submission(release));
  return { realm, place, node, release };
}

function submission({ document }: TestRelease): Parameters<AdminClient['submit']>[0] {
  return { document, blobs: [anchor.der] };
}

/** The newest release of a node is this one, with its body. */
async function expectHeld({ admin }: InProcessNode, release: TestRelease): Promise<void> {
  const { document } = await admin.document({ stream: release.stream, blobs: 'with' });
  expect(document.statement.payload).toEqual(release.document.statement.payload);
  expect(document.body).toEqual(release.document.body);
}

/** What a node said about time when it started. */
function suspicions({ events, messages }: InProcessNode): readonly string[] {
  return events.flatMap(({ event }, index) =>
    event === 'clock.suspect' ? [messages[index] ?? ''] : [],
  );
}

const noted =
  (note: string) =>
  (body: TestRelease['body']): TestRelease['body'] => ({ ...body, note });

/** Opens a program's source at a node; closed with the test. */
async function openSource(
  address: string,
  options: Pick<BundleSourceOptions, 'firstCharterDigest' | 'cacheDir' | 'clock'>,
): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: 'test.example.org',
    endpoints: [address],
    insecure: true,
    bundles: [BUNDLE],
    backoff: { initialMs: 20, maxMs: 100 },
    ...options,
  });
  onTestFinished(async () => source.close());
  return source;
}

/** Publishes ever more until the node refuses; returns the last sequence that it took. */
async function submitUntilRefused(admin: AdminClient, realm: TestRealm): Promise<number> {
  let held = 0;
  // Ballast that does not compress, so that a small disk is full soon.
  const padding = (): string => randomBytes(180).toString('hex');
  for (let count = 0; count < 3000; count += 1) {
    const release = realm.nextRelease(BUNDLE, (body, point) => ({
      ...(count === 0 ? addActive(anchor)(body, point) : body),
      note: padding(),
    }));
    try {
      held = (await admin.submit(submission(release))).sequence;
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'STORE', message: matching(/see its log/) });
      return held;
    }
  }
  throw new Error('the disk never filled up');
}
