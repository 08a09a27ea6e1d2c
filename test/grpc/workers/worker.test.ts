/**
 * A worker whose node does not read.
 */
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { beginningText } from '../../../src/grpc/workers/beginning.ts';
import { FrameReader } from '../../../src/grpc/workers/frames.ts';
import {
  FROM_WORKER_MAX_BYTES,
  type FromWorker,
  parseFromWorker,
  stopFrame,
  textFrame,
} from '../../../src/grpc/workers/messages.ts';
import { Worker } from '../../../src/grpc/workers/worker.ts';
import { clientTls, nodeTls, tlsMaterial, until } from '../support/listener.ts';

/** More than the kernel keeps for a connection. */
const FLOOD_BYTES = 48 * 1024 * 1024;
const MEGABYTE = 1024 * 1024;

/** The node's end of a pipe, which is read when it is told so. */
class Pipe {
  readonly said: FromWorker[] = [];
  bytes = 0;
  readonly duplex: Duplex;
  readonly #reader = new FrameReader(FROM_WORKER_MAX_BYTES);
  #isRead = true;
  #held: (() => void) | undefined;

  constructor() {
    this.duplex = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.#held = () => {
          this.#reader.read(chunk, (kind, body) => this.#take(parseFromWorker(kind, body)));
          done();
        };
        if (this.#isRead) this.#go();
      },
    });
  }

  stall(): void {
    this.#isRead = false;
  }

  readOn(): void {
    this.#isRead = true;
    this.#go();
  }

  #go(): void {
    const held = this.#held;
    this.#held = undefined;
    held?.();
  }

  #take(said: FromWorker): void {
    if (said.kind === 'data') this.bytes += said.bytes.length;
    else this.said.push(said);
  }
}

it('reads no more from programs than the node takes, and goes on when it does', async () => {
  const pipe = new Pipe();
  const worker = new Worker({ pipe: pipe.duplex, exit: () => undefined });
  expect(worker).toBeInstanceOf(Worker);
  const material = tlsMaterial(nodeTls);
  const listening = { host: '127.0.0.1', port: 0, sessions: 'full', moveWithinMs: 1000 } as const;
  pipe.duplex.push(textFrame('begin', beginningText({ ...listening, material })));
  await until(() => pipe.said.some(({ kind }) => kind === 'listening'));
  onTestFinished(() => void pipe.duplex.push(stopFrame()));
  const [begun] = pipe.said;
  const socket = connectTls({
    ...clientTls,
    host: '127.0.0.1',
    port: begun?.kind === 'listening' ? begun.port : 0,
    servername: 'localhost',
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await until(() => pipe.said.some(({ kind }) => kind === 'opened'));

  pipe.stall();
  socket.write(Buffer.alloc(FLOOD_BYTES));
  await until(() => pipe.duplex.writableLength > MEGABYTE);
  // Whatever else could come has come when nothing came for a while.
  for (let before = 0; before !== pipe.duplex.writableLength; ) {
    before = pipe.duplex.writableLength;
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
  expect(pipe.duplex.writableLength).toBeLessThan(2 * MEGABYTE);
  expect(pipe.bytes).toBe(0);

  pipe.readOn();
  await until(() => pipe.bytes === FLOOD_BYTES);
});
