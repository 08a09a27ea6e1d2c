/**
 * Kedge nodes as processes, one on each host of a network, over mTLS.
 *
 * @module
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DemoCa, makeCa, makeLeaf, saveLeaf } from '../../demo/certificates.ts';
import { documentFile } from '../../demo/cluster.ts';
import type { LinkFiles } from '../../demo/messages.ts';
import { NodeProcess } from '../../demo/node-process.ts';
import { AdminClient } from '../../src/client/admin-client.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { CLIENT_PORT, identityOf, nodeConfig } from './node-config.ts';
import type { Wan, WanHost } from './wan.ts';

const LINKS_WITHIN_MS = 60_000;
const POLL_MS = 250;
/** Nodes that start at once: more would only compete for processors. */
const START_TOGETHER = 5;

/** One node and the host that it stands on. */
export interface WanNode {
  readonly host: WanHost;
  readonly process: NodeProcess;
  readonly storePath: string;
}

/** The nodes. */
export class WanCluster implements AsyncDisposable {
  readonly realm: TestRealm;
  readonly nodes: readonly WanNode[];
  readonly #wan: Wan;
  readonly #folder: string;
  readonly #ca: DemoCa;
  #adminTls: Promise<LinkFiles> | undefined;

  private constructor(parts: {
    readonly wan: Wan;
    readonly realm: TestRealm;
    readonly nodes: readonly WanNode[];
    readonly folder: string;
    readonly ca: DemoCa;
  }) {
    this.#wan = parts.wan;
    this.realm = parts.realm;
    this.nodes = parts.nodes;
    this.#folder = parts.folder;
    this.#ca = parts.ca;
  }

  /** Writes certificates and configurations; starts nothing. */
  static async prepare(wan: Wan, realm: TestRealm): Promise<WanCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'kedge-wan-'));
    const ca = makeCa('connections');
    await mkdir(join(folder, 'tls'), { mode: 0o700 });
    await writeFile(join(folder, 'tls', 'ca.pem'), ca.certificatePem);
    const charterFile = join(folder, 'charter-1.json');
    await writeFile(charterFile, documentFile(realm.charter.document));
    const nodes: WanNode[] = [];
    for (const host of wan.hosts) {
      const place = join(folder, host.name);
      await mkdir(join(place, 'disk'), { recursive: true });
      const address = `${wan.address(host)}:${CLIENT_PORT}`;
      nodes.push({
        host,
        storePath: join(place, 'disk', 'data'),
        process: new NodeProcess({
          id: host.name,
          region: host.region,
          folder: place,
          configFile: join(place, 'node.yaml'),
          address,
          peerAddress: address,
          prefix: wan.prefix(host),
        }),
      });
    }
    const cluster = new WanCluster({ wan, realm, nodes, folder, ca });
    for (const node of nodes) await cluster.#configure(node, charterFile);
    return cluster;
  }

  /** A connection for admins to a node. */
  async openAdmin({ process }: WanNode, timeoutMs?: number): Promise<AdminClient> {
    this.#adminTls ??= this.#linkFiles('admin/bench');
    return await AdminClient.open({
      endpoint: process.place.address,
      tls: await this.#adminTls,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  /** Starts every node and waits until all know each other. */
  async start(): Promise<void> {
    for (let at = 0; at < this.nodes.length; at += START_TOGETHER) {
      const some = this.nodes.slice(at, at + START_TOGETHER);
      await Promise.all(some.map(({ process }) => process.start()));
    }
    await this.linked(this.nodes);
  }

  /** Waits until these nodes know every other node and have the links that they want. */
  async linked(nodes: readonly WanNode[]): Promise<void> {
    const deadlineMs = performance.now() + LINKS_WITHIN_MS;
    for (const node of nodes) {
      using admin = await this.openAdmin(node);
      for (;;) {
        const { peers } = await admin.status();
        const isAllKnown = peers.length === this.nodes.length - 1;
        if (isAllKnown && peers.every(({ link }) => link !== 'down')) break;
        if (performance.now() > deadlineMs) throw new Error(`${node.host.name} is not linked`);
        await sleep(POLL_MS);
      }
    }
  }

  /** Stops what runs and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(({ process }) => process.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #configure({ host, process, storePath }: WanNode, charterFile: string): Promise<void> {
    const { certFile, keyFile, caFile } = await this.#linkFiles(`node/${host.name}`);
    const tls = { certFile, keyFile, caFile };
    const setup = { wan: this.#wan, host, realm: this.realm, charterFile, storePath, tls };
    await writeFile(process.place.configFile, nodeConfig(setup));
  }

  async #linkFiles(role: string): Promise<LinkFiles> {
    const folder = join(this.#folder, 'tls');
    const leaf = makeLeaf(this.#ca, { commonName: role, uri: identityOf(this.realm, role) });
    const files = await saveLeaf(folder, role.replace('/', '-'), leaf);
    return { ...files, caFile: join(folder, 'ca.pem'), serverName: 'localhost' };
  }
}
