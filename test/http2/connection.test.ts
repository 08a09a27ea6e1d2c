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
  SETTINGS,
  settings,
  TestPeer,
  widen,
} from './support/test-peer.ts';

const OTHER = request(1, fieldsOf('/other'));
const BLOCK = Buffer.of(0x20);

describe('a connection', () => {
  it('says its settings before anything has arrived', () => {
    const [first, ...more] = new TestPeer(7).heard();
    expect(first?.payload).toEqual(Buffer.of(0, 3, 0, 0, 0, 7));
    expect(more).toEqual([]);
  });

  it('serves a request, byte for byte', () => {
    const peer = new TestPeer();
    peer.heard();
    const bytes = Buffer.concat([HELLO, request(1), data(1, Buffer.from('abc')), ACK]);
    for (const byte of bytes) peer.connection.receive(Buffer.of(byte));
    expect(peer.last.body.toString()).toBe('abc');
    expect(peer.words()).toEqual(['settings ack']);
    peer.last.stream.respond(BLOCK);
    expect(peer.last.stream.write(Buffer.from('defg'))).toBe(true);
    peer.last.stream.end(BLOCK);
    expect(peer.words()).toEqual(['headers 1', 'data 1 (4)', 'headers 1 end']);
    peer.say(data(1, NOTHING, FLAGS.endStream));
    expect(peer.last.events).toEqual(['closed']);
  });

  it('acknowledges settings and answers pings', () => {
    const peer = TestPeer.greeted();
    peer.say(request(1), settings([4, 100]), PING);
    expect(peer.words()).toEqual(['settings ack', 'settings ack', 'ping ack']);
  });

  it('takes padding, priorities and continuations, and lets pass what it does not know', () => {
    const peer = TestPeer.greeted();
    const head = request(1).subarray(9);
    const padded = Buffer.concat([
      Buffer.of(2, 0, 0, 0, 0, 16),
      head.subarray(0, 4),
      Buffer.alloc(2),
    ]);
    const flags = FLAGS.padded | FLAGS.priority;
    peer.say(
      makeFrame(FRAME_TYPES.headers, flags, 1, padded),
      makeFrame(FRAME_TYPES.continuation, 0, 1, head.subarray(4, 6)),
      makeFrame(FRAME_TYPES.continuation, FLAGS.endHeaders, 1, head.subarray(6)),
      makeFrame(FRAME_TYPES.priority, 0, 9, Buffer.alloc(5, 1)),
      makeFrame(0xfa, 0xff, 3, Buffer.alloc(3)),
      data(1, Buffer.from('\u0001x\0', 'latin1'), FLAGS.padded),
    );
    expect(peer.last.body.toString()).toBe('x');
    expect(peer.words()).toEqual(['settings ack']);
  });

  it('lets the peer send more when half of a window is used', () => {
    const peer = TestPeer.greeted();
    peer.say(request(1), data(1, Buffer.alloc(16_384)));
    expect(peer.words()).toEqual(['settings ack']);
    peer.say(data(1, Buffer.alloc(16_384)));
    expect(peer.words()).toEqual(['widen 0 32768', 'widen 1 32768']);
  });

  it('refuses a stream more than there may be', () => {
    const peer = TestPeer.greeted(1).say(request(1), request(3));
    expect(peer.opened.length).toBe(1);
    expect(peer.words()).toEqual(['settings ack', 'reset 3 REFUSED_STREAM']);
  });

  it('asks a silent peer whether it is there, and gives up one that is not', () => {
    const peer = TestPeer.greeted().say(request(1));
    peer.heard();
    peer.seconds(19);
    expect(peer.words()).toEqual([]);
    peer.seconds(1);
    expect(peer.words()).toEqual(['ping']);
    peer.say(makeFrame(FRAME_TYPES.ping, FLAGS.ack, 0, Buffer.alloc(8)));
    peer.seconds(29);
    expect(peer.wire.state).toBe('open');
    peer.seconds(1);
    expect(peer.wire.state).toBe('destroyed');
  });

  it('gives up a peer that reads nothing, whatever it says', () => {
    const peer = TestPeer.greeted().say(request(1));
    peer.wire.takesMore = false;
    peer.last.stream.write(Buffer.alloc(10));
    for (let second = 0; second < 70; second += 1) {
      expect(peer.wire.state).toBe('open');
      peer.say(makeFrame(FRAME_TYPES.ping, FLAGS.ack, 0, Buffer.alloc(8)));
      peer.seconds(1);
    }
    expect(peer.wire.state).toBe('destroyed');
  });

  it('tells streams when the socket is gone, and says nothing more', () => {
    const peer = TestPeer.greeted().say(request(1), request(3));
    peer.heard();
    peer.connection.gone();
    expect(peer.opened.map(({ events }) => events)).toEqual([['closed'], ['closed']]);
    peer.last.stream.write(Buffer.alloc(1));
    peer.last.stream.end(BLOCK);
    peer.last.stream.reset(8);
    expect(peer.words()).toEqual([]);
  });
});

describe('a connection that is left', () => {
  it('tells the peer at once, and ends with its last stream', () => {
    const peer = TestPeer.greeted().say(request(1, undefined, ENDS));
    peer.heard();
    peer.connection.leave();
    peer.connection.leave();
    expect(peer.words()).toEqual(['goAway 1 NO_ERROR']);
    peer.say(request(3), data(3, Buffer.alloc(5)), request(3, undefined, ENDS), widen(1, 5));
    expect(peer.words()).toEqual([]);
    peer.last.stream.end(BLOCK);
    expect(peer.words()).toEqual(['headers 1 end']);
    expect(peer.wire.state).toBe('ended');
    peer.seconds(2);
    expect(peer.wire.state).toBe('destroyed');
  });

  it('ends at once when it carries nothing', () => {
    const peer = new TestPeer();
    peer.connection.leave();
    expect(peer.words()).toEqual(['settings', 'goAway 0 NO_ERROR']);
    expect(peer.wire.state).toBe('ended');
  });

  it('is left for the sake of a request that is served elsewhere', () => {
    const peer = TestPeer.greeted().say(request(1), request(3, fieldsOf('/other')));
    expect(peer.words()).toEqual(['settings ack', 'goAway 1 NO_ERROR']);
    expect(peer.last.stream.write(Buffer.alloc(3))).toBe(true);
    expect(peer.words()).toEqual(['data 1 (3)']);
  });
});

describe('a connection whose first request is served elsewhere', () => {
  it('is given away with what it said, without the acknowledgement of our settings', () => {
    const peer = new TestPeer();
    const update = widen(0, 1_000);
    peer.say(HELLO, update);
    peer.say(ACK, OTHER, data(1, Buffer.from('x')), OTHER.subarray(0, 5));
    const expected = Buffer.concat([HELLO, update, OTHER, data(1, Buffer.from('x'))]);
    expect(peer.given).toEqual([Buffer.concat([expected, OTHER.subarray(0, 5)])]);
    expect(peer.words()).toEqual(['settings']);
    peer.say(PING);
    peer.connection.tick();
    expect(peer.words()).toEqual([]);
  });

  it('is given away only once our settings are acknowledged', () => {
    const peer = new TestPeer().say(HELLO, OTHER);
    const more = data(1, Buffer.from('y'));
    peer.say(more.subarray(0, 3));
    peer.say(more.subarray(3));
    expect(peer.given).toEqual([]);
    peer.say(ACK, SETTINGS);
    expect(peer.given).toEqual([Buffer.concat([HELLO, OTHER, more, SETTINGS])]);
  });

  it('is given away with the pings that nobody answered, and acknowledged once', () => {
    const peer = new TestPeer().say(HELLO, PING, OTHER, PING, SETTINGS);
    expect(peer.words()).toEqual(['settings', 'ping ack']);
    peer.say(ACK);
    expect(peer.given).toEqual([Buffer.concat([HELLO, OTHER, PING, SETTINGS])]);
    const ours = new TestPeer().say(HELLO, ACK, ACK, request(1));
    expect(ours.words()).toEqual(['settings', 'settings ack']);
  });

  it('is given away only once the socket has all that we wrote', () => {
    const peer = new TestPeer();
    peer.wire.writableLength = 8;
    peer.say(HELLO, PING, OTHER, ACK);
    expect(peer.given).toEqual([]);
    expect(peer.words()).toEqual(['settings', 'ping ack']);
    peer.wire.writableLength = 0;
    peer.seconds(1);
    expect(peer.given).toEqual([Buffer.concat([HELLO, OTHER])]);
  });

  it('is ended when the settings are never acknowledged, or too much comes before', () => {
    const slow = new TestPeer().say(HELLO, OTHER);
    slow.seconds(10);
    expect(slow.words()).toEqual(['settings', 'goAway 0 SETTINGS_TIMEOUT']);
    const large = new TestPeer().say(HELLO, OTHER);
    for (let sent = 0; sent < 9; sent += 1) large.say(data(1, Buffer.alloc(16_384)));
    expect(large.words()).toEqual(['settings', 'goAway 0 ENHANCE_YOUR_CALM']);
  });
});

describe('a connection without a request', () => {
  it('is given away after five seconds', () => {
    const peer = new TestPeer().say(HELLO, ACK);
    peer.seconds(4);
    expect(peer.given).toEqual([]);
    peer.seconds(1);
    expect(peer.given).toEqual([HELLO]);
  });

  it('is ended when it does not even say hello', () => {
    const peer = new TestPeer().say(PREFACE.subarray(0, 10));
    peer.seconds(9);
    expect(peer.wire.state).toBe('open');
    peer.seconds(1);
    expect(peer.failures.map(({ code }) => code)).toEqual(['SETTINGS_TIMEOUT']);
    expect(peer.wire.state).toBe('ended');
  });
});
