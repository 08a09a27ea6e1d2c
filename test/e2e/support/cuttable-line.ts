/**
 * A line between two nodes that can be cut: TCP that is passed on byte by byte, or not at all.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** One direction of dialling; bytes go both ways. */
export class CuttableLine implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  #isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  /** Listens on a port of its own and passes on to `port`. */
  static async open(port: number): Promise<CuttableLine> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    const line = new CuttableLine(server, address.port);
    server.on('connection', (socket) => line.#pass(socket, port));
    return line;
  }

  /** Ends every connection and takes no new one. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(near: Socket, port: number): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
