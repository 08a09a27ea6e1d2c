/**
 * The cluster of the demonstration: three nodes in three regions on loopback ports, each a process
 * with a configuration file and a store of its own.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { encodeBase64, parseUtf8 } from '../src/core/bytes.ts';
import { encodeEnvelope, type SignedDocument } from '../src/core/statements/envelope.ts';
import { findFreePorts } from '../src/testing/ports.ts';
import type { TestRealm } from '../src/testing/realm.ts';
import { type DemoCa, makeCa, makeLeaf, saveLeaf } from './certificates.ts';
import type { LinkFiles } from './messages.ts';
import { type NodePlace, NodeProcess } from './node-process.ts';

/** The regions, one node each. */
export const REGIONS: readonly string[] = ['iad', 'fra', 'sin'];

/** The nodes and what is needed to speak with them. */
export class Cluster {
  readonly realm: TestRealm;
  readonly nodes: readonly NodeProcess[];
  readonly folder: string;
  readonly #ca: DemoCa;

  private constructor(realm: TestRealm, nodes: readonly NodeProcess[], folder: string, ca: DemoCa) {
    this.realm = realm;
    this.nodes = nodes;
    this.folder = folder;
    this.#ca = ca;
  }

  /** Writes certificates and configurations below `folder`; starts nothing. */
  static async prepare(realm: TestRealm, folder: string): Promise<Cluster> {
    const ca = makeCa('demo connections');
    await mkdir(join(folder, 'tls'), { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'tls', 'ca.pem'), ca.certificatePem);
    await writeFile(join(folder, 'charter-1.json'), documentFile(realm.charter.document));
    const ports = await findFreePorts(2 * REGIONS.length);
    const places = REGIONS.map((region, i): NodePlace => {
      const id = `${region}-1`;
      const nodeFolder = join(folder, id);
      return {
        id,
        region,
        folder: nodeFolder,
        address: `127.0.0.1:${String(ports[2 * i] ?? 0)}`,
        peerAddress: `127.0.0.1:${String(ports[2 * i + 1] ?? 0)}`,
        configFile: join(nodeFolder, 'node.yaml'),
      };
    });
    const cluster = new Cluster(
      realm,
      await Promise.all(
        places.map(async (place) => {
          await mkdir(place.folder, { recursive: true });
          return new NodeProcess(place);
        }),
      ),
      folder,
      ca,
    );
    for (const place of places) await cluster.#configure(place, places);
    return cluster;
  }

  /** Issues a certificate for connections to the nodes. */
  async linkFiles(role: 'client' | 'admin' | 'node', name: string): Promise<LinkFiles> {
    const uri = `spiffe://${this.realm.name}/${role}/${name}`;
    const leaf = makeLeaf(this.#ca, { commonName: name, uri });
    const files = await saveLeaf(join(this.folder, 'tls'), `${role}-${name}`, leaf);
    return { ...files, caFile: join(this.folder, 'tls', 'ca.pem'), serverName: 'localhost' };
  }

  /** Addresses for clients, beginning with the given region's. */
  endpoints(region: string): readonly string[] {
    const own = this.nodes.filter(({ place }) => place.region === region);
    const others = this.nodes.filter(({ place }) => place.region !== region);
    return [...own, ...others].map(({ place }) => place.address);
  }

  /** The node of a region. */
  node(region: string): NodeProcess {
    const found = this.nodes.find(({ place }) => place.region === region);
    if (found === undefined) throw new Error(`no node in region ${region}`);
    return found;
  }

  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  async #configure(place: NodePlace, places: readonly NodePlace[]): Promise<void> {
    const { certFile, keyFile, caFile } = await this.linkFiles('node', place.id);
    const identity = (role: string): string => `spiffe://${this.realm.name}/${role}`;
    const config = {
      node: { id: place.id, region: place.region },
      realm: this.realm.name,
      firstCharterDigest: this.realm.firstCharterDigest,
      // One node is given the charter; the others fetch it and check it against the pin.
      ...(place === places[0] ? { firstCharterFile: '../charter-1.json' } : {}),
      store: { path: 'data' },
      listen: { clients: place.address, admins: place.address, peers: place.peerAddress },
      tls: { certFile, keyFile, caFile },
      identities: [
        { id: identity('client/*'), roles: ['client'] },
        { id: identity('admin/*'), roles: ['admin', 'client'] },
      ],
      peers: { seeds: places.map(({ peerAddress }) => peerAddress) },
      log: { level: 'info', format: 'json' },
      drainTimeoutMs: 1000,
    };
    await writeFile(place.configFile, stringify(config));
  }
}

/** A document as `kedge realm init` writes it. */
export function documentFile({ statement, body }: SignedDocument): string {
  const envelope: unknown = JSON.parse(parseUtf8(encodeEnvelope(statement)));
  return JSON.stringify({ format: 'kedge-document/1', envelope, body: encodeBase64(body) });
}
