/**
 * Real nodes on loopback whose certificates come from several CAs and whose trust is a bundle of
 * their own realm.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { stringify } from 'yaml';
import { AdminClient } from '../../../src/client/admin-client.ts';
import { releaseStream } from '../../../src/core/ids.ts';
import { addAnchor } from '../../../src/core/releases/edit.ts';
import { headOf } from '../../../src/core/trusted/state.ts';
import { parseNodeConfig } from '../../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../../src/node/daemon.ts';
import type { LogFields } from '../../../src/ports/logger.ts';
import type { TestEdit } from '../../../src/testing/anchors.ts';
import { createTestPki, type TestPki } from '../../../src/testing/pki.ts';
import { findFreePorts } from '../../../src/testing/ports.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';
import { documentFile, realmNow, recordingLogger } from './setup.ts';

const DOMAIN = 'spiffe://prod.example.org';
const PURPOSES = ['tls-client', 'tls-server'];

/** The bundle that the nodes of a cluster take their authorities from. */
export const NODES = 'nodes.prod.example.org';
/** A bundle that has nothing to do with the nodes. */
export const PAYMENTS = 'payments.prod.example.org';

/** An edit that lists the CA of a PKI as active, for callers and for dialled peers. */
export function trust(pki: TestPki): TestEdit {
  const { id } = pki.ca.facts;
  return (body, point) => addAnchor(body, { id, label: 'CA', purposes: PURPOSES }, 'active', point);
}

/** A caller's certificate, key and authorities; PEM. */
export interface CallerPems {
  readonly cert: string;
  readonly key: string;
}

/** One node with its log. */
export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly running: RunningNode;
  readonly lines: readonly LogFields[];
}

/** How a cluster is made. */
export interface ClusterOptions {
  readonly names: readonly string[];
  /** Issues the first certificate of each node, and is the bootstrap file of all. */
  readonly pki: TestPki;
  readonly moveWithinMs?: number;
}

/** Nodes that dial each other. */
export class IdentityCluster implements AsyncDisposable {
  readonly realm: TestRealm = realmNow();
  readonly #options: ClusterOptions;
  readonly #dir: TempDir;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #nodes: Map<string, ClusterNode> = new Map();
  readonly #admins: AdminClient[] = [];
  /** What callers of a test trust: every CA that issued anything. */
  readonly #caPems: Set<string> = new Set();

  static async start(options: ClusterOptions): Promise<IdentityCluster> {
    const dir = await createTempDir();
    const ports = await findFreePorts(options.names.length);
    const byName = new Map(options.names.map((name, i) => [name, ports[i] ?? 0]));
    const cluster = new IdentityCluster(options, dir, byName);
    await dir.write('charter-1.json', documentFile(cluster.realm.charter.document));
    await dir.write('ca.pem', options.pki.caPem);
    for (const name of options.names) {
      await cluster.issue(name, options.pki);
      await cluster.run(name);
    }
    return cluster;
  }

  private constructor(options: ClusterOptions, dir: TempDir, ports: ReadonlyMap<string, number>) {
    this.#options = options;
    this.#dir = dir;
    this.#ports = ports;
  }

  get nodes(): readonly ClusterNode[] {
    return [...this.#nodes.values()];
  }

  node(name: string): ClusterNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  /** Paths of a node's files. */
  files(name: string): { readonly folder: string; readonly cert: string; readonly key: string } {
    return {
      folder: this.#dir.join(`tls-${name}`),
      cert: this.#dir.join(`tls-${name}`, 'tls.crt'),
      key: this.#dir.join(`tls-${name}`, 'tls.key'),
    };
  }

  /** Gives a node another certificate: two files, one after the other, each replaced at once. */
  async issue(name: string, pki: TestPki): Promise<string> {
    this.#caPems.add(pki.caPem);
    const { certificatePem, keyPem, facts } = pki.issue(name, { uris: [`${DOMAIN}/node/${name}`] });
    const { folder, cert, key } = this.files(name);
    await mkdir(folder, { recursive: true });
    for (const [file, text] of [
      [key, keyPem],
      [cert, certificatePem],
    ] as const) {
      await writeFile(`${file}.new`, text);
      await rename(`${file}.new`, file);
    }
    return facts.serial;
  }

  async run(name: string): Promise<ClusterNode> {
    const logger = recordingLogger();
    const address = `127.0.0.1:${this.#ports.get(name)}`;
    const { cert, key } = this.files(name);
    const config = {
      node: { id: name, region: name.slice(0, 3) },
      realm: this.realm.name,
      firstCharterFile: 'charter-1.json',
      store: { path: `data-${name}` },
      listen: { clients: address, peers: address, admins: address },
      http: { listen: '127.0.0.1:0' },
      tls: {
        certFile: cert,
        keyFile: key,
        caFile: 'ca.pem',
        caBundle: NODES,
        moveWithinMs: this.#options.moveWithinMs ?? 600_000,
      },
      identities: [{ id: `${DOMAIN}/admin/*`, roles: ['admin'] }],
      peers: { seeds: [...this.#ports.values()].map((port) => `127.0.0.1:${port}`) },
      drainTimeoutMs: 100,
    };
    const parsed = parseNodeConfig(stringify(config), this.#dir.join('node.yaml'));
    const running = await runNode(parsed, { logger });
    const node = { name, address, running, lines: logger.lines };
    this.#nodes.set(name, node);
    return node;
  }

  async stop(name: string): Promise<void> {
    await this.node(name).running[Symbol.asyncDispose]();
    this.#nodes.delete(name);
  }

  /** An admin whose certificate a PKI issues. */
  async admin(name: string, pki: TestPki): Promise<AdminClient> {
    const { cert, key } = callerPems('admin/alice', pki);
    const endpoint = this.node(name).address;
    const caFile = await this.#dir.write('callers-ca.pem', [...this.#caPems].join(''));
    const admin = await AdminClient.open({
      endpoint,
      tls: {
        certFile: await this.#dir.write('admin.crt', cert),
        keyFile: await this.#dir.write('admin.key', key),
        caFile,
      },
      timeoutMs: 5_000,
    });
    this.#admins.push(admin);
    return admin;
  }

  /** Publishes a release at one node, and returns its sequence. */
  async publish(
    admin: AdminClient,
    bundle: string,
    edit: TestEdit,
    ...pkis: readonly TestPki[]
  ): Promise<number> {
    const { document, sequence } = this.realm.nextRelease(bundle, edit);
    await admin.submit({ document, blobs: pkis.map(({ ca }) => ca.der) });
    return sequence;
  }

  /** The sequence of a bundle on each node. */
  sequences(bundle: string): readonly number[] {
    const stream = releaseStream(this.realm.releases(bundle)[0]?.body.bundle ?? failed(bundle));
    return this.nodes.map(({ running }) => headOf(running.trusted, stream)?.sequence ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const admin of this.#admins) admin[Symbol.dispose]();
    await Promise.all(this.nodes.map(({ running }) => running[Symbol.asyncDispose]()));
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** A certificate below the domain of the nodes. */
export function callerPems(path: string, pki: TestPki): CallerPems {
  const { certificatePem, keyPem } = pki.issue(path.replaceAll('/', '-'), {
    uris: [`${DOMAIN}/${path}`],
  });
  return { cert: certificatePem, key: keyPem };
}

/** How a raw connection went. */
export interface RawConnection {
  readonly socket: TLSSocket;
  /** Resolves when the connection is over. */
  readonly closed: Promise<string>;
  readonly peer: PeerCertificate;
  readonly isReused: boolean;
}

/** Connects with TLS and nothing else, and stays connected. */
export async function connectRaw(
  address: string,
  { cert, key }: CallerPems,
  options: { readonly session?: Buffer; readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' } = {},
): Promise<RawConnection> {
  const port = Number(address.split(':')[1]);
  const socket = connect({
    host: '127.0.0.1',
    port,
    cert,
    key,
    ALPNProtocols: ['h2'],
    // Whom the node shows is what a test wants to know, not what it relies on.
    rejectUnauthorized: false,
    ...options,
  });
  // Whoever does not read does not notice the end.
  socket.resume();
  const closed = new Promise<string>((resolve) => {
    socket.on('error', (error) => resolve(error.message));
    socket.on('close', () => resolve('closed'));
  });
  let isReused = false;
  const connected = new Promise<void>((resolve) => {
    socket.on('secureConnect', () => {
      isReused = socket.isSessionReused();
      resolve();
    });
  });
  await Promise.race([closed, connected]);
  return { socket, closed, peer: socket.getPeerCertificate(), isReused };
}

/** The serial number that a node shows to new callers. */
export async function shownSerial(address: string, caller: CallerPems): Promise<string> {
  const { socket, peer } = await connectRaw(address, caller);
  socket.destroy();
  return Object.hasOwn(peer, 'serialNumber') ? peer.serialNumber.toLowerCase() : '';
}

/** How often an event was logged. */
export function countOf(node: ClusterNode, event: LogFields['event']): number {
  return node.lines.filter((line) => line.event === event).length;
}

/** Reads a file, for putting it back. */
export async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8');
}

/** Another CA. */
export function otherPki(commonName: string): TestPki {
  return createTestPki({ commonName });
}

function failed(bundle: string): never {
  throw new Error(`nothing was published in ${bundle}`);
}
