/**
 * A TCP proxy on loopback that counts the bytes that pass, in both directions.
 *
 * Counts what the kernel carries as payload: TLS records, HTTP/2 frames and all, without TCP and IP
 * headers.
 *
 * @module
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Bytes since the proxy was opened. */
export interface ByteCounts {
  /** Towards the side that was dialled. */
  readonly forth: number;
  /** Towards the side that dialled. */
  readonly back: number;
}

/** A running proxy. */
export class CountingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  #target: { readonly host: string; readonly port: number } | undefined;
  #state: 'open' | 'cut' = 'open';
  #forth = 0;
  #back = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#relay(socket));
  }

  /** Listens on a free port; connections are refused until there is a target. */
  static async open(): Promise<CountingProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CountingProxy(server);
  }

  get address(): string {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return `127.0.0.1:${String(port)}`;
  }

  get counts(): ByteCounts {
    return { forth: this.#forth, back: this.#back };
  }

  /** Says where connections go from now on, as `host:port`. */
  aim(address: string): void {
    const colon = address.lastIndexOf(':');
    this.#target = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  }

  /** Cuts every connection and takes no new ones. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Takes connections again. */
  mend(): void {
    this.#state = 'open';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(near: Socket): void {
    if (this.#target === undefined || this.#state === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ ...this.#target, noDelay: true });
    near.on('data', (bytes) => {
      this.#forth += bytes.length;
    });
    far.on('data', (bytes) => {
      this.#back += bytes.length;
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
