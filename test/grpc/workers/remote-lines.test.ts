/**
 * What the node sends a worker for its lines, and when it stops.
 */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CallerLine } from '../../../src/grpc/tls/caller-line.ts';
import { Channel } from '../../../src/grpc/workers/channel.ts';
import { FrameReader } from '../../../src/grpc/workers/frames.ts';
import {
  parseToWorker,
  TO_WORKER_MAX_BYTES,
  WRITE_MAX_BYTES,
} from '../../../src/grpc/workers/messages.ts';
import { UNCONFIRMED_MAX_BYTES } from '../../../src/grpc/workers/remote-line.ts';
import { RemoteLines } from '../../../src/grpc/workers/remote-lines.ts';

/** Lines of a worker that is not there, and what it would be told. */
class Bench {
  readonly given: CallerLine[] = [];
  readonly drains: number[] = [];
  readonly moved: (readonly CallerLine[])[] = [];
  readonly lines: RemoteLines;
  groupsOver = 0;
  gone = 0;
  readonly #pipe = new PassThrough();
  readonly #flushes: (() => void)[] = [];

  constructor() {
    const channel = new Channel({
      pipe: this.#pipe,
      bodyMaxBytes: 1,
      schedule: (flush) => this.#flushes.push(flush),
      onFrame: () => undefined,
      onBroken: () => undefined,
      onClose: () => undefined,
    });
    this.#pipe.removeAllListeners('data').pause();
    this.lines = new RemoteLines(channel, () => ({
      inject: (line) => void this.given.push(line),
      drain: (lines) => void this.moved.push(lines),
      close: () => void (this.groupsOver += 1),
    }));
  }

  /** Opens a line with a listener. */
  open(id: number, group: number = 1): CallerLine {
    this.lines.opened({ id, group, from: '127.0.0.1:1', isHttp2: true, altNames: undefined });
    const line = this.given.at(-1);
    if (line === undefined) throw new Error('no line');
    line.listen({
      data: () => undefined,
      drained: () => void this.drains.push(id),
      gone: () => void (this.gone += 1),
    });
    return line;
  }

  /** What went out at the end of this turn. */
  told(): readonly string[] {
    for (const flush of this.#flushes.splice(0)) flush();
    const said: string[] = [];
    const reader = new FrameReader(TO_WORKER_MAX_BYTES);
    const take = (kind: number, body: Buffer): void => {
      const message = parseToWorker(kind, body);
      if (message.kind === 'write') {
        said.push(`write ${message.ids.toString('hex')} ${message.bytes.length}`);
      } else if ('id' in message) {
        said.push(`${message.kind} ${message.id}`);
      }
    };
    for (let sent: unknown = this.#pipe.read(); sent !== null; sent = this.#pipe.read()) {
      if (Buffer.isBuffer(sent)) reader.read(sent, take);
    }
    return said;
  }
}

describe('the lines of a worker', () => {
  it('send what many write in a row once', () => {
    const bench = new Bench();
    const [one, two, three] = [bench.open(1), bench.open(2), bench.open(3)];
    const change = Buffer.from('change');
    for (const line of [one, two, three]) expect(line.write(change)).toBe(true);
    expect(bench.told()).toEqual(['write 000000010000000200000003 6']);
  });

  it('keep the order in which one line writes and is ended', () => {
    const bench = new Bench();
    const [one, two] = [bench.open(1), bench.open(2)];
    const change = Buffer.from('change');
    one.write(change);
    one.write(Buffer.from('own'));
    two.write(change);
    two.end();
    one.write(change);
    expect(bench.told()).toEqual([
      'write 00000001 6',
      'write 00000001 3',
      'write 00000002 6',
      'end 2',
      'write 00000001 6',
    ]);
  });

  it('send what is held back as one, also when the line ends', () => {
    const bench = new Bench();
    const line = bench.open(1);
    line.cork();
    line.write(Buffer.from('ab'));
    line.write(Buffer.from('c'));
    expect(line.writableLength).toBe(3);
    line.uncork();
    line.cork();
    line.write(Buffer.from('d'));
    line.end();
    expect(bench.told()).toEqual(['write 00000001 3', 'write 00000001 1', 'end 1']);
  });

  it('cut what is too long for a frame', () => {
    const bench = new Bench();
    bench.open(1).write(Buffer.alloc(WRITE_MAX_BYTES + 1));
    expect(bench.told().slice(0, 2)).toEqual([
      `write 00000001 ${WRITE_MAX_BYTES}`,
      'write 00000001 1',
    ]);
  });

  it('take no more of a line whose worker does not say that bytes are on their way', () => {
    const bench = new Bench();
    const [slow, other] = [bench.open(1), bench.open(2)];
    const part = Buffer.alloc(UNCONFIRMED_MAX_BYTES / 4);
    expect([1, 2, 3, 4].map(() => slow.write(part))).toEqual([true, true, true, false]);
    expect(other.write(part)).toBe(true);
    expect(bench.told().filter((each) => each.startsWith('ask'))).toEqual(['ask 1']);
    // What was written after the question is not part of the answer.
    for (let i = 0; i < 4; i += 1) slow.write(part);
    bench.lines.drained(1);
    expect(bench.drains).toEqual([]);
    expect(bench.told().filter((each) => each.startsWith('ask'))).toEqual(['ask 1']);
    bench.lines.drained(1);
    expect(bench.drains).toEqual([1]);
    expect(slow.write(part)).toBe(true);
  });

  it('are moved by groups, and all gone with their worker', () => {
    const bench = new Bench();
    const one = bench.open(1, 1);
    bench.open(2, 2);
    bench.lines.moving(1, 100);
    expect(bench.moved).toEqual([[one]]);
    bench.lines.over(1);
    expect(bench.groupsOver).toBe(1);
    bench.lines.gone();
    expect([bench.gone, bench.groupsOver, bench.lines.size]).toEqual([2, 2, 0]);
  });

  it('are no others than those that were opened, each once', () => {
    const bench = new Bench();
    bench.open(1);
    const refusal = expect.objectContaining({ code: 'PARSE' });
    expect(() => bench.open(1)).toThrow(refusal);
    expect(() => bench.lines.data(2, Buffer.alloc(1))).toThrow(refusal);
    expect(() => bench.lines.closed(2)).toThrow(refusal);
    expect(() => bench.lines.drained(2)).toThrow(refusal);
  });
});
