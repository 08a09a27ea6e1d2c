/**
 * Messages of gRPC in pieces: what is sent to all, and what arrives in any cut.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import { FrameReader, framesOf, messageIn, piecesOf } from '../../../src/grpc/calls/frames.ts';
import { encodeWatchResponse } from '../../../src/wire/watch.ts';

const MAX_BYTES = 1_000;

function blobs(bytes: number): WatchResponse {
  return { kind: 'blobs', blobs: [Buffer.alloc(bytes, 1)] };
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** What a reader makes of chunks. */
function readAll(chunks: readonly Buffer[]): Buffer[] {
  const reader = new FrameReader(MAX_BYTES);
  return chunks.flatMap((chunk) => reader.read(chunk).map((message) => Buffer.from(message)));
}

describe('framesOf and piecesOf', () => {
  it('write the same list once', () => {
    const list = [blobs(3), blobs(4)];
    expect(framesOf(list)).toBe(framesOf(list));
    expect(piecesOf(list)).toBe(piecesOf(list));
    expect(piecesOf([...list])).not.toBe(piecesOf(list));
  });

  it('write each message with its head', () => {
    const list = [blobs(3), blobs(4)];
    expect(framesOf(list).map(messageIn)).toEqual(list.map(encodeWatchResponse));
    expect(piecesOf(list)).toEqual([Buffer.concat([...framesOf(list)])]);
  });

  it('put no more into a piece than has its place there', () => {
    const list = [blobs(200_000), blobs(200_000), blobs(20_000)];
    const pieces = piecesOf(list);
    expect(pieces).toHaveLength(2);
    expect(Buffer.concat([...pieces]).equals(Buffer.concat([...framesOf(list)]))).toBe(true);
  });
});

describe('FrameReader', () => {
  it('finds the messages whatever the cuts', () => {
    const message = fc.uint8Array({ maxLength: 40 });
    const cut = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(cut), (messages, cuts) => {
        let rest = Buffer.concat(messages.map(framed));
        const chunks: Buffer[] = [];
        for (const at of cuts) {
          chunks.push(rest.subarray(0, at));
          rest = rest.subarray(at);
        }
        const found = readAll([...chunks, rest].filter(({ length }) => length > 0));
        expect(found).toEqual(messages.map((one) => Buffer.from(one)));
      }),
    );
  });

  it('refuses a message above its limit by its head alone', () => {
    const head = framed(Buffer.alloc(MAX_BYTES + 1)).subarray(0, 5);
    expect(() => readAll([head])).toThrow(expect.objectContaining({ code: 'LIMIT' }));
    expect(readAll([framed(Buffer.alloc(MAX_BYTES))])).toHaveLength(1);
  });

  it('refuses a message that is compressed when no method was agreed', () => {
    const frame = framed(Buffer.of(1));
    frame.writeUInt8(1, 0);
    expect(() => readAll([frame])).toThrow(expect.objectContaining({ code: 'PARSE' }));
  });
});
