/**
 * What a peer does wrong, byte for byte, and which code of RFC 9113 it is told.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLAGS, FRAME_TYPES, makeFrame } from '../../src/http2/frame.ts';
import {
  ACK,
  data,
  ENDS,
  fieldsOf,
  HELLO,
  NOTHING,
  PING,
  PREFACE,
  request,
  reset,
  SETTINGS,
  settings,
  TestPeer,
  widen,
} from './support/test-peer.ts';

const { headers, continuation, priority, pushPromise, goAway, ping, windowUpdate } = FRAME_TYPES;
const LARGE = 2 ** 31 - 1;
const HALF = makeFrame(headers, 0, 1, Buffer.of(0x20));

function bad(type: number, streamId: number, bytes: number, flags = 0): Buffer {
  return makeFrame(type, flags, streamId, Buffer.alloc(bytes));
}

describe('a fault that ends the connection', () => {
  it.each<readonly [string, string, readonly Buffer[]]>([
    ['PROTOCOL_ERROR', 'data before a stream began', [data(1, NOTHING)]],
    ['PROTOCOL_ERROR', 'data on the connection', [data(0, NOTHING)]],
    ['PROTOCOL_ERROR', 'a reset before a stream began', [reset(1)]],
    ['PROTOCOL_ERROR', 'a window of a stream that did not begin', [widen(1, 1)]],
    ['PROTOCOL_ERROR', 'fields on the connection', [request(0)]],
    ['PROTOCOL_ERROR', 'an even stream', [request(2)]],
    ['PROTOCOL_ERROR', 'a stream below another one', [request(5), request(3)]],
    ['STREAM_CLOSED', 'a stream that begins again', [request(1), reset(1), request(1)]],
    ['PROTOCOL_ERROR', 'a push', [bad(pushPromise, 1, 4)]],
    ['PROTOCOL_ERROR', 'a continuation of nothing', [request(1), bad(continuation, 1, 0)]],
    ['PROTOCOL_ERROR', 'another stream amidst fields', [HALF, bad(continuation, 3, 0)]],
    ['PROTOCOL_ERROR', 'a ping amidst fields', [HALF, PING]],
    ['PROTOCOL_ERROR', 'something unknown amidst fields', [HALF, bad(0xfa, 1, 0)]],
    ['PROTOCOL_ERROR', 'settings of a stream', [makeFrame(4, 0, 1, NOTHING)]],
    ['PROTOCOL_ERROR', 'a ping of a stream', [bad(ping, 1, 8)]],
    ['PROTOCOL_ERROR', 'a farewell of a stream', [bad(goAway, 1, 8)]],
    ['PROTOCOL_ERROR', 'a priority of the connection', [bad(priority, 0, 5)]],
    ['PROTOCOL_ERROR', 'more padding than frame', [request(1), bad(0, 1, 0, FLAGS.padded)]],
    ['PROTOCOL_ERROR', 'as much padding as frame', [makeFrame(1, 0xd, 1, Buffer.of(1))]],
    ['PROTOCOL_ERROR', 'a window widened by nothing', [widen(0, 0)]],
    ['PROTOCOL_ERROR', 'ENABLE_PUSH of 2', [settings([2, 2])]],
    ['PROTOCOL_ERROR', 'frames below the least', [settings([5, 16_383])]],
    ['PROTOCOL_ERROR', 'frames above the most', [settings([5, 2 ** 24])]],
    ['FLOW_CONTROL_ERROR', 'a window above the most', [settings([4, 2 ** 31])]],
    ['FLOW_CONTROL_ERROR', 'a window that becomes too large', [widen(0, LARGE)]],
    [
      'FLOW_CONTROL_ERROR',
      'settings that make a window too large',
      [request(1), widen(1, LARGE - 65_535), settings([4, 65_536])],
    ],
    ['FRAME_SIZE_ERROR', 'settings cut off', [bad(4, 0, 5)]],
    ['FRAME_SIZE_ERROR', 'settings acknowledged with bytes', [bad(4, 0, 6, FLAGS.ack)]],
    ['FRAME_SIZE_ERROR', 'a short ping', [bad(ping, 0, 7)]],
    ['FRAME_SIZE_ERROR', 'a short window', [bad(windowUpdate, 0, 3)]],
    ['FRAME_SIZE_ERROR', 'a short reset', [request(1), bad(3, 1, 3)]],
    ['FRAME_SIZE_ERROR', 'a priority cut off', [bad(headers, 1, 4, ENDS | FLAGS.priority)]],
    ['FRAME_SIZE_ERROR', 'a head that announces too much', [Buffer.of(0, 64, 1, 0, 0, 0, 0, 0, 1)]],
    ['COMPRESSION_ERROR', 'fields that are none', [makeFrame(headers, ENDS, 1, Buffer.of(0x80))]],
  ])('%s: %s', (code, _fault, frames) => {
    const peer = TestPeer.greeted().say(...frames);
    expect(peer.words().at(-1)).toMatch(new RegExp(`^goAway \\d+ ${code}$`));
    expect(peer.failures.map((error) => error.code)).toEqual([code]);
    expect(peer.wire.state).toBe('ended');
    expect(peer.say(PING).words()).toEqual([]);
    expect(peer.opened.every(({ events }) => events.at(-1) === 'closed')).toBe(true);
  });

  it.each<readonly [string, Buffer]>([
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    [
      'a preface that goes wrong at its end',
      Buffer.concat([PREFACE.subarray(0, 23), Buffer.of(0)]),
    ],
    ['no settings', Buffer.concat([PREFACE, PING])],
    ['settings acknowledged first', Buffer.concat([PREFACE, ACK, PING, SETTINGS])],
  ])('PROTOCOL_ERROR: begins with %s', (_fault, bytes) => {
    expect(new TestPeer().say(bytes).words()).toEqual(['settings', 'goAway 0 PROTOCOL_ERROR']);
  });
});

describe('a fault that ends a stream', () => {
  it.each<readonly [string, string, readonly Buffer[]]>([
    ['STREAM_CLOSED', 'data behind the end', [request(1, undefined, ENDS), data(1, NOTHING)]],
    ['STREAM_CLOSED', 'fields behind the end', [request(1, undefined, ENDS), request(1)]],
    ['STREAM_CLOSED', 'data for a stream that is over', [request(1), reset(1), data(1, NOTHING)]],
    ['PROTOCOL_ERROR', 'fields amidst the body', [request(1), request(1)]],
    ['PROTOCOL_ERROR', 'pseudo fields at the end', [request(1), request(1, undefined, ENDS)]],
    ['PROTOCOL_ERROR', 'a window widened by nothing', [request(1), widen(1, 0)]],
    [
      'PROTOCOL_ERROR',
      'a stream that waits for itself',
      [makeFrame(priority, 0, 1, Buffer.of(0, 0, 0, 1, 0))],
    ],
    ['FLOW_CONTROL_ERROR', 'a window too large', [request(1), widen(1, LARGE)]],
    ['FRAME_SIZE_ERROR', 'a short priority', [bad(priority, 1, 4)]],
    ['PROTOCOL_ERROR', 'no path', [request(1, fieldsOf(''))]],
    ['PROTOCOL_ERROR', 'no method', [request(1, fieldsOf('/served').slice(1))]],
    ['PROTOCOL_ERROR', 'two paths', [request(1, [[':path', '/served'], ...fieldsOf('/served')])]],
    ['PROTOCOL_ERROR', 'a late pseudo field', [request(1, fieldsOf('/served', [':x', 'y']))]],
    ['PROTOCOL_ERROR', 'a name in capitals', [request(1, fieldsOf('/served', ['X-Y', 'z']))]],
    ['PROTOCOL_ERROR', 'a line in a value', [request(1, fieldsOf('/served', ['x', 'y\nz']))]],
    ['PROTOCOL_ERROR', 'a NUL in a value', [request(1, fieldsOf('/served', ['x', 'y\0z']))]],
    ['PROTOCOL_ERROR', 'HTTP/1.1', [request(1, fieldsOf('/served', ['connection', 'close']))]],
    ['PROTOCOL_ERROR', 'te', [request(1, fieldsOf('/served', ['te', 'gzip']))]],
    [
      'PROTOCOL_ERROR',
      'a length in words',
      [request(1, fieldsOf('/served', ['content-length', 'x']))],
    ],
    [
      'PROTOCOL_ERROR',
      'a body that is too long',
      [request(1, fieldsOf('/served', ['content-length', '2'])), data(1, Buffer.alloc(3))],
    ],
    [
      'PROTOCOL_ERROR',
      'a body that is too short',
      [request(1, fieldsOf('/served', ['content-length', '2'])), data(1, Buffer.alloc(1), 1)],
    ],
    [
      'ENHANCE_YOUR_CALM',
      'more fields than there may be',
      [request(1, fieldsOf('/served', ...Array.from({ length: 200 }, () => ['x', 'y'] as const)))],
    ],
  ])('%s: %s', (code, _fault, frames) => {
    const peer = TestPeer.greeted().say(...frames);
    expect(peer.words().at(-1)).toBe(`reset 1 ${code}`);
    expect(peer.failures).toEqual([]);
    // The connection goes on.
    peer.say(PING, request(3));
    expect(peer.words()[0]).toBe('ping ack');
    expect(peer.last.stream.id).toBe(3);
  });
});

describe('a flood', () => {
  const empty = data(1, NOTHING);
  it.each<readonly [string, Buffer]>([
    ['pings', PING],
    ['settings', settings([4, 1_000])],
    [
      'settings with many in one',
      settings(...Array.from({ length: 2_000 }, () => [4, 9] as const)),
    ],
    ['windows', widen(0, 1)],
    ['windows of a stream', widen(1, 1)],
    ['empty data', empty],
    ['data of a byte', data(1, Buffer.alloc(1))],
    ['data for a stream that is over', data(3, Buffer.alloc(100))],
    ['priorities', bad(priority, 9, 5)],
    ['what nobody knows', bad(0xfb, 0, 0)],
    ['resets', reset(1)],
  ])('of %s ends the connection', (_kind, frame) => {
    const peer = TestPeer.greeted().say(request(1), request(3), reset(3));
    for (let sent = 0; sent < 3_000 && peer.wire.state === 'open'; sent += 1) peer.say(frame);
    expect(peer.words().at(-1)).toMatch(/^goAway 3 ENHANCE_YOUR_CALM$/);
  });

  it('of streams that are reset at once ends the connection (CVE-2023-44487, H13)', () => {
    const peer = TestPeer.greeted();
    let id = 1;
    for (; id < 6_000 && peer.wire.state === 'open'; id += 2) peer.say(request(id), reset(id));
    expect(peer.failures.map(({ code }) => code)).toEqual(['ENHANCE_YOUR_CALM']);
    expect(peer.opened.length).toBeLessThan(800);
  });

  it('of fields that are work ends the connection soon', () => {
    const peer = TestPeer.greeted().say(request(1));
    // Each octet is a field: a list that is counted to its end and given up.
    const block = Buffer.alloc(16_384, 0x82);
    let blocks = 0;
    for (let id = 3; peer.wire.state === 'open'; id += 2, blocks += 1) {
      peer.say(makeFrame(headers, ENDS, id, block));
    }
    expect(blocks).toBeLessThan(15);
    expect(peer.failures.map(({ code }) => code)).toEqual(['ENHANCE_YOUR_CALM']);
  });

  it('of continuations ends the connection (CVE-2024-27316, H13)', () => {
    const peer = TestPeer.greeted().say(HALF);
    const more = makeFrame(continuation, 0, 1, NOTHING);
    for (let sent = 0; sent < 20 && peer.wire.state === 'open'; sent += 1) peer.say(more);
    expect(peer.words()).toEqual(['goAway 0 ENHANCE_YOUR_CALM']);
    const large = TestPeer.greeted().say(HALF, makeFrame(continuation, 0, 1, Buffer.alloc(16_384)));
    expect(large.words()).toEqual(['goAway 0 ENHANCE_YOUR_CALM']);
  });

  it('is none of what a program needs', () => {
    const peer = TestPeer.greeted().say(request(1));
    const message = data(1, Buffer.alloc(60));
    for (let second = 0; second < 100; second += 1) {
      for (let sent = 0; sent < 200; sent += 1) peer.say(message);
      peer.say(PING, widen(0, 2_000), widen(1, 2_000));
      peer.last.stream.write(Buffer.alloc(2_000));
      peer.seconds(1);
      peer.last.body = peer.heard()[0]?.payload ?? NOTHING;
    }
    expect(peer.wire.state).toBe('open');
  });

  it('fills slower while the peer does not read what it is answered', () => {
    const peer = TestPeer.greeted().say(request(1));
    peer.wire.takesMore = false;
    peer.say(PING);
    let seconds = 0;
    for (; peer.wire.state === 'open'; seconds += 1) {
      for (let sent = 0; sent < 100; sent += 1) peer.say(PING);
      peer.seconds(1);
    }
    expect(seconds).toBeLessThan(20);
    expect(peer.wire.written.length).toBeLessThan(2_000);
  });
});

describe('whatever a peer says', () => {
  const known = [
    request(1),
    request(3),
    data(1, Buffer.alloc(20)),
    reset(1),
    widen(0, 9),
    HALF,
    PING,
  ];
  const frame = fc.oneof(
    fc.constantFrom(ACK, SETTINGS, ...known),
    fc
      .tuple(
        fc.integer({ min: 0, max: 11 }),
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 9 }),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([type, flags, id, bytes]) => makeFrame(type, flags, id, Buffer.from(bytes))),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  );

  it('the connection ends in order or goes on', () => {
    const property = fc.property(
      fc.array(frame, { maxLength: 60 }),
      fc.integer({ min: 1, max: 200 }),
      (frames, chunkBytes) => {
        const peer = new TestPeer();
        const bytes = Buffer.concat([HELLO, ...frames]);
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          peer.connection.receive(bytes.subarray(at, at + chunkBytes));
        }
        for (const { stream } of peer.opened) stream.write(Buffer.alloc(100_000));
        const words = peer.words();
        if (peer.wire.state === 'open') {
          expect(words.some((each) => each.startsWith('go'))).toBe(false);
        } else expect(words.filter((each) => each.startsWith('goAway')).length).toBeGreaterThan(0);
      },
    );
    fc.assert(property, { numRuns: 400 });
  });
});
