/**
 * Servers of other systems: one process on each host, ended with the run.
 *
 * @module
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess, type TestProcess } from '../../src/testing/processes.ts';
import type { Wan, WanHost } from '../wan/wan.ts';

const POLL_MS = 100;
const WITHIN_MS = 60_000;

/** Processes that live as long as this. */
export class Servers implements AsyncDisposable {
  readonly #wan: Wan;
  readonly #running: TestProcess[] = [];

  constructor(wan: Wan) {
    this.#wan = wan;
  }

  /** Starts a program on a host. */
  async start(host: WanHost, command: readonly string[], cwd?: string): Promise<TestProcess> {
    const [program = '', ...argv] = [...this.#wan.prefix(host), ...command];
    const name = `${command[0] ?? ''} on ${host.name}`;
    const server = await startProcess({ program, argv, name, ...(cwd !== undefined && { cwd }) });
    this.#running.push(server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map(async (server) => server.kill()));
  }
}

/** Repeats an attempt until it gives something; its failures count as nothing. */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + WITHIN_MS;
  let last: unknown;
  while (performance.now() < deadlineMs) {
    try {
      const result = await attempt();
      if (result !== undefined) return result;
    } catch (thrown) {
      last = thrown;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`${what} did not come about`, { cause: last });
}

/** Connects to a server that may still be starting. */
export async function dial(host: string, port: number): Promise<Socket> {
  return await eventually(`a connection to ${host}:${port}`, async () => {
    const socket = connect({ host, port, noDelay: true });
    try {
      await once(socket, 'connect');
      return socket;
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    }
  });
}

/** Waits for one thing at every place, and says when the last one had it. */
export class Arrivals {
  readonly #count: number;
  readonly #seen: Map<string, { places: Set<number>; lastMs: number; done?: () => void }> =
    new Map();

  constructor(count: number) {
    this.#count = count;
  }

  /** A place has it; a second time does not count. */
  add(thing: string, place: number): void {
    const entry = this.#entry(thing);
    if (entry.places.has(place)) return;
    entry.places.add(place);
    entry.lastMs = performance.now();
    if (entry.places.size === this.#count) entry.done?.();
  }

  /** When the last place had it. Throws when it does not arrive everywhere. */
  async everywhere(thing: string): Promise<number> {
    const entry = this.#entry(thing);
    if (entry.places.size < this.#count) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          const missing = this.#count - entry.places.size;
          reject(new Error(`${thing} did not arrive at ${missing} places`));
        }, WITHIN_MS);
        entry.done = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#seen.delete(thing);
    return entry.lastMs;
  }

  #entry(thing: string): { places: Set<number>; lastMs: number; done?: () => void } {
    const entry = this.#seen.get(thing) ?? { places: new Set(), lastMs: 0 };
    this.#seen.set(thing, entry);
    return entry;
  }
}
