/**
 * Kedge nodes on loopback that many clients can watch, each a process with a store of its own.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { documentFile } from '../../demo/cluster.ts';
import { NodeProcess } from '../../demo/node-process.ts';
import { AdminClient } from '../../src/client/admin-client.ts';
import type { BundleCursor } from '../../src/core/watch/messages.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { createTestRealm, type TestRealm } from '../../src/testing/realm.ts';
import { encodeWatchRequest } from '../../src/wire/watch.ts';
import { SESSION_FIRST } from '../machine.ts';
import { grpcCall } from '../swarm/requests.ts';
import type { Dialogue } from '../swarm/swarm.ts';
import type { Certificates } from './certificates.ts';

/** The name of the realm of these benchmarks. */
export const REALM = 'bench.kedge.test';
/** `update` and `current` of `trust.proto`: what a client waits for. */
const SERVED = [0x1a, 0x22];
const CLIENTS_MAX = 20_000;

/** How each of them is run. */
export interface NodesSetting {
  readonly count: number;
  /** Processes that do TLS with programs; 0: the node itself. */
  readonly workers: number;
}

/** One or more nodes that know each other. */
export class BenchNodes implements AsyncDisposable {
  readonly realm: TestRealm;
  readonly nodes: readonly NodeProcess[];
  readonly #certificates: Certificates;

  /** Where each node listens for admins: programs have a listener of their own. */
  readonly #adminAddresses: readonly string[];

  private constructor(parts: {
    readonly realm: TestRealm;
    readonly nodes: readonly NodeProcess[];
    readonly certificates: Certificates;
    readonly adminAddresses: readonly string[];
  }) {
    this.realm = parts.realm;
    this.nodes = parts.nodes;
    this.#certificates = parts.certificates;
    this.#adminAddresses = parts.adminAddresses;
  }

  /** Starts them; `folder` is theirs. */
  static async start(
    folder: string,
    certificates: Certificates,
    { count, workers }: NodesSetting,
  ): Promise<BenchNodes> {
    const realm = createTestRealm({ realm: REALM, threshold: 2, now: Date.now });
    await writeFile(join(folder, 'charter-1.json'), documentFile(realm.charter.document));
    const addresses = (await findFreePorts(3 * count)).map((port) => `127.0.0.1:${port}`);
    const adminAddresses = addresses.splice(2 * count);
    const nodes: NodeProcess[] = [];
    for (let i = 0; i < count; i += 1) {
      const id = `iad-${i + 1}`;
      const place = join(folder, id);
      await mkdir(place);
      const [address = '', peerAddress = ''] = addresses.slice(2 * i);
      const configFile = join(place, 'node.yaml');
      nodes.push(
        new NodeProcess({
          id,
          region: 'iad',
          folder: place,
          address,
          peerAddress,
          configFile,
          prefix: SESSION_FIRST,
        }),
      );
    }
    const started = new BenchNodes({ realm, nodes, certificates, adminAddresses });
    for (const [i, node] of nodes.entries()) {
      await started.#configure(node, adminAddresses[i] ?? '', workers);
      await node.start();
    }
    return started;
  }

  /** The first of them, or the one that is asked for. */
  node(index: number = 0): NodeProcess {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  async openAdmin(index: number = 0): Promise<AdminClient> {
    const tls = await this.#certificates.files('admin', 'admin');
    return await AdminClient.open({ endpoint: this.#adminAddresses[index] ?? '', tls });
  }

  /** How a client watches bundles at a node, with the charter and what it holds. */
  dialogue(bundles: readonly BundleCursor[], index: number = 0): Dialogue {
    const request = encodeWatchRequest({
      kind: 'start',
      start: {
        realm: this.realm.name,
        firstCharterDigest: this.realm.firstCharterDigest,
        charterVersion: this.realm.charter.sequence,
        bundles,
        labels: new Map([['service', 'bench']]),
        wantsAttestations: false,
      },
    });
    const port = Number(this.node(index).place.address.split(':')[1]);
    const preamble = grpcCall('/kedge.v1.TrustService/Watch', request);
    return { protocol: 'h2', port, ready: SERVED, preamble };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async #configure(
    { place }: NodeProcess,
    adminAddress: string,
    clientWorkers: number,
  ): Promise<void> {
    const { certFile, keyFile, caFile } = await this.#certificates.files('node', place.id);
    const isAlone = this.nodes.length === 1;
    const config = {
      node: { id: place.id, region: place.region },
      realm: REALM,
      firstCharterFile: '../charter-1.json',
      store: { path: 'data' },
      listen: {
        clients: place.address,
        admins: adminAddress,
        ...(isAlone ? {} : { peers: place.peerAddress }),
      },
      tls: { certFile, keyFile, caFile, clientWorkers },
      identities: [
        { id: `spiffe://${REALM}/client/*`, roles: ['client'] },
        { id: `spiffe://${REALM}/admin/*`, roles: ['admin'] },
      ],
      ...(isAlone ? {} : { peers: { seeds: this.nodes.map((node) => node.place.peerAddress) } }),
      limits: { maxSubscribers: CLIENTS_MAX, maxSubscribersPerClient: CLIENTS_MAX },
      log: { level: 'info', format: 'json' },
      drainTimeoutMs: 1000,
    };
    await writeFile(place.configFile, stringify(config));
  }
}
