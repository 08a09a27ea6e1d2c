/**
 * The network as namespaces: compiles and runs `router.c`, and speaks with it.
 *
 * Needs Linux, root, a C compiler (`cc`), `nsenter` and /dev/net/tun. Nothing is left behind:
 * namespaces and devices live as long as the router, the router as long as this process.
 *
 * @module
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { beFirst, PRIORITY, SESSION_FIRST } from '../machine.ts';
import type { DelayMatrix } from './matrix.ts';
import type { Traffic, Wan, WanHost } from './wan.ts';

const SOURCE = fileURLToPath(new URL('../../../bench/wan/router.c', import.meta.url));
const FIRST_NET = 77;
const LAST_NET = 199;
const PER_MILLION = 1_000_000;

type Router = ChildProcessByStdio<Writable, Readable, Readable>;

/** Makes the network; throws when the machine does not allow it. */
export async function openNamespaces(matrix: DelayMatrix, hosts: readonly WanHost[]): Promise<Wan> {
  const folder = mkdtempSync(join(tmpdir(), 'kedge-wan-'));
  try {
    const program = join(folder, 'router');
    compile(program);
    const perRegion = Math.max(...hosts.map(({ number }) => number));
    const net = freeNet();
    const argv = [net, matrix.regions.length, perRegion].map(String);
    const router = spawn(program, argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    beFirst();
    const wan = new Namespaces({ matrix, hosts, net, router });
    await wan.ready();
    return wan;
  } finally {
    // The running program keeps its file.
    rmSync(folder, { recursive: true, force: true });
  }
}

function compile(program: string): void {
  if (process.platform !== 'linux') throw new Error('not Linux');
  if (process.getuid?.() !== 0) throw new Error('not root');
  const { status, error, stderr } = spawnSync('cc', ['-O2', '-o', program, SOURCE]);
  if (error !== undefined) throw new Error('no C compiler');
  if (status !== 0) throw new Error(`the router does not compile: ${stderr.toString()}`);
  if (spawnSync('nsenter', ['--version']).status !== 0) throw new Error('no nsenter');
}

/** A second octet of 10.0.0.0/8 that no device of this machine uses. */
function freeNet(): number {
  const used = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address.split('.'))
    .filter(([first]) => first === '10')
    .map(([, second]) => Number(second));
  for (let net = FIRST_NET; net <= LAST_NET; net += 1) if (!used.includes(net)) return net;
  throw new Error('no free network in 10.0.0.0/8');
}

class Namespaces implements Wan {
  readonly kind = 'namespaces';
  readonly matrix: DelayMatrix;
  readonly hosts: readonly WanHost[];
  readonly #net: number;
  readonly #router: Router;
  /** The process that holds a host's namespace, by the host's name. */
  readonly #keepers: Map<string, number> = new Map();
  readonly #answers: AsyncIterator<string>;
  #said = '';

  constructor(parts: {
    readonly matrix: DelayMatrix;
    readonly hosts: readonly WanHost[];
    readonly net: number;
    readonly router: Router;
  }) {
    this.matrix = parts.matrix;
    this.hosts = parts.hosts;
    this.#net = parts.net;
    this.#router = parts.router;
    this.#answers = createInterface({ input: parts.router.stdout })[Symbol.asyncIterator]();
    parts.router.stderr.on('data', (bytes: Buffer) => {
      this.#said += bytes.toString();
    });
    // A router that has ended is noticed by its missing answers.
    parts.router.stdin.on('error', () => undefined);
  }

  async ready(): Promise<void> {
    for (let line = await this.#line(); line !== 'ready'; line = await this.#line()) {
      const [, region, number, pid] = line.split(' ').map(Number);
      const host = this.hosts.find((h) => h.regionIndex === region && h.number === number);
      if (host !== undefined && pid !== undefined) this.#keepers.set(host.name, pid);
    }
    for (const [from, row] of this.matrix.oneWayMs.entries()) {
      for (const [to, delayMs] of row.entries()) {
        await this.#say(`delay ${from} ${to} ${Math.round(delayMs * 1000)}`);
      }
    }
  }

  address(host: WanHost): string {
    return `10.${this.#net}.${host.regionIndex}.${host.number}`;
  }

  dialAddress(_from: WanHost, to: WanHost): string {
    return this.address(to);
  }

  prefix(host: WanHost): readonly string[] {
    // Before other work of the machine, which is not what is measured.
    const first = [...SESSION_FIRST, 'nice', '-n', String(PRIORITY)];
    return [...first, 'nsenter', `--net=/proc/${this.#keeper(host)}/ns/net`];
  }

  async cut(from: number, to: number): Promise<void> {
    await this.#say(`cut ${from} ${to}`);
  }

  async heal(from: number, to: number): Promise<void> {
    await this.#say(`heal ${from} ${to}`);
  }

  async lose(share: number): Promise<void> {
    await this.#say(`loss ${Math.round(share * PER_MILLION)}`);
  }

  traffic(host: WanHost): Traffic {
    const table = readFileSync(`/proc/${this.#keeper(host)}/net/dev`, 'utf8');
    const line = table.split('\n').find((each) => each.trim().startsWith('wan0:')) ?? '';
    const columns = line.replace(/^.*:/, '').trim().split(/\s+/).map(Number);
    const [receivedBytes = 0, sentBytes = 0, sentPackets = 0] = [0, 8, 9].map((at) => columns[at]);
    return { sentBytes, sentPackets, receivedBytes };
  }

  tune(host: WanHost, name: string, value: string): void {
    const [program = '', ...args] = this.prefix(host);
    // /proc/sys shows the namespace of whoever opens it, so a process of the host must write.
    const write = ['sh', '-c', 'printf %s "$1" > "/proc/sys/$0"', name, value];
    const { status, stderr } = spawnSync(program, [...args, ...write]);
    if (status !== 0) throw new Error(`setting ${name}: ${stderr.toString().trim()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#router.exitCode !== null || this.#router.signalCode !== null) return;
    const gone = once(this.#router, 'exit');
    this.#router.stdin.end();
    await gone;
  }

  #keeper({ name }: WanHost): number {
    const pid = this.#keepers.get(name);
    if (pid === undefined) throw new Error(`no host ${name}`);
    return pid;
  }

  async #say(command: string): Promise<void> {
    this.#router.stdin.write(`${command}\n`);
    const answer = await this.#line();
    if (answer !== 'ok') throw new Error(`the router answered ${answer} to ${command}`);
  }

  async #line(): Promise<string> {
    const next = await this.#answers.next();
    if (next.done === true) throw new Error(`the router ended: ${this.#said.trim()}`);
    return next.value;
  }
}
