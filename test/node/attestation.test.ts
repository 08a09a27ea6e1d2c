/**
 * Regions attest: three real nodes in three regions, each with the key of its own.
 */
import { chmod, cp, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { openBundleSource } from '../../src/client/source.ts';
import { exportSigningKey, generateSigningKey, type SigningKey } from '../../src/core/crypto.ts';
import {
  CHARTER_STREAM,
  parseBundleName,
  parseRegionName,
  releaseStream,
  type StreamName,
} from '../../src/core/ids.ts';
import {
  type CosignedCheckpoint,
  openCheckpoint,
  regionPolicy,
  sealCheckpoint,
} from '../../src/core/log/regions.ts';
import { encodePem } from '../../src/core/pem.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, recordingLogger } from './support/setup.ts';

type Recorded = ReturnType<typeof recordingLogger>;

const REGIONS = ['fra', 'iad', 'sin'];
const BUNDLE = 'payments.prod.example.org';
const STREAM = releaseStream(parseBundleName(BUNDLE));
const anchors = createTestAnchors(2);

describe('a node with the key of its region', () => {
  let dir: TempDir;
  let realm: TestRealm;
  let keys: ReadonlyMap<string, SigningKey>;
  let ports: readonly number[];
  const nodes = new Map<string, RunningNode>();

  beforeEach(async () => {
    dir = await createTempDir();
    keys = new Map(REGIONS.map((name) => [name, generateSigningKey('ed25519')]));
    realm = createTestRealm({
      realm: 'prod.example.org',
      now: Date.now,
      regions: REGIONS.map((name) => ({
        name: parseRegionName(name),
        keys: [keyOf(name).publicKey],
      })),
    });
    await dir.write('charter-1.json', documentFile(realm.charter.document));
    for (const name of REGIONS) await writeKey(name, keyOf(name));
    ports = await findFreePorts(REGIONS.length);
  });

  afterEach(async () => {
    for (const name of nodes.keys()) await stop(name);
    await dir[Symbol.asyncDispose]();
  });

  it('cosigns what it holds, and every node serves the cosignatures of all', async () => {
    for (const name of REGIONS) await start(name);
    await publish('iad', 0);
    for (const name of REGIONS) await expectCosigned(name, 1);
  });

  it('tells in its status the heartbeats of regions', async () => {
    await start('iad');
    using admin = await adminOf('iad');
    const regions = async (): Promise<unknown> => (await admin.status()).regions;
    // A new node looks for others first, which may know its key.
    await expect
      .poll(regions, { timeout: 15_000, interval: 50 })
      .toMatchObject([
        { region: 'fra', standing: 'counts' },
        { region: 'iad', heartbeatAtMs: expect.any(Number) },
        { region: 'sin' },
      ]);
    expect(await regions()).toContainEqual({ region: 'fra', standing: 'counts' });
  });

  it('says that its key waits, since when and on whom, and not while it signs', async () => {
    const waits = async (): Promise<unknown> => {
      using admin = await adminOf('iad');
      return (await admin.status()).keyWait;
    };
    await start('iad');
    await expect.poll(waits, { timeout: 15_000, interval: 50 }).toBeUndefined();
    await stop('iad');
    // Known to others by now, as far as it can tell, and nobody is there.
    const beganMs = Date.now();
    await start('iad');
    const wait = await waits();
    expect(wait).toEqual({ sinceMs: expect.any(Number), on: [] });
    expect((wait as { readonly sinceMs: number }).sinceMs).toBeGreaterThanOrEqual(beganMs);
  });

  it('cosigns the charter too', async () => {
    for (const name of REGIONS) await start(name);
    await expect
      .poll(() => regionsOf('sin', CHARTER_STREAM), { timeout: 15_000, interval: 50 })
      .toEqual(REGIONS);
  });

  it('goes on where it stopped, and gets the cosignatures of others again', async () => {
    for (const name of REGIONS) await start(name);
    await publish('iad', 0);
    await expectCosigned('fra', 1);
    await stop('fra');
    await publish('iad', 1);
    await start('fra');
    for (const name of REGIONS) await expectCosigned(name, 2);
  });

  // A heartbeat that a link lost comes again after half a minute.
  it('lets a client use what enough regions cosigned, and know that it is the newest', {
    timeout: 90_000,
  }, async () => {
    for (const name of REGIONS) await start(name);
    await using source = await openBundleSource({
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      endpoints: [nodes.get('iad')?.addresses.clients ?? ''],
      insecure: true,
      bundles: [BUNDLE],
      requireRegions: 3,
    });
    await publish('fra', 0);
    await source.ready({ until: 'fresh', timeoutMs: 40_000 });
    await stop('sin');
    await publish('fra', 1);
    const status = (): unknown => source.status().bundles[0];
    await expect
      .poll(status, { timeout: 15_000 })
      .toMatchObject({ sequence: 1, waitingSequence: 2, lastError: { code: 'QUORUM' } });
    await start('sin');
    await expect.poll(status, { timeout: 40_000 }).toMatchObject({ sequence: 2, state: 'fresh' });
  });

  it('attests nothing with a key that signed for a store that is lost', async () => {
    await start('iad');
    await publish('iad', 0);
    await expect.poll(() => regionsOf('iad', STREAM), { timeout: 15_000 }).toEqual(['iad']);
    await stop('iad');
    await rm(dir.join('data-iad'), { recursive: true });
    const logger = recordingLogger();
    await start('iad', { logger });
    expect(logger.lines).toContainEqual(expect.objectContaining({ event: 'region.refused' }));
    await expect(note('iad', CHARTER_STREAM)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('attests nothing once peers have shown it that its store is an old copy', async () => {
    for (const name of REGIONS) await start(name);
    await publish('iad', 0);
    for (const name of REGIONS) await expectCosigned(name, 1);
    await stop('iad');
    await copyStore('data-iad', 'backup');
    await start('iad');
    await publish('fra', 1);
    for (const name of REGIONS) await expectCosigned(name, 2);
    await stop('iad');
    await putBack();
    const logger = recordingLogger();
    await start('iad', { logger });
    await expectSuspect(logger, {});
    await expectCosigned('iad', 2);
    expect(logger.lines.map(({ event }) => event)).not.toContain('region.attesting');
    await stop('iad');
    const after = recordingLogger();
    await start('iad', { logger: after });
    expect(after.lines).toContainEqual(expect.objectContaining({ event: 'region.refused' }));
  });

  // Peers that were started again keep marks, and none of the lines.
  it('attests nothing once a mark shows that it lacks what its key cosigned', {
    timeout: 60_000,
  }, async () => {
    await start('iad', { key: 'without key' });
    await publish('iad', 0);
    await stop('iad');
    await copyStore('data-iad', 'backup');
    for (const name of REGIONS) await start(name);
    for (const name of REGIONS) await expectCosigned(name, 1);
    for (const name of ['iad', 'fra', 'sin']) await stop(name);
    await putBack();
    // A start counts too: from here on the copy counts more than the original did before it signed.
    await start('iad');
    await stop('iad');
    const logger = recordingLogger();
    for (const name of ['fra', 'sin']) await start(name);
    await start('iad', { logger });
    await expectSuspect(logger, { bootId: expect.any(String) });
    expect(logger.lines.map(({ event }) => event)).not.toContain('region.attesting');
  });

  it('attests nothing once peers have shown it lines by its key that its store lacks', async () => {
    await start('iad', { key: 'without key' });
    await publish('iad', 0);
    await stop('iad');
    await copyStore('data-iad', 'backup');
    for (const name of REGIONS) await start(name);
    for (const name of REGIONS) await expectCosigned(name, 1);
    await stop('iad');
    await putBack();
    // So often that it counts more than the original ever did: no mark speaks against it.
    for (let time = 0; time < 4; time += 1) {
      await start('iad', { key: 'without key', seeds: 'none' });
      await stop('iad');
    }
    const logger = recordingLogger();
    await start('iad', { logger });
    await expectSuspect(logger, { stream: expect.any(String), signed: 1, held: 0 });
    expect(logger.lines.map(({ event }) => event)).not.toContain('region.attesting');
  });

  it('attests nothing with a key that the charter does not list', async () => {
    await writeKey('iad', generateSigningKey('ed25519'));
    const logger = recordingLogger();
    await start('iad', { logger });
    await expect
      .poll(() => logger.lines.map(({ event }) => event), { timeout: 15_000 })
      .toContain('region.refused');
    await expect(note('iad', CHARTER_STREAM)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('does not start with a key that others can read', async () => {
    await chmod(dir.join('iad.key'), 0o644);
    await expect(start('iad')).rejects.toMatchObject({ code: 'CONFIG' });
  });

  /** A store with the file by which its node knows it. */
  async function copyStore(from: string, to: string): Promise<void> {
    await cp(dir.join(from), dir.join(to), { recursive: true });
    await cp(dir.join(`${from}.boot`), dir.join(`${to}.boot`));
  }

  /** What was copied takes the place of the store. */
  async function putBack(): Promise<void> {
    await rm(dir.join('data-iad'), { recursive: true });
    await copyStore('backup', 'data-iad');
  }

  async function expectSuspect(logger: Recorded, fields: object): Promise<void> {
    await expect
      .poll(() => logger.lines, { timeout: 20_000, interval: 50 })
      .toContainEqual(
        expect.objectContaining({ event: 'store.suspect', origin: 'copy', ...fields }),
      );
  }

  function keyOf(name: string): SigningKey {
    return keys.get(name) ?? generateSigningKey('ed25519');
  }

  async function writeKey(name: string, key: SigningKey): Promise<void> {
    const file = await dir.write(`${name}.key`, encodePem('PRIVATE KEY', exportSigningKey(key)));
    await chmod(file, 0o600);
  }

  async function start(
    name: string,
    how: { logger?: Recorded; key?: 'without key'; seeds?: 'none' } = {},
  ): Promise<void> {
    const { logger = recordingLogger(), key, seeds: known } = how;
    const port = ports[REGIONS.indexOf(name)];
    const all = REGIONS.map((_, index) => `localhost:${String(ports[index])}`);
    const seeds = known === 'none' ? [] : all;
    const changes = {
      node: { id: `${name}-1`, region: name },
      store: { path: `data-${name}` },
      ...(key === undefined && { region: { keyFile: `${name}.key` } }),
      listen: { clients: '127.0.0.1:0', admins: '127.0.0.1:0', peers: `localhost:${String(port)}` },
      peers: { seeds: seeds.filter((seed) => !seed.endsWith(`:${String(port)}`)) },
    };
    nodes.set(name, await runNode(configFor(dir, realm, changes), { logger }));
  }

  async function stop(name: string): Promise<void> {
    await nodes.get(name)?.[Symbol.asyncDispose]();
    nodes.delete(name);
  }

  async function adminOf(name: string): Promise<AdminClient> {
    const endpoint = nodes.get(name)?.addresses.admins ?? '';
    return await AdminClient.open({ endpoint, insecure: true });
  }

  async function publish(name: string, index: number): Promise<void> {
    const anchor = anchors[index];
    if (anchor === undefined) throw new Error('too few anchors');
    const release = realm.nextRelease(BUNDLE, addActive(anchor));
    using admin = await adminOf(name);
    await admin.submit({ document: release.document, blobs: [anchor.der] });
  }

  async function note(name: string, stream: StreamName): Promise<CosignedCheckpoint> {
    using admin = await adminOf(name);
    const policy = regionPolicy(realm.charter.charter, 1);
    const { leaf } = await admin.checkpoint(stream);
    const bytes = sealCheckpoint(leaf.checkpoint, leaf.lines);
    return openCheckpoint(bytes, { realm: realm.name, stream }, policy);
  }

  async function regionsOf(name: string, stream: StreamName): Promise<readonly string[]> {
    return await note(name, stream).then(
      ({ regions }) => regions,
      () => [],
    );
  }

  async function expectCosigned(name: string, size: number): Promise<void> {
    await expect
      .poll(
        async () => {
          const opened = await note(name, STREAM).catch(() => undefined);
          return { size: opened?.checkpoint.size, regions: opened?.regions };
        },
        { timeout: 20_000, interval: 50 },
      )
      .toEqual({ size, regions: REGIONS });
  }
});
