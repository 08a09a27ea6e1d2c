/**
 * The network without namespaces: every way from one host to another is a TCP proxy in this process
 * that hands bytes on after the delay.
 *
 * Hosts are addresses of 127.0.0.0/8, which Linux has without configuration. A way that is cut
 * keeps bytes until it is healed, as TCP would after sending them again; losses are not made.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { DelayMatrix } from './matrix.ts';
import type { Wan, WanHost } from './wan.ts';

/** Second octet of the addresses that hosts listen on. */
const HOSTS_NET = 77;
/** Second octet of what the first host dials; each further host has the next one. */
const DIALS_NET = 100;
/** The port that proxies pass on; nodes speak with each other on it. */
export const PEER_PORT: number = 7441;
/** Timers come up to a millisecond late, so the last part is waited for by looking at the clock. */
const TIMER_EARLY_MS = 1.5;

/** Makes the network; proxies listen at once. Hosts and proxies take the same port. */
export function openProxies(
  matrix: DelayMatrix,
  hosts: readonly WanHost[],
  port: number = PEER_PORT,
): Wan {
  return new Proxies(matrix, hosts, port);
}

class Proxies implements Wan {
  readonly kind = 'proxies';
  readonly matrix: DelayMatrix;
  readonly hosts: readonly WanHost[];
  readonly #port: number;
  readonly #servers: readonly Server[];
  readonly #sockets: Set<Socket> = new Set();
  readonly #lines: Set<Line> = new Set();
  readonly #cuts: Set<string> = new Set();

  constructor(matrix: DelayMatrix, hosts: readonly WanHost[], port: number) {
    this.#port = port;
    this.matrix = matrix;
    this.hosts = hosts;
    this.#servers = hosts.flatMap((from) =>
      hosts.filter((to) => to !== from).map((to) => this.#listen(from, to)),
    );
  }

  address(host: WanHost): string {
    return `127.${HOSTS_NET}.${host.regionIndex}.${host.number}`;
  }

  dialAddress(from: WanHost, to: WanHost): string {
    return `127.${DIALS_NET + this.hosts.indexOf(from)}.${to.regionIndex}.${to.number}`;
  }

  prefix(): readonly string[] {
    return [];
  }

  async cut(from: number, to: number): Promise<void> {
    this.#cuts.add(`${from} ${to}`);
  }

  async heal(from: number, to: number): Promise<void> {
    this.#cuts.delete(`${from} ${to}`);
    for (const line of this.#lines) line.flush();
  }

  async lose(share: number): Promise<void> {
    if (share > 0) throw new Error('proxies lose no packets');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.map(async (server) => {
        await new Promise((resolve) => {
          server.close(resolve);
        });
      }),
    );
  }

  #listen(from: WanHost, to: WanHost): Server {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = connect({
        host: this.address(to),
        port: this.#port,
        noDelay: true,
        allowHalfOpen: true,
      });
      this.#pass(near, far, from.regionIndex, to.regionIndex);
      this.#pass(far, near, to.regionIndex, from.regionIndex);
    });
    server.listen(this.#port, this.dialAddress(from, to));
    return server;
  }

  #pass(source: Socket, target: Socket, from: number, to: number): void {
    const delayMs = this.matrix.oneWayMs[from]?.[to] ?? 0;
    const line = new Line(target, delayMs, () => this.#cuts.has(`${from} ${to}`));
    this.#sockets.add(source);
    this.#lines.add(line);
    source.on('data', (bytes) => line.add(bytes));
    source.on('end', () => line.add(undefined));
    source.on('error', () => target.destroy());
    source.on('close', () => {
      this.#sockets.delete(source);
      this.#lines.delete(line);
      line.add(undefined);
    });
  }
}

/** One direction of one connection. */
class Line {
  readonly #target: Socket;
  readonly #delayMs: number;
  readonly #isCut: () => boolean;
  /** `undefined` is the end. */
  readonly #waiting: { readonly dueMs: number; readonly bytes: Buffer | undefined }[] = [];
  #isArmed = false;

  constructor(target: Socket, delayMs: number, isCut: () => boolean) {
    this.#target = target;
    this.#delayMs = delayMs;
    this.#isCut = isCut;
  }

  add(bytes: Buffer | undefined): void {
    this.#waiting.push({ dueMs: performance.now() + this.#delayMs, bytes });
    this.#arm();
  }

  /** Hands on what is due. */
  flush(): void {
    if (this.#isCut()) return;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      if (next.dueMs > performance.now()) return this.#arm();
      this.#waiting.shift();
      if (next.bytes === undefined) this.#target.end();
      else this.#target.write(next.bytes);
    }
  }

  #arm(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#isArmed) return;
    this.#isArmed = true;
    const waitMs = next.dueMs - performance.now();
    const wake = (): void => {
      if (next.dueMs > performance.now() && !this.#isCut()) {
        setImmediate(wake);
        return;
      }
      this.#isArmed = false;
      this.flush();
    };
    if (waitMs > TIMER_EARLY_MS) setTimeout(wake, waitMs - TIMER_EARLY_MS);
    else setImmediate(wake);
  }
}
