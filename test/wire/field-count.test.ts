import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { NO_PREVIOUS, parseBundleName, parseStreamName } from '../../src/core/ids.ts';
import { STREAMS_MAX } from '../../src/core/limits.ts';
import { decodeStreamList, decodeSubmission, encodeStreamList } from '../../src/wire/admin.ts';
import { requireFewFields, shapeOf } from '../../src/wire/field-count.ts';
import { decodeFrame, encodeFrame } from '../../src/wire/gossip.ts';
import { decodeNodeStatus, encodeNodeStatus } from '../../src/wire/node-status.ts';
import { loadProto } from '../../src/wire/protos.ts';
import { decodeWatchResponse } from '../../src/wire/watch.ts';
import { status } from '../grpc/support/listener.ts';

/** A length-delimited field. */
function field(number: number, content: Uint8Array): Buffer {
  const length: number[] = [];
  let rest = content.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.of((number << 3) | 2, ...length, rest), content]);
}

/** As many empty messages in one field as fit. */
function empties(number: number, count: number): Buffer {
  return Buffer.alloc(2 * count, Buffer.of((number << 3) | 2, 0));
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    return KedgeError.from(thrown).code;
  }
  return 'accepted';
}

describe('a message of millions of empty messages (H04)', () => {
  it.each([
    ['rows of a link', decodeFrame, field(1, field(5, empties(1, 2_000_000)))],
    ['blobs of a push', decodeFrame, field(1, field(2, empties(4, 2_000_000)))],
    ['blobs of a submission', decodeSubmission, empties(2, 2_000_000)],
    ['blobs of a watch', decodeWatchResponse, field(2, empties(1, 2_000_000))],
    ['signatures', decodeWatchResponse, field(3, field(2, empties(2, 2_000_000)))],
    ['unknown fields', decodeFrame, empties(15, 2_000_000)],
  ])('is refused at once: %s', (_name, decode, bytes) => {
    codeOf(() => decode(Buffer.alloc(0)));
    const startMs = performance.now();
    expect(codeOf(() => decode(bytes))).toBe('LIMIT');
    // Decoding it would take six seconds.
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});

describe('the largest honest messages', () => {
  const digest = NO_PREVIOUS;
  const streams = Array.from({ length: STREAMS_MAX }, (_, i) => ({
    stream: parseStreamName(`release/b${i}`),
    sequence: Number.MAX_SAFE_INTEGER,
    digest,
  }));

  it('pass', () => {
    const rows = streams.map((row) => ({ ...row, forked: true }));
    const frame = encodeFrame({ kind: 'rows', rows: { rows, buckets: [] } });
    expect(codeOf(() => decodeFrame(frame))).toBe('accepted');
    expect(codeOf(() => decodeStreamList(encodeStreamList(streams)))).toBe('accepted');
    const counts = { sequence: 1, delivered: 1, loaded: 1, refused: 1 };
    const subscribers = streams.map((_, i) => ({ bundle: parseBundleName(`b${i}`), ...counts }));
    const full = encodeNodeStatus({ ...status, streams, subscribers });
    expect(codeOf(() => decodeNodeStatus(full))).toBe('accepted');
  });
});

describe('requireFewFields', () => {
  const shape = shapeOf(loadProto('trust'), 'WatchResponse');
  const check = (bytes: Buffer, max: number): string =>
    codeOf(() => {
      requireFewFields(bytes, shape, max);
    });

  it('counts the fields of messages within, not those of bytes', () => {
    const blobs = field(2, empties(1, 3));
    expect([check(blobs, 4), check(blobs, 3)]).toEqual(['accepted', 'LIMIT']);
    const keepAlive = field(6, empties(1, 3));
    expect(check(keepAlive, 4)).toBe('accepted');
  });

  it.each([
    ['a field longer than its message', Buffer.of(0x0a, 0x05, 0x00)],
    ['a field longer than the message around it', Buffer.of(0x12, 0x02, 0x0a, 0x01, 0x00)],
    ['an end within a number', Buffer.of(0x80)],
    ['a number without end', Buffer.alloc(11, 0x80)],
    ['a group', Buffer.of(0x0b, 0x0c)],
    ['an unknown wire type', Buffer.of(0x0f)],
  ])('refuses %s', (_name, bytes) => {
    expect(check(bytes, 100)).toBe('PARSE');
  });
});
