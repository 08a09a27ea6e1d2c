/**
 * A realm that lives as long as a rehearsal: signers, CAs and configurations in a folder of their
 * own, three nodes as processes on loopback, and programs that shake hands.
 *
 * Everything is made by the commands that an admin would use, so that a rehearsal also tries those.
 *
 * @module
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BundleSource, openBundleSource } from '../client/source.ts';
import { KedgeError } from '../core/errors.ts';
import { NodeProcess } from './node-process.ts';
import { OwnProcess } from './own-process.ts';
import { type HandshakeCount, type Leaf, Pair, Traffic } from './traffic.ts';

/** Runs one `kedge` command line in a folder. Errors: what the command ended with. */
export type RunKedge = (
  argv: readonly string[],
  settings: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;

/** What a rehearsal needs from whoever starts it. */
export interface Stage {
  readonly kedge: RunKedge;
  /** The program that nodes are started with. */
  readonly program: readonly string[];
  readonly signal: AbortSignal;
}

/** The bundle that all runbooks are about. */
export const BUNDLE = 'payments.rehearsal.example.org';
/** Times of the charter: short, because a rehearsal is not to take a day. */
export const HOLD_DOWN_S = 3;
export const OVERLAP_S = 3;
const REALM = 'rehearsal.example.org';
const REGIONS = ['iad', 'fra', 'sin'] as const;
const PASSPHRASE = 'only for a rehearsal';
const POLL_EVERY_MS = 5;
const GIVE_UP_MS = 30_000;

/** The cluster. Disposing it ends all processes and deletes the folder. */
export class Cluster implements AsyncDisposable {
  readonly nodes: readonly NodeProcess[];
  readonly #stage: Stage;
  readonly #folder: string;
  readonly #pin: string;
  readonly #sources: BundleSource[] = [];
  readonly #pairs: Pair[] = [];
  readonly #canaries: OwnProcess[] = [];
  #traffic: Traffic | undefined;

  private constructor(stage: Stage, folder: string, pin: string, nodes: readonly NodeProcess[]) {
    this.#stage = stage;
    this.#folder = folder;
    this.#pin = pin;
    this.nodes = nodes;
  }

  /** Makes the realm and starts its nodes. */
  static async open(stage: Stage): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'kedge-rehearsal-'));
    try {
      const env = { KEDGE_PASSPHRASE: PASSPHRASE };
      const terms = ['--hold-down', `${HOLD_DOWN_S}s`, '--overlap', `${OVERLAP_S}s`];
      const people = ['ana', 'ben', 'cleo'];
      const signers = [...people, 'deploy'].flatMap((one) => ['--signer', one]);
      const roles = [`charter=2:${people.join()}`, `release=2:${people.join()}`, 'revoke=1:cleo'];
      const role = [...roles, 'rollout=1:deploy'].flatMap((one) => ['--role', one]);
      const init = ['realm', 'init', REALM, '--dir', folder, '--scrypt-work-factor', '10'];
      const made = await must(stage, folder, env, [
        ...[...init, ...signers, ...terms, ...role, '--output', 'json'],
      ]);
      const pin = String(fieldOf(made, 'pin'));
      const nodes = await makeNodes(stage, folder, env);
      const cluster = new Cluster(stage, folder, pin, nodes);
      await Promise.all(nodes.map((node) => node.start()));
      return cluster;
    } catch (thrown) {
      await rm(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  /** The node of a region. */
  node(region: string): NodeProcess {
    const found = this.nodes.find(({ place }) => place.region === region);
    if (found === undefined) throw new KedgeError('BUG', `no node in ${region}`);
    return found;
  }

  /** Runs a command as an admin at one node; the first, unless one is named. */
  async kedge(argv: readonly string[], at?: NodeProcess): Promise<string> {
    return await must(this.#stage, this.#folder, await this.#env(at), argv);
  }

  /** The exit code of a command that may find something. */
  async kedgeCode(argv: readonly string[]): Promise<number> {
    const settings = { cwd: this.#folder, env: await this.#env() };
    return (await this.#stage.kedge(argv, settings)).code;
  }

  /** Starts a canary of recorded chains at a node, in a process of its own. */
  async canary(at: NodeProcess, chains: string): Promise<void> {
    const watch = ['watch', BUNDLE, '--endpoint', at.clients, '--label', 'tier=canary'];
    const canary = new OwnProcess({
      name: 'the canary',
      argv: [...this.#stage.program, ...watch, '--chains', chains],
      cwd: this.#folder,
      env: { ...process.env, ...(await this.#env(at)) },
      logFile: join(this.#folder, 'canary.log'),
      ready: `${BUNDLE} release 1`,
    });
    this.#canaries.push(canary);
    await canary.start();
  }

  /** Writes a file for a command. */
  async put(name: string, text: string): Promise<void> {
    await writeFile(join(this.#folder, name), text);
  }

  async #env(
    at: NodeProcess | undefined = this.nodes[0],
  ): Promise<Readonly<Record<string, string>>> {
    const name = `${at?.place.id ?? ''}.profile.yaml`;
    const node = `insecure: true\nnode: ${at?.admins ?? ''}\n`;
    await this.put(name, `realm: ${REALM}\npin: "${this.#pin}"\n${node}`);
    return { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_PROFILE: join(this.#folder, name) };
  }

  /** Makes a CA for programs and gives its certificate's file. */
  async workloadCa(name: string): Promise<string> {
    const realm = ['--realm', REALM];
    await this.kedge(['peer', 'ca', '--workload', '--dir', name, ...realm]);
    return join(this.#folder, name, 'ca.pem');
  }

  /** Issues a certificate of a CA for a program. */
  async leaf(ca: string, name: string): Promise<Leaf> {
    const out = join(this.#folder, ca, `${name}.pem`);
    const names = ['--name', 'localhost', '--name', '127.0.0.1', '--realm', REALM];
    const from = ['--ca', join(this.#folder, ca, 'ca.pem'), '--out', out];
    await this.kedge(['peer', 'issue', `program/${name}`, ...names, ...from]);
    const key = await readFile(join(this.#folder, ca, `${name}.key`), 'utf8');
    return { cert: await readFile(out, 'utf8'), key };
  }

  /** A program per region, each with its own source, that begins at the node of its region. */
  async programs(ca: string): Promise<readonly Pair[]> {
    const pairs: Pair[] = [];
    for (const [index, region] of REGIONS.entries()) {
      const own = this.node(region);
      const order = [own, ...this.nodes.filter((node) => node !== own)];
      const source = await openBundleSource({
        realm: REALM,
        firstCharterDigest: this.#pin,
        endpoints: order.map(({ clients }) => clients),
        insecure: true,
        bundles: [BUNDLE],
        labels: { service: `program-${index + 1}` },
      });
      this.#sources.push(source);
      await source.ready({ timeoutMs: GIVE_UP_MS, signal: this.#stage.signal });
      const pair = await Pair.open(source, BUNDLE, await this.leaf(ca, `program-${index + 1}`));
      this.#pairs.push(pair);
      pairs.push(pair);
    }
    return pairs;
  }

  /** Lets programs call each other from now on. */
  startTraffic(pairs: readonly Pair[]): void {
    this.#traffic = new Traffic(pairs);
  }

  /** Ends the calls and says how they went. */
  async stopTraffic(): Promise<HandshakeCount> {
    const traffic = this.#traffic;
    this.#traffic = undefined;
    await traffic?.[Symbol.asyncDispose]();
    return traffic?.count ?? { made: 0, failed: 0, failures: [] };
  }

  /** The sequence that the first program uses. */
  get sequence(): number {
    return this.#sources[0]?.bundle(BUNDLE)?.sequence ?? 0;
  }

  /** Waits until every program uses a release, or a later one. */
  async inUse(sequence: number): Promise<void> {
    await this.until(`every program uses release ${sequence}`, () =>
      this.#sources.every((source) => (source.bundle(BUNDLE)?.sequence ?? 0) >= sequence),
    );
  }

  /** Waits until something holds. Errors: `UNAVAILABLE`. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const { signal } = this.#stage;
    const endMs = performance.now() + GIVE_UP_MS;
    while (!(await holds())) {
      if (signal.aborted || performance.now() > endMs) {
        throw new KedgeError('UNAVAILABLE', `waited in vain until ${what}`);
      }
      await sleep(POLL_EVERY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopTraffic();
    await Promise.all(this.#pairs.map((pair) => pair[Symbol.asyncDispose]()));
    await Promise.all(this.#sources.map((source) => source.close()));
    const processes = [...this.#canaries, ...this.nodes];
    await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A member of what a command printed as JSON. */
export function fieldOf(json: string, name: string): unknown {
  const value: unknown = JSON.parse(json);
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

async function makeNodes(
  stage: Stage,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly NodeProcess[]> {
  const ports = await freePorts(REGIONS.length);
  const nodes: NodeProcess[] = [];
  for (const [index, region] of REGIONS.entries()) {
    const port = ports[index] ?? 0;
    const id = `${region}-1`;
    const peers = ports.filter((other) => other !== port).map((other) => `127.0.0.1:${other + 1}`);
    const file = `${id}.yaml`;
    await must(stage, folder, env, [
      ...['node', 'init', '--id', id, '--region', region, '--realm', REALM, '--insecure'],
      ...['--port', String(port), ...peers.flatMap((peer) => ['--peer', peer]), '--out', file],
    ]);
    const configFile = join(folder, file);
    nodes.push(new NodeProcess({ id, region, port, configFile, program: stage.program }));
  }
  return nodes;
}

async function must(
  { kedge }: Stage,
  cwd: string,
  env: Readonly<Record<string, string>>,
  argv: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await kedge(argv, { cwd, env });
  if (code === 0) return stdout;
  throw new KedgeError('UNAVAILABLE', `kedge ${argv.join(' ')}: exit code ${code}\n${stderr}`);
}

/** First ports of blocks of four that nobody listens on. */
async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = await freePort();
    const block = [1, 2, 3].map((offset) => isFree(port + offset));
    const isApart = found.every((other) => Math.abs(other - port) > 3);
    if (isApart && port < 65_000 && (await Promise.all(block)).every(Boolean)) found.push(port);
  }
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
