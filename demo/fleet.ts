/**
 * The programs of the demonstration: in each region a server and a client of `payments`, and one
 * program that follows `public-web`.
 *
 * @module
 */
import { join } from 'node:path';
import { type DemoCa, makeLeaf, saveLeaf } from './certificates.ts';
import { type Cluster, REGIONS } from './cluster.ts';
import type { IdentityFiles, ProgramSetup, Target } from './messages.ts';
import { Program, type ProgramKind } from './program.ts';

/** Pause between two requests of one loop of a client. */
const PAUSE_MS = 100;

/** What was counted over all programs. */
export interface FleetCounts {
  readonly requests: number;
  readonly failed: number;
  readonly resumed: number;
  readonly restarts: number;
}

/** All programs. */
export class Fleet {
  readonly servers: readonly Program[];
  readonly clients: readonly Program[];
  readonly watcher: Program;
  readonly #cluster: Cluster;

  private constructor(cluster: Cluster, parts: Pick<Fleet, 'servers' | 'clients' | 'watcher'>) {
    this.#cluster = cluster;
    this.servers = parts.servers;
    this.clients = parts.clients;
    this.watcher = parts.watcher;
  }

  /** Starts the watcher, then the servers, then the clients that call them. */
  static async start(
    cluster: Cluster,
    bundles: { readonly payments: string; readonly publicWeb: string },
    ca: DemoCa,
  ): Promise<Fleet> {
    const start = async (
      kind: ProgramKind,
      region: string,
      options: Pick<ProgramSetup, 'bundles' | 'identity' | 'targets'>,
    ): Promise<Program> => {
      const name = `${kind}-${region}`;
      return new Program(kind, {
        ...options,
        name,
        realm: cluster.realm.name,
        firstCharterDigest: cluster.realm.firstCharterDigest,
        endpoints: cluster.endpoints(region),
        link: await cluster.linkFiles('client', name),
        cacheFolder: join(cluster.folder, 'programs', name),
        pauseMs: PAUSE_MS,
      });
    };
    const leaf = async (kind: ProgramKind, region: string): Promise<IdentityFiles> =>
      issueIdentity(cluster, `${kind}-${region}`, ca, 'first');
    const servers = await Promise.all(
      REGIONS.map(async (region) =>
        start('server', region, {
          bundles: [bundles.payments],
          identity: await leaf('server', region),
          targets: [],
        }),
      ),
    );
    const ports = await Promise.all(servers.map(async (server) => server.ready()));
    const targets = ports.map((port): Target => ({ host: '127.0.0.1', port }));
    const clients = await Promise.all(
      REGIONS.map(async (region) =>
        start('client', region, {
          bundles: [bundles.payments],
          identity: await leaf('client', region),
          targets,
        }),
      ),
    );
    const region = REGIONS[0] ?? '';
    const watcher = await start('watcher', region, { bundles: [bundles.publicWeb], targets: [] });
    await Promise.all([...clients, watcher].map(async (program) => program.ready()));
    return new Fleet(cluster, { servers, clients, watcher });
  }

  /** The programs that use the private CA. */
  get mutual(): readonly Program[] {
    return [...this.servers, ...this.clients];
  }

  /** All programs. */
  get all(): readonly Program[] {
    return [...this.mutual, this.watcher];
  }

  /** Gives every program a leaf of another CA while it runs. */
  async reissue(ca: DemoCa): Promise<void> {
    for (const program of this.mutual) {
      const identity = await issueIdentity(this.#cluster, program.setup.name, ca, 'second');
      await program.swapIdentity(identity);
    }
  }

  /** Waits until every client has made further requests. */
  async traffic(requestsEach: number): Promise<void> {
    await Promise.all(this.clients.map(async (client) => client.requestsMore(requestsEach)));
  }

  counts(): FleetCounts {
    const sum = (pick: (program: Program) => number): number =>
      this.all.reduce((total, program) => total + pick(program), 0);
    return {
      requests: sum(({ counts }) => counts.requests),
      failed: sum(({ counts }) => counts.failed),
      resumed: sum(({ counts }) => counts.resumed),
      restarts: sum(({ crashes }) => crashes),
    };
  }

  /** What went wrong in the programs, if anything did. */
  failures(): readonly string[] {
    return this.all.flatMap(({ setup, lastFailure }) =>
      lastFailure === undefined ? [] : [`${setup.name}: ${lastFailure}`],
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map(async (client) => client.stop()));
    await Promise.all([...this.servers, this.watcher].map(async (program) => program.stop()));
  }
}

async function issueIdentity(
  cluster: Cluster,
  name: string,
  ca: DemoCa,
  generation: 'first' | 'second',
): Promise<IdentityFiles> {
  const uri = `spiffe://payments.${cluster.realm.name}/${name}`;
  const leaf = makeLeaf(ca, { commonName: name, uri });
  return await saveLeaf(join(cluster.folder, 'programs', 'leaves'), `${name}-${generation}`, leaf);
}
