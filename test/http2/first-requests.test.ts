import { describe, expect, it } from 'vitest';
import { FLAGS, FRAME_TYPES, makeFrame } from '../../src/http2/frame.ts';
import { encodeFields } from '../../src/http2/hpack/encoder.ts';
import { SharedBytes } from '../../src/http2/shared.ts';
import { ACK, fieldsOf, HELLO, TestPeer } from './support/test-peer.ts';

/** Without the word at its beginning that nothing is to be remembered. */
const SERVED = encodeFields(fieldsOf('/served')).subarray(1);
/** The field that was remembered last, of the peer's table. */
const LAST_REMEMBERED = Buffer.of(0xbe);

function field(kind: number, name: string, value: string): Buffer {
  const text = (each: string): Buffer => Buffer.from(`${String.fromCharCode(each.length)}${each}`);
  return Buffer.concat([Buffer.of(kind), text(name), text(value)]);
}

function remember(value: string): Buffer {
  return field(0x40, 'who', value);
}

function ask(streamId: number, ...parts: readonly Buffer[]): Buffer {
  const block = Buffer.concat([SERVED, ...parts]);
  return makeFrame(FRAME_TYPES.headers, FLAGS.endHeaders, streamId, block);
}

function two(): readonly [TestPeer, TestPeer] {
  const shared = new SharedBytes();
  return [new TestPeer(100, shared).say(HELLO, ACK), new TestPeer(100, shared).say(HELLO, ACK)];
}

describe('FirstRequests', () => {
  it('reads the same first request of two connections once', () => {
    const [one, other] = two();
    one.say(ask(1, remember('fleet')));
    other.say(ask(1, remember('fleet')));
    expect(other.last.request.field('who')).toBe('fleet');
    expect(other.last.request).toBe(one.last.request);
  });

  it('leaves each connection a table of its own', () => {
    const [one, other] = two();
    for (const peer of [one, other]) peer.say(ask(1, remember('fleet')));
    one.say(ask(3, remember('one')));
    other.say(ask(3, LAST_REMEMBERED));
    expect(other.last.request.field('who')).toBe('fleet');
    one.say(ask(5, LAST_REMEMBERED));
    expect(one.last.request.field('who')).toBe('one');
  });

  it('takes other bytes for another request', () => {
    const [one, other] = two();
    one.say(ask(1, remember('fleet')));
    other.say(ask(1, remember('a')));
    expect(other.last.request.field('who')).toBe('a');
  });

  it('refuses a malformed first request each time, and goes by its table afterwards', () => {
    for (const peer of two()) {
      peer.heard();
      peer.say(ask(1, remember('fleet'), field(0, 'te', 'gzip')));
      peer.say(ask(3, LAST_REMEMBERED));
      expect(peer.words()).toContain('reset 1 PROTOCOL_ERROR');
      expect(peer.last.request.field('who')).toBe('fleet');
    }
  });
});
