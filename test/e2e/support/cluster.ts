/**
 * Nodes as processes of their own, as operators run them: `kedge node run` with a configuration
 * file, mTLS, LevelDB and a port of its own.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { AdminClient } from '../../../src/client/admin-client.ts';
import type { SourceTlsOptions } from '../../../src/client/options.ts';
import { encodeBase64, parseUtf8 } from '../../../src/core/bytes.ts';
import { encodeEnvelope, type SignedDocument } from '../../../src/core/statements/envelope.ts';
import { createTestPki, type TestIdentityFiles, type TestPki } from '../../../src/testing/pki.ts';
import { findFreePorts } from '../../../src/testing/ports.ts';
import { startProcess, type TestProcess } from '../../../src/testing/processes.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';

/** The built program. */
export const KEDGE: string = fileURLToPath(
  new URL('../../../dist/src/cli/main.js', import.meta.url),
);
const DOMAIN = 'spiffe://test.example.org';
const READY_WITHIN_MS = 60_000;

/** A first charter as `kedge realm init` writes it. */
export function charterFile({ statement, body }: SignedDocument): string {
  const envelope: unknown = JSON.parse(parseUtf8(encodeEnvelope(statement)));
  return JSON.stringify({ format: 'kedge-document/1', envelope, body: encodeBase64(body) });
}

/** One node of a {@link ProcessCluster}, running or not. */
export interface ProcessNode {
  readonly name: string;
  /** Where clients and admins reach it. */
  readonly endpoint: string;
  readonly configFile: string;
  readonly storePath: string;
  /** Spawns it; it does not serve yet. */
  spawn(): Promise<TestProcess>;
  /** Spawns it and waits until it serves. */
  start(): Promise<TestProcess>;
  /** A connection for admins of its own. */
  openAdmin(): Promise<AdminClient>;
}

/** Where a node listens. */
export interface NodePlace {
  readonly name: string;
  readonly port: number;
}

/** What the configuration of a node says beside, or instead of, the usual. */
export type ConfigOf = (
  place: NodePlace,
  all: readonly NodePlace[],
  folder: TempDir,
) => Promise<Readonly<Record<string, unknown>>>;

/** Nodes that know each other, with their folder and their certificates. */
export class ProcessCluster implements AsyncDisposable {
  readonly nodes: readonly ProcessNode[];
  readonly #folder: TempDir;
  readonly #clientTls: SourceTlsOptions;
  readonly #adminTls: TestIdentityFiles;
  readonly #running: Set<TestProcess>;

  private constructor(parts: {
    readonly nodes: readonly ProcessNode[];
    readonly folder: TempDir;
    readonly clientTls: SourceTlsOptions;
    readonly adminTls: TestIdentityFiles;
    readonly running: Set<TestProcess>;
  }) {
    this.nodes = parts.nodes;
    this.#folder = parts.folder;
    this.#clientTls = parts.clientTls;
    this.#adminTls = parts.adminTls;
    this.#running = parts.running;
  }

  static async create(
    realm: TestRealm,
    names: readonly string[],
    configOf: ConfigOf = async () => ({}),
  ): Promise<ProcessCluster> {
    const folder = await createTempDir('kedge-e2e-');
    const pki = createTestPki();
    const ports = await findFreePorts(names.length);
    const charter = await folder.write('first-charter.json', charterFile(realm.charter.document));
    const adminTls = await pki.write(folder, 'admin', { uris: [`${DOMAIN}/admin/ops`] });
    const running = new Set<TestProcess>();
    const places = names.map((name, index) => ({ name, port: ports[index] ?? 0 }));
    const nodes: ProcessNode[] = [];
    for (const { name, port } of places) {
      const change = await configOf({ name, port }, places, folder);
      const parts = { folder, pki, realm, charter, name, port, places, change };
      const configFile = await writeConfig(parts);
      const spawn = async (): Promise<TestProcess> => {
        const argv = [KEDGE, 'node', 'run', '--config', configFile];
        const child = await startProcess({ argv, name });
        running.add(child);
        void child.exited.then(() => running.delete(child));
        return child;
      };
      const endpoint = `127.0.0.1:${port}`;
      nodes.push({
        name,
        endpoint,
        configFile,
        storePath: folder.join(name, 'store'),
        spawn,
        start: async () => {
          const child = await spawn();
          await child.waitForLine('"node.ready"', { timeoutMs: READY_WITHIN_MS });
          return child;
        },
        openAdmin: () => AdminClient.open({ endpoint, tls: adminTls, timeoutMs: 10_000 }),
      });
    }
    const clientTls = await pki.write(folder, 'client', { uris: [`${DOMAIN}/client/app`] });
    return new ProcessCluster({ nodes, folder, clientTls, adminTls, running });
  }

  /** What a program needs to connect. */
  get clientTls(): SourceTlsOptions {
    return this.#clientTls;
  }

  /** What an admin needs to connect. */
  get adminTls(): TestIdentityFiles {
    return this.#adminTls;
  }

  get folder(): TempDir {
    return this.#folder;
  }

  get endpoints(): readonly string[] {
    return this.nodes.map(({ endpoint }) => endpoint);
  }

  node(name: string): ProcessNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** Kills what still runs and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((child) => child.kill()));
    await this.#folder[Symbol.asyncDispose]();
  }
}

interface ConfigParts {
  readonly folder: TempDir;
  readonly pki: TestPki;
  readonly realm: TestRealm;
  readonly charter: string;
  readonly name: string;
  readonly port: number;
  readonly places: readonly NodePlace[];
  readonly change: Readonly<Record<string, unknown>>;
}

async function writeConfig(parts: ConfigParts): Promise<string> {
  const { folder, pki, realm, charter, name, port, places, change } = parts;
  await mkdir(folder.join(name));
  const listen = `127.0.0.1:${port}`;
  const config = {
    node: { id: name, region: name },
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    firstCharterFile: charter,
    store: { path: folder.join(name, 'store') },
    listen: { clients: listen, peers: listen, admins: listen },
    tls: await pki.write(folder, name, { uris: [`${DOMAIN}/node/${name}`] }),
    identities: [
      { id: `${DOMAIN}/client/*`, roles: ['client'] },
      { id: `${DOMAIN}/admin/*`, roles: ['admin'] },
    ],
    peers: {
      seeds: places.filter((place) => place.name !== name).map(({ port }) => `127.0.0.1:${port}`),
    },
    drainTimeoutMs: 1000,
    ...change,
  };
  return await folder.write(`${name}/node.yaml`, stringify(config));
}
