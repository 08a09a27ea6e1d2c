/**
 * Three nodes with real stores and real gRPC with mTLS between them, fed by an admin and watched by
 * clients: whether the transport and the services fit together.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { emptyTrustedState, headOf } from '../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { PeerLinks } from '../../src/grpc/peer-links.ts';
import { GrpcServer } from '../../src/grpc/server.ts';
import { noLogger } from '../../src/ports/logger.ts';
import { noMetrics } from '../../src/ports/metrics.ts';
import type { Store } from '../../src/ports/store.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { AttestedSource } from '../../src/service/attested-source.ts';
import { fetchItems } from '../../src/service/fetch-source.ts';
import { CallerDirectory } from '../../src/service/identity.ts';
import { Queries } from '../../src/service/queries.ts';
import { Replicator } from '../../src/service/replicator.ts';
import { Subscriptions } from '../../src/service/subscriptions.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { testHello, testMembership } from '../../src/testing/members.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../../src/wire/watch.ts';
import {
  adminTls,
  callerCredentials,
  clientTls,
  connect,
  DOMAIN,
  liveTls,
  materialOf,
  until,
} from './support/listener.ts';

const NAMES = ['iad-1', 'fra-1', 'sin-1'];
const PAYMENTS = parseBundleName('payments.test.example.org');
const STREAM = releaseStream(PAYMENTS);

interface RunningNode extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly replicator: Replicator;
}

class Cluster {
  readonly realm: TestRealm = createTestRealm({ holdDownSeconds: 0, now: () => Date.now() });
  readonly nodes: Map<string, RunningNode> = new Map();
  readonly stores: Map<string, Store> = new Map();
  #addresses: ReadonlyMap<string, string> = new Map();

  static async start(): Promise<Cluster> {
    const cluster = new Cluster();
    const ports = await findFreePorts(NAMES.length);
    cluster.#addresses = new Map(NAMES.map((name, i) => [name, `127.0.0.1:${ports[i] ?? 0}`]));
    for (const name of NAMES) await cluster.run(name);
    return cluster;
  }

  node(name: string): RunningNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  async stop(name: string): Promise<void> {
    await this.node(name)[Symbol.asyncDispose]();
    this.nodes.delete(name);
  }

  async run(name: string): Promise<void> {
    const address = this.#addresses.get(name) ?? '';
    const store = this.stores.get(name) ?? (await openMemoryStore());
    this.stores.set(name, store);
    const tls = liveTls(materialOf(`node/${name}`));
    const surroundings = { clock: systemClock, logger: noLogger, metrics: noMetrics };
    const { realm } = this;
    const pin = { realm: realm.name, firstCharterDigest: realm.firstCharterDigest };
    const self = testHello(name, realm, { storeId: store.storeId, address });
    const identities = [
      { id: `${DOMAIN}/client/*`, roles: ['client'] as const },
      { id: `${DOMAIN}/admin/*`, roles: ['admin'] as const },
    ];
    const peerIdentity = `${DOMAIN}/node/{node}`;
    const directory = new CallerDirectory({ identities, peerIdentity });
    const state = emptyTrustedState(realm.name, realm.firstCharterDigest);
    const attested = new AttestedSource({
      state,
      store,
      attestations: () => replicator.attestations,
    });
    const subscriptions = new Subscriptions({
      attested,
      ...surroundings,
      ...pin,
      state,
      store,
      maxSubscribers: 10,
    });
    const transport = new PeerLinks({
      self: self.nodeId,
      clock: systemClock,
      resolveSeeds: async () => [...this.#addresses.values()],
      nodeOf: (names) => directory.nodeByCertificate(names),
      tls,
      logger: noLogger,
      metrics: noMetrics,
    });
    const replicator = new Replicator({
      ...surroundings,
      self,
      hasSeeds: true,
      membership: testMembership(self),
      state,
      store,
      transport,
      random: Math.random,
      onServe: (next, streams) => {
        subscriptions.serve(next, streams);
      },
    });
    transport.attach(replicator);
    const queries = new Queries({
      self,
      version: 'test',
      startedAtMs: Date.now(),
      store,
      replicator,
      subscriptions,
      attested,
    });
    const server = await GrpcServer.start({
      ...surroundings,
      address,
      tls,
      callers: { directory, transport: 'mtls' },
      services: {
        trust: subscriptions,
        gossip: {
          self: self.nodeId,
          links: replicator,
          fetchItems: (request) => fetchItems(store, replicator.durable, request),
        },
        admin: {
          submit: async (document, blobs) => await replicator.submit(document, blobs),
          queries,
        },
      },
      maxStreamsPerConnection: 100,
    });
    replicator.start();
    this.nodes.set(name, {
      server,
      replicator,
      [Symbol.asyncDispose]: async () => {
        await replicator[Symbol.asyncDispose]();
        await server.drain(100);
        transport[Symbol.dispose]();
      },
    });
  }

  async admin(name: string): Promise<AdminClient> {
    const { server } = this.node(name);
    return await AdminClient.open({ endpoint: server.address, tls: adminTls });
  }

  async publish(name: string, release: TestRelease, blobs: readonly Uint8Array[]): Promise<void> {
    using admin = await this.admin(name);
    await admin.submit({ document: release.document, blobs });
  }

  sequences(): readonly number[] {
    return [...this.nodes.values()].map(
      ({ replicator }) => headOf(replicator.durable, STREAM)?.sequence ?? 0,
    );
  }
}

async function watch(server: GrpcServer, realm: TestRealm): Promise<readonly WatchResponse[]> {
  const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
  const client = connect(server, callerCredentials(clientTls));
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const responses: WatchResponse[] = [];
  call.on('error', () => undefined);
  call.on('data', (bytes: Buffer) => responses.push(decodeWatchResponse(bytes)));
  const start = {
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    charterVersion: 0,
    bundles: [{ bundle: PAYMENTS, held: undefined }],
    labels: new Map<string, string>(),
    wantsAttestations: false,
  };
  call.write(encodeWatchRequest({ kind: 'start', start }));
  await until(() => responses.length > 0);
  return responses;
}

describe('nodes over gRPC with mTLS', () => {
  let cluster: Cluster | undefined;

  afterEach(async () => {
    for (const name of [...(cluster?.nodes.keys() ?? [])]) await cluster?.stop(name);
  });

  it('link up, replicate what an admin submits, and serve it to clients', async () => {
    cluster = await Cluster.start();
    const { realm } = cluster;
    const [anchor, other] = createTestAnchors(2);
    if (anchor === undefined || other === undefined) throw new Error('no anchors');
    using admin = await cluster.admin('iad-1');
    await admin.submit({ document: realm.charter.document, blobs: [] });
    const first = realm.nextRelease(PAYMENTS, addActive(anchor));
    await cluster.publish('iad-1', first, [anchor.der]);
    await until(() => cluster?.sequences().join() === '1,1,1');

    const seen = await watch(cluster.node('sin-1').server, realm);
    await until(() => seen.some(({ kind }) => kind === 'update'));
    const second = realm.nextRelease(PAYMENTS, addActive(other));
    await cluster.publish('fra-1', second, [other.der]);
    await until(() => cluster?.sequences().join() === '2,2,2');
    await until(() => seen.filter(({ kind }) => kind === 'update').length === 2);
    expect(seen.map(({ kind }) => kind)).toEqual([
      'charters',
      'blobs',
      'update',
      'blobs',
      'update',
    ]);
    expect(seen.at(-1)).toMatchObject({ update: { content: { kind: 'delta' } } });

    await until(() => cluster?.node('iad-1').replicator.neighbours().length === 2);
    const status = await admin.status();
    expect(status.peers.map(({ link }) => link)).toEqual(['up', 'up']);
  });

  it('a node that was away catches up by fetching, more than fits a push', async () => {
    cluster = await Cluster.start();
    const { realm } = cluster;
    using admin = await cluster.admin('iad-1');
    await admin.submit({ document: realm.charter.document, blobs: [] });
    const anchors = createTestAnchors(120);
    await cluster.stop('sin-1');
    const first = realm.nextRelease(PAYMENTS, addActive(...anchors.slice(0, 100)));
    await cluster.publish(
      'iad-1',
      first,
      anchors.slice(0, 100).map(({ der }) => der),
    );
    for (const anchor of anchors.slice(100)) {
      await cluster.publish('fra-1', realm.nextRelease(PAYMENTS, addActive(anchor)), [anchor.der]);
    }
    await until(() => cluster?.sequences().join() === '21,21');
    await cluster.run('sin-1');
    await until(() => cluster?.sequences().join() === '21,21,21', 15_000);
    const ids = anchors.map(({ id }) => id);
    const blobs = await cluster.stores.get('sin-1')?.blobs(ids);
    expect(blobs?.size).toBe(120);
  });
});
