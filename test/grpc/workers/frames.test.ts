/**
 * Frames between a node and its workers arrive whole, however the pipe cuts them.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beginFrame, FrameReader, HEAD_BYTES } from '../../../src/grpc/workers/frames.ts';

interface Framed {
  readonly kind: number;
  readonly body: Buffer;
}

const frames = fc.array(
  fc.record({
    kind: fc.integer({ min: 0, max: 255 }),
    body: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 20 },
);

function encode(framed: readonly Framed[]): Buffer {
  const parts = framed.flatMap(({ kind, body }) => [beginFrame(kind, 0, body.length), body]);
  return Buffer.concat(parts);
}

describe('a reader of frames', () => {
  it('finds the same ones in any pieces', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat({ max: 40 })), (sent, cuts) => {
        const bytes = encode(sent);
        const reader = new FrameReader(64);
        const got: Framed[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          reader.read(bytes.subarray(at, at + cut), (kind, body) => {
            got.push({ kind, body: Buffer.from(body) });
          });
          at += cut;
        }
        expect(got).toEqual(sent);
      }),
    );
  });

  it('holds no more than one frame that is not complete', () => {
    const reader = new FrameReader(8);
    const bytes = encode([{ kind: 1, body: Buffer.alloc(8) }]);
    const seen: number[] = [];
    reader.read(Buffer.concat([bytes, bytes.subarray(0, HEAD_BYTES)]), (kind) => seen.push(kind));
    expect(seen).toEqual([1]);
    reader.read(bytes.subarray(HEAD_BYTES), (kind) => seen.push(kind));
    expect(seen).toEqual([1, 1]);
  });

  it('refuses a frame that is too long as soon as its head is there', () => {
    const reader = new FrameReader(8);
    const head = beginFrame(1, 0, 9);
    expect(() => reader.read(head, () => undefined)).toThrow(
      expect.objectContaining({ code: 'LIMIT' }),
    );
  });
});
