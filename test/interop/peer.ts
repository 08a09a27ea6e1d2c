/**
 * A client of another maker, told what to do line by line, with everything that it saw.
 */

import type { TestIdentityFiles } from '../../src/testing/pki.ts';
import { startProcess, type TestProcess } from '../../src/testing/processes.ts';
import type { Program } from './programs.ts';

const WITHIN_MS = 60_000;

/** What a client writes about one of its calls. */
export interface PeerEvent {
  readonly event: 'ready' | 'headers' | 'message' | 'end';
  readonly of: string;
  /** A status of gRPC as a number; absent: 0. */
  readonly code?: number;
  readonly message?: string;
  readonly bytes?: string;
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
}

/** A running client with one channel. */
export class Peer implements AsyncDisposable {
  readonly #process: TestProcess;

  private constructor(process: TestProcess) {
    this.#process = process;
  }

  static async start(
    { name, program, argv }: Program,
    address: string,
    { caFile, certFile, keyFile }: TestIdentityFiles,
  ): Promise<Peer> {
    const files = ['--ca', caFile, '--cert', certFile, '--key', keyFile];
    const all = [...argv, '--addr', address, '--server-name', 'localhost', ...files];
    const peer = new Peer(await startProcess({ name, program, argv: all }));
    await peer.next('', 'ready');
    return peer;
  }

  /** Opens a stream of both ways and sends its first message. */
  stream(of: string, path: string, message: Buffer): void {
    this.#say('stream', of, path, message);
  }

  /** Calls a method that is answered once. */
  unary(of: string, path: string, message: Buffer): void {
    this.#say('unary', of, path, message);
  }

  send(of: string, message: Buffer): void {
    this.#say('send', of, '-', message);
  }

  do(what: 'half-close' | 'cancel', of: string): void {
    this.#say(what, of, '-', Buffer.alloc(0));
  }

  /** What was seen of a call. */
  seen(of: string): readonly PeerEvent[] {
    return this.#process.stdout
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as PeerEvent)
      .filter((each) => each.of === of);
  }

  messages(of: string): readonly Buffer[] {
    return this.seen(of)
      .filter(({ event }) => event === 'message')
      .map(({ bytes = '' }) => Buffer.from(bytes, 'base64'));
  }

  /** Waits until a call has seen as many events of a kind, and gives the last of these. */
  async next(of: string, event: PeerEvent['event'], count = 1): Promise<PeerEvent> {
    const endMs = performance.now() + WITHIN_MS;
    for (;;) {
      const found = this.seen(of).filter((each) => each.event === event)[count - 1];
      if (found !== undefined) return found;
      if (this.#process.exit !== undefined || performance.now() > endMs) {
        const said = [...this.#process.stdout, ...this.#process.stderr].slice(-20);
        throw new Error([`no ${event} of ${of}; it wrote:`, ...said].join('\n  ').slice(0, 8000));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
  }

  #say(what: string, of: string, path: string, message: Buffer): void {
    this.#process.writeLine([what, of, path, message.toString('base64')].join(' '));
  }
}
