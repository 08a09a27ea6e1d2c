/**
 * What a worker holds for a line whose caller does not read.
 */
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import type { CallerLine } from '../../../src/grpc/tls/caller-line.ts';
import { Channel } from '../../../src/grpc/workers/channel.ts';
import { WorkerLine } from '../../../src/grpc/workers/worker-line.ts';

function ignore(): void {
  // Nobody listens.
}

it('holds what has to wait, and not all that came over the pipe with it', () => {
  const written: Buffer[] = [];
  const full: CallerLine = {
    from: '127.0.0.1:1',
    altNames: undefined,
    isHttp2: true,
    writableLength: 0,
    listen: ignore,
    write: (bytes) => {
      written.push(bytes);
      return false;
    },
    cork: ignore,
    uncork: ignore,
    pause: ignore,
    resume: ignore,
    end: ignore,
    destroy: ignore,
    detach: () => new PassThrough(),
  };
  const pipe = { pipe: new PassThrough(), bodyMaxBytes: 1, schedule: ignore };
  const channel = new Channel({ ...pipe, onFrame: ignore, onBroken: ignore, onClose: ignore });
  const line = new WorkerLine(1, full, { channel, paused: new Set(), lines: new Map() });
  const read = Buffer.alloc(64 * 1024, 7);
  line.write(read.subarray(0, 17));
  line.write(read.subarray(17, 34));
  line.write(read.subarray(34));
  expect(written.map(({ length }) => length)).toEqual([17, 17, read.length - 34]);
  expect(written.every((bytes) => bytes.every((byte) => byte === 7))).toBe(true);
  expect(written.map(({ buffer }) => buffer.byteLength)).toEqual([read.length, 17, read.length]);
});
