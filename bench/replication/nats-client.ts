/**
 * As much of the NATS client protocol as the comparison needs.
 *
 * Source: the protocol reference of NATS; JetStream is requests with JSON on `$JS.API` subjects.
 *
 * @module
 */
import type { Socket } from 'node:net';
import { z } from 'zod';
import { dial } from './servers.ts';

const PORT = 4222;
const REQUEST_WITHIN_MS = 5000;
const answerSchema: z.ZodType<NatsAnswer> = z.looseObject({
  error: z.looseObject({ description: z.string() }).optional(),
});

/** What JetStream answered. */
export interface NatsAnswer {
  readonly error?: { readonly description: string } | undefined;
}

/** One connection. */
export class NatsClient implements Disposable {
  readonly #socket: Socket;
  readonly #handlers: Map<string, (payload: Buffer, reply: string | undefined) => void> = new Map();
  readonly #inbox: string = `_INBOX.${Math.random().toString(36).slice(2)}`;
  #buffered: Buffer = Buffer.alloc(0);
  #nextId = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.write('CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n');
  }

  static async open(host: string): Promise<NatsClient> {
    return new NatsClient(await dial(host, PORT));
  }

  /** Over a connection that is there, behind the greeting of the server. */
  static over(socket: Socket): NatsClient {
    return new NatsClient(socket);
  }

  subscribe(
    subject: string,
    handle: (payload: Buffer, reply: string | undefined) => void,
  ): () => void {
    const id = String(this.#nextId++);
    this.#handlers.set(id, handle);
    this.#socket.write(`SUB ${subject} ${id}\r\n`);
    return () => {
      this.#handlers.delete(id);
      this.#socket.write(`UNSUB ${id}\r\n`);
    };
  }

  publish(subject: string, payload: Uint8Array, reply: string = ''): void {
    const head = `PUB ${subject} ${reply}${reply === '' ? '' : ' '}${payload.length}\r\n`;
    this.#socket.write(Buffer.concat([Buffer.from(head), payload, Buffer.from('\r\n')]));
  }

  /** One question, one answer in JSON. Throws when there is none, or an error. */
  async request(subject: string, payload: unknown): Promise<NatsAnswer> {
    const reply = `${this.#inbox}.${this.#nextId}`;
    const bytes = Buffer.from(payload === undefined ? '' : JSON.stringify(payload));
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no answer to ${subject}`));
      }, REQUEST_WITHIN_MS);
      const end = this.subscribe(reply, (got) => {
        clearTimeout(timer);
        end();
        resolve(got);
      });
      this.publish(subject, bytes, reply);
    });
    const parsed = answerSchema.parse(JSON.parse(answer.toString()));
    if (parsed.error !== undefined) throw new Error(`${subject}: ${parsed.error.description}`);
    return parsed;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    for (;;) {
      const end = this.#buffered.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#buffered.toString('latin1', 0, end);
      const words = line.split(' ');
      if (words[0] === 'PING') this.#socket.write('PONG\r\n');
      if (words[0] !== 'MSG' && words[0] !== 'HMSG') {
        this.#buffered = this.#buffered.subarray(end + 2);
        continue;
      }
      const length = Number(words.at(-1));
      if (this.#buffered.length < end + 4 + length) return;
      const headerBytes = words[0] === 'HMSG' ? Number(words.at(-2)) : 0;
      const payload = Buffer.from(this.#buffered.subarray(end + 2 + headerBytes, end + 2 + length));
      this.#buffered = this.#buffered.subarray(end + 4 + length);
      const hasReply = words.length === (words[0] === 'HMSG' ? 6 : 5);
      this.#handlers.get(words[2] ?? '')?.(payload, hasReply ? words[3] : undefined);
    }
  }
}
