/**
 * Programs of a rehearsal: one server and one client per region, which shake hands all the time
 * with whatever certificate they have, and believe what their bundle says.
 *
 * They are the SDK itself, in this process, over real TLS on loopback. Every connection is a new
 * one: a resumed session would hide that trust changed.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type Server } from 'node:tls';
import { type LiveTlsClient, liveTlsClient } from '../client/live/tls-client.ts';
import { type LiveTlsServer, liveTlsServer } from '../client/live/tls-server.ts';
import type { BundleSource } from '../client/source.ts';

const PAUSE_MS = 20;
const ANSWER_MAX_MS = 5000;
const FAILURES_KEPT = 5;

/** A certificate with its key, PEM. */
export interface Leaf {
  readonly cert: string;
  readonly key: string;
}

/** What was counted. */
export interface HandshakeCount {
  readonly made: number;
  readonly failed: number;
  /** The first reasons. */
  readonly failures: readonly string[];
}

/** A server and a client that calls it. */
export class Pair implements AsyncDisposable {
  readonly #server: Server;
  readonly #live: LiveTlsServer;
  readonly #client: LiveTlsClient;

  private constructor(server: Server, live: LiveTlsServer, client: LiveTlsClient) {
    this.#server = server;
    this.#live = live;
    this.#client = client;
  }

  /** Starts both with one certificate. */
  static async open(source: BundleSource, bundle: string, identity: Leaf): Promise<Pair> {
    const secureContext = { ...identity };
    const server = createServer({ requestCert: true, ...secureContext }, (socket) => {
      socket.on('error', () => undefined);
      socket.end('hello');
    });
    const live = liveTlsServer(source, { bundle, server, secureContext });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Pair(server, live, liveTlsClient(source, { bundle, identity }));
  }

  /** Both get a new certificate, while they run. */
  renew(identity: Leaf): void {
    this.#live.updateIdentity(identity);
    this.#client.updateIdentity(identity);
  }

  /** One connection with a full handshake; absent when all went well, else why not. */
  async call(): Promise<string | undefined> {
    return await new Promise((resolve) => {
      let said = '';
      const address = this.#server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const socket = this.#client.connect({ host: '127.0.0.1', port, servername: 'localhost' });
      socket.setTimeout(ANSWER_MAX_MS, () => socket.destroy(new Error('no answer')));
      socket.on('data', (data: Buffer) => {
        said += data.toString();
      });
      socket.on('error', (error: Error) => resolve(error.message));
      socket.on('close', () => resolve(said === 'hello' ? undefined : 'closed without an answer'));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#live[Symbol.dispose]();
    this.#client[Symbol.dispose]();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

/** Calls of all pairs, one after the other in each, until it is disposed. */
export class Traffic implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #made = 0;
  #failed = 0;
  readonly #failures: string[] = [];

  constructor(pairs: readonly Pair[]) {
    this.#running = Promise.all(pairs.map((pair) => this.#run(pair)));
  }

  get count(): HandshakeCount {
    return { made: this.#made, failed: this.#failed, failures: this.#failures };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(pair: Pair): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const why = await pair.call();
      if (why === undefined) this.#made += 1;
      else {
        this.#failed += 1;
        if (this.#failures.length < FAILURES_KEPT) this.#failures.push(why);
      }
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
