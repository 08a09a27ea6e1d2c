/**
 * Three nodes with memory stores and real gRPC with mTLS between them.
 */
import { AdminClient } from '../../../src/client/admin-client.ts';
import type { Frame } from '../../../src/core/gossip/frames.ts';
import {
  type BundleName,
  parseBundleName,
  releaseStream,
  type StreamName,
} from '../../../src/core/ids.ts';
import { emptyTrustedState, headOf } from '../../../src/core/trusted/state.ts';
import type { LinkEvents } from '../../../src/grpc/peers/link-session.ts';
import { PeerLinks } from '../../../src/grpc/peers/peer-links.ts';
import { GrpcServer } from '../../../src/grpc/server.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import type { Store } from '../../../src/ports/store.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { AttestedSource } from '../../../src/service/clients/attested-source.ts';
import { Deliveries } from '../../../src/service/clients/deliveries.ts';
import { Subscriptions } from '../../../src/service/clients/subscriptions.ts';
import { fetchItems } from '../../../src/service/fetch-source.ts';
import { CallerDirectory } from '../../../src/service/identity.ts';
import { Queries } from '../../../src/service/queries/queries.ts';
import { Replicator } from '../../../src/service/replication/replicator.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import { findFreePorts } from '../../../src/testing/ports.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../../src/testing/realm.ts';
import { adminTls, DOMAIN, LogLines, liveTls, materialOf } from './listener.ts';

const NAMES = ['iad-1', 'fra-1', 'sin-1'];
export const PAYMENTS: BundleName = parseBundleName('payments.test.example.org');
export const STREAM: StreamName = releaseStream(PAYMENTS);

/** A node that runs. */
export interface RunningNode extends AsyncDisposable {
  readonly server: GrpcServer;
  readonly replicator: Replicator;
  readonly log: LogLines;
  /** Frames that it read from links which others dialled. */
  readonly frames: Frame[];
}

/** Nodes that know each other as seeds. */
export class Cluster {
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
    const log = new LogLines();
    const frames: Frame[] = [];
    const surroundings = { clock: systemClock, logger: log, metrics: noMetrics };
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
    const deliveries = new Deliveries({
      ...surroundings,
      state,
      store,
      nodes: () => [],
      heartbeats: () => new Map(),
      onStep: () => undefined,
    });
    const subscriptions = new Subscriptions({
      attested,
      deliveries,
      ...surroundings,
      ...pin,
      state,
      store,
      maxSubscribers: 10,
      maxSubscribersPerClient: 10,
    });
    const transport = new PeerLinks({
      self: self.nodeId,
      clock: systemClock,
      resolveSeeds: async () => ({ addresses: [...this.#addresses.values()], unresolved: [] }),
      nodeOf: (names) => directory.nodeByCertificate(names),
      tls,
      logger: log,
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
      tlsWorkers: () => [],
      keyWait: () => undefined,
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
          links: counted(replicator, frames),
          fetchItems: (requests) => fetchItems(store, () => replicator.durable, requests),
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
      log,
      frames,
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

  /** The newest sequence of {@link STREAM} on each node. */
  sequences(): readonly number[] {
    return [...this.nodes.values()].map(
      ({ replicator }) => headOf(replicator.durable, STREAM)?.sequence ?? 0,
    );
  }
}

/** The same events, with the frames noted. */
function counted(replicator: Replicator, frames: Frame[]): LinkEvents {
  return {
    linkUp: (link, nodeId, target) => {
      replicator.linkUp(link, nodeId, target);
    },
    linkFrame: (linkId, frame, bytes) => {
      if (frame !== 'unknown') frames.push(frame);
      replicator.linkFrame(linkId, frame, bytes);
    },
    linkRefused: (linkId, error) => {
      replicator.linkRefused(linkId, error);
    },
    linkDown: (linkId, error) => {
      replicator.linkDown(linkId, error);
    },
    linkFailed: (target, error) => {
      replicator.linkFailed(target, error);
    },
  };
}
