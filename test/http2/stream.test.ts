import { describe, expect, it } from 'vitest';
import { FLAGS } from '../../src/http2/frame.ts';
import {
  data,
  ENDS,
  NOTHING,
  request,
  reset,
  settings,
  TestPeer,
  widen,
} from './support/test-peer.ts';

const INITIAL_WINDOW_SIZE = 4;
const BLOCK = Buffer.of(0x20);
const PIECE = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));

function opened(): TestPeer {
  const peer = TestPeer.greeted().say(request(1));
  peer.heard();
  return peer;
}

function bodyOf(peer: TestPeer): Buffer {
  return Buffer.concat(peer.heard().map(({ payload }) => payload));
}

describe('a stream', () => {
  it('sends what the windows allow, and the rest when they are widened', () => {
    const peer = opened();
    const { stream, events } = peer.last;
    expect(stream.write(PIECE)).toBe(false);
    const first = bodyOf(peer);
    expect(first.length).toBe(65_535);
    peer.say(widen(1, 50_000));
    expect(peer.heard()).toEqual([]);
    peer.say(widen(0, 30_000));
    const second = bodyOf(peer);
    expect(second.length).toBe(30_000);
    expect(events).toEqual([]);
    peer.say(widen(0, 30_000));
    expect(Buffer.concat([first, second, bodyOf(peer)]).equals(PIECE)).toBe(true);
    expect(events).toEqual(['drained']);
    expect(stream.write(Buffer.alloc(10))).toBe(true);
  });

  it('sends to a peer with tiny windows, and one that takes windows back', () => {
    const peer = TestPeer.greeted().say(settings([INITIAL_WINDOW_SIZE, 10]), request(1));
    peer.heard();
    const { stream } = peer.last;
    expect(stream.write(PIECE.subarray(0, 30))).toBe(false);
    expect(peer.words()).toEqual(['data 1 (10)']);
    peer.say(settings([INITIAL_WINDOW_SIZE, 2]));
    peer.say(widen(1, 8));
    expect(peer.words()).toEqual(['settings ack']);
    peer.say(widen(1, 3));
    expect(peer.words()).toEqual(['data 1 (3)']);
    peer.say(settings([INITIAL_WINDOW_SIZE, 100]));
    expect(peer.words()).toEqual(['settings ack', 'data 1 (17)']);
  });

  it('cuts a piece to frames that every peer takes, and nothing is lost at the cuts', () => {
    const peer = opened();
    const { stream } = peer.last;
    stream.write(PIECE);
    const got = [bodyOf(peer)];
    for (const bytes of [1, 5, 16_383, 100, 16_384, 1_592]) {
      peer.say(widen(0, bytes), widen(1, bytes));
      const frames = peer.heard();
      expect(frames.every(({ payload }) => payload.length <= 16_384)).toBe(true);
      got.push(...frames.map(({ payload }) => payload));
    }
    const bytes = Buffer.concat(got);
    expect(bytes.equals(PIECE.subarray(0, bytes.length))).toBe(true);
    expect(bytes.length).toBe(100_000);
  });

  it('waits for the socket, and what was written goes before the end', () => {
    const peer = opened();
    const { stream, events } = peer.last;
    peer.wire.takesMore = false;
    expect(stream.write(PIECE.subarray(0, 100))).toBe(false);
    stream.end(BLOCK);
    expect(peer.words()).toEqual(['data 1 (100)', 'headers 1 end']);
    peer.drain();
    expect(events).toEqual([]);
    // The end is said once.
    expect(peer.words()).toEqual([]);
    peer.say(data(1, NOTHING, FLAGS.endStream));
    expect(events).toEqual(['closed']);
  });

  it('lets pass what the peer had on the way when it was reset', () => {
    const peer = opened();
    peer.last.stream.reset(8);
    peer.heard();
    const late = data(1, Buffer.alloc(100));
    for (let sent = 0; sent < 600; sent += 1) peer.say(late);
    peer.say(widen(1, 5), reset(1), request(1, [['x', 'y']], ENDS));
    expect(peer.words()).toEqual(['widen 0 32800']);
    expect(peer.failures).toEqual([]);
    expect(peer.opened[0]?.body).toEqual(NOTHING);
  });

  it('ends behind a piece that windows hold back', () => {
    const peer = opened();
    const { stream, events } = peer.last;
    stream.write(PIECE);
    stream.end(BLOCK);
    peer.heard();
    peer.say(widen(0, 50_000), widen(1, 50_000));
    expect(peer.words().slice(-2)).toEqual(['data 1 (1696)', 'headers 1 end']);
    expect(events).toEqual([]);
  });

  it('is told of room only after a write that had to wait', () => {
    const peer = opened();
    peer.wire.takesMore = false;
    expect(peer.last.stream.write(Buffer.alloc(5))).toBe(false);
    peer.drain();
    peer.drain();
    expect(peer.last.events).toEqual(['drained']);
  });

  it('shares the window and the socket with others in the order in which they wait', () => {
    const peer = opened().say(request(3));
    const [first, second] = peer.opened;
    first?.stream.write(PIECE);
    second?.stream.write(PIECE.subarray(0, 10));
    peer.heard();
    peer.say(widen(1, 100_000), widen(0, 34_465));
    expect(peer.words()[0]).toBe('data 3 (10)');
    peer.say(widen(0, 10));
    expect(peer.words()).toEqual(['data 1 (10)']);
    expect([first?.events, second?.events]).toEqual([['drained'], ['drained']]);
  });

  it('is over when the peer resets it', () => {
    const peer = opened();
    peer.last.stream.write(PIECE);
    peer.heard();
    peer.say(reset(1), widen(0, 100_000), widen(1, 100_000), reset(1));
    expect(peer.last.events).toEqual(['closed']);
    expect(peer.words()).toEqual([]);
    expect(peer.last.stream.isAbandoned).toBe(true);
  });

  it('hears the end of the other side, also with fields', () => {
    const peer = opened().say(request(3));
    peer.say(data(1, Buffer.from('a'), FLAGS.endStream), request(3, [['x', 'y']], 5));
    expect(peer.opened.map(({ events }) => events)).toEqual([['ended'], ['ended']]);
    peer.opened[0]?.stream.end(BLOCK);
    expect(peer.opened[0]?.events).toEqual(['ended', 'closed']);
  });

  it('that is kept is over when it is released, or the peer gives it up', () => {
    const peer = opened().say(request(3), data(1, NOTHING, FLAGS.endStream));
    peer.say(data(3, NOTHING, FLAGS.endStream));
    peer.heard();
    const [first, second] = peer.opened;
    for (const { stream } of peer.opened) {
      stream.keep();
      stream.end(BLOCK);
    }
    expect(peer.words()).toEqual(['headers 1 end', 'headers 3 end']);
    expect([first?.events, second?.events]).toEqual([['ended'], ['ended']]);
    first?.stream.release();
    peer.say(reset(3));
    expect([first?.events, second?.events]).toEqual([
      ['ended', 'closed'],
      ['ended', 'closed'],
    ]);
    expect([first?.stream.isAbandoned, second?.stream.isAbandoned]).toEqual([false, true]);
    second?.stream.release();
    expect(second?.events).toEqual(['ended', 'closed']);
  });
});
