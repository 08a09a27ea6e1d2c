/**
 * A realm that lives as long as a rehearsal: people with their keys in a folder of their own, three
 * nodes as processes on loopback, and programs that shake hands.
 *
 * @module
 */
import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KedgeError } from '../core/errors.ts';
import { AbruptEnd } from './abrupt-end.ts';
import { Desk, type Stage } from './desk.ts';
import { freePorts } from './free-ports.ts';
import { BUNDLE, REALM, REGIONS } from './names.ts';
import { NodeProcess } from './node-process.ts';
import { OwnProcess } from './own-process.ts';
import { Programs, type ProgramTerms } from './programs.ts';
import { type Sight, until } from './unmet.ts';

/** Looks that ask nodes with a command. */
const ASK_EVERY_MS = 50;

/** The cluster. Disposing it ends all processes and deletes the folder. */
export class Cluster implements AsyncDisposable {
  readonly desk: Desk;
  readonly nodes: readonly NodeProcess[];
  readonly programs: Programs;
  readonly #canaries: OwnProcess[] = [];
  readonly #abrupt: AbruptEnd;

  private constructor(
    { desk, abrupt }: { readonly desk: Desk; readonly abrupt: AbruptEnd },
    nodes: readonly NodeProcess[],
    terms: ProgramTerms,
  ) {
    this.desk = desk;
    this.nodes = nodes;
    this.programs = new Programs(desk, terms);
    this.#abrupt = abrupt;
    for (const node of nodes) abrupt.add(node);
  }

  /** Makes the realm and starts its nodes. */
  static async open(stage: Stage, terms: ProgramTerms): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'kedge-rehearsal-'));
    const abrupt = new AbruptEnd(folder);
    try {
      const desk = new Desk(stage, folder);
      await desk.makeRealm();
      const cluster = new Cluster({ desk, abrupt }, await makeNodes(desk), terms);
      const started = await Promise.allSettled(cluster.nodes.map((node) => node.start()));
      const failed = started.find((one) => one.status === 'rejected');
      if (failed === undefined) return cluster;
      await cluster[Symbol.asyncDispose]();
      throw failed.reason;
    } catch (thrown) {
      await rm(folder, { recursive: true, force: true });
      abrupt[Symbol.dispose]();
      throw thrown;
    }
  }

  /** The node of a region. */
  node(region: string): NodeProcess {
    const found = this.nodes.find(({ place }) => place.region === region);
    if (found === undefined) throw new KedgeError('BUG', `no node in ${region}`);
    return found;
  }

  /** The first node that runs. */
  get near(): NodeProcess {
    const [node] = this.running;
    if (node === undefined) throw new KedgeError('BUG', 'no node runs');
    return node;
  }

  get running(): readonly NodeProcess[] {
    return this.nodes.filter(({ isRunning }) => isRunning);
  }

  /** Waits for what nodes answer. */
  async until(expected: string, look: () => Promise<Sight>): Promise<string> {
    const { signal, giveUpMs } = this.desk;
    return await until(expected, look, { signal, giveUpMs, everyMs: ASK_EVERY_MS });
  }

  /** Runs a command as an admin at one node, the first that runs; it has to end well. */
  async kedge(argv: readonly string[], at: NodeProcess = this.near): Promise<string> {
    return await this.desk.kedge(argv, at);
  }

  /** Likewise, as JSON. */
  async json(argv: readonly string[], at: NodeProcess = this.near): Promise<unknown> {
    return await this.desk.json(argv, at);
  }

  /** Starts a program in each region with leaves of a CA, and their calls. */
  async openPrograms(ca: string): Promise<void> {
    await this.programs.open(ca, this.nodes);
  }

  /** Starts a canary of recorded chains at a node, in a process of its own. */
  async canary(at: NodeProcess, chains: string): Promise<void> {
    const watch = ['watch', BUNDLE, '--endpoint', at.clients, '--label', 'tier=canary'];
    const canary = new OwnProcess({
      name: 'the canary',
      argv: [...this.desk.stage.program, ...watch, '--chains', chains],
      cwd: this.desk.folder,
      env: { ...process.env, ...(await this.desk.env(at)) },
      logFile: this.desk.path('canary.log'),
      ready: `${BUNDLE} release 1`,
    });
    this.#canaries.push(canary);
    this.#abrupt.add(canary);
    await canary.start();
  }

  /** Takes a node's store away: its disk is lost. */
  async loseStore({ place }: NodeProcess): Promise<void> {
    await rm(this.#store(place.id), { recursive: true });
  }

  /** Copies what is on the disk of a node that does not run: its store, and the file beside it. */
  async backUp({ place }: NodeProcess): Promise<void> {
    const store = this.#store(place.id);
    await cp(store, `${store}.backup`, { recursive: true });
    await cp(`${store}.boot`, `${store}.boot.backup`);
  }

  /** Puts the copy back. */
  async putBack(node: NodeProcess): Promise<void> {
    await this.loseStore(node);
    const store = this.#store(node.place.id);
    await cp(`${store}.backup`, store, { recursive: true });
    await cp(`${store}.boot.backup`, `${store}.boot`);
  }

  get #processes(): readonly OwnProcess[] {
    return [...this.#canaries, ...this.nodes];
  }

  #store(id: string): string {
    return this.desk.path('data', id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.programs[Symbol.asyncDispose]();
    await Promise.all(this.#processes.map((one) => one[Symbol.asyncDispose]()));
    await rm(this.desk.folder, { recursive: true, force: true });
    this.#abrupt[Symbol.dispose]();
  }
}

/** Writes a configuration for a node per region; each has the key of its region. */
async function makeNodes(desk: Desk): Promise<readonly NodeProcess[]> {
  const ports = await freePorts(REGIONS.length);
  const nodes: NodeProcess[] = [];
  for (const [index, region] of REGIONS.entries()) {
    const port = ports[index] ?? 0;
    const id = `${region}-1`;
    const peers = ports.filter((other) => other !== port).map((other) => `127.0.0.1:${other + 1}`);
    const file = `${id}.yaml`;
    await desk.kedge([
      ...['node', 'init', '--id', id, '--region', region, '--realm', REALM, '--insecure'],
      ...['--port', String(port), ...peers.flatMap((peer) => ['--peer', peer]), '--out', file],
    ]);
    const configFile = desk.path(file);
    await appendFile(configFile, `region: { keyFile: ${id}.key }\n`);
    nodes.push(new NodeProcess({ id, region, port, configFile, program: desk.stage.program }));
  }
  return nodes;
}
