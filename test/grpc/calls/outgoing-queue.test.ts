import { describe, expect, it } from 'vitest';
import type { Urgency } from '../../../src/core/gossip/links/urgency.ts';
import {
  OutgoingQueue,
  STUCK_AFTER_MS,
  WAITING_MAX,
  WAITING_MAX_BYTES,
} from '../../../src/grpc/calls/outgoing-queue.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

/** A stream that takes `room` messages before it says stop. */
class FakeStream {
  readonly clock = new SimulatedClock();
  readonly written: string[] = [];
  stuck = 0;
  room = 0;
  readonly queue = new OutgoingQueue({
    clock: this.clock,
    write: (bytes) => {
      this.written.push(bytes.toString());
      this.room -= 1;
      return this.room > 0;
    },
    onStuck: () => {
      this.stuck += 1;
    },
  });

  push(text: string, urgency: Urgency = 'urgent'): string {
    return this.queue.push(Buffer.from(text), urgency);
  }

  drain(room: number): void {
    this.room = room;
    this.queue.drained();
  }
}

describe('OutgoingQueue', () => {
  it('writes through while the stream takes messages', () => {
    const stream = new FakeStream();
    stream.room = 9;
    expect([stream.push('a'), stream.push('b')]).toEqual(['sent', 'sent']);
    expect(stream.written).toEqual(['a', 'b']);
  });

  it('keeps the order across stops', () => {
    const stream = new FakeStream();
    stream.room = 1;
    for (const text of ['a', 'b', 'c', 'd']) stream.push(text);
    expect(stream.written).toEqual(['a']);
    stream.drain(2);
    expect(stream.written).toEqual(['a', 'b', 'c']);
    stream.drain(9);
    stream.push('e');
    expect(stream.written).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('writes urgent messages first, and lets the others have their turn', () => {
    const stream = new FakeStream();
    stream.push('first');
    for (const text of ['x', 'y', 'z']) stream.push(text, 'bulk');
    for (let i = 1; i <= 10; i += 1) stream.push(String(i));
    stream.drain(99);
    expect(stream.written.join(' ')).toBe('first 1 2 3 4 5 6 7 8 x 9 10 y z');
  });

  it('drops what is above a count, in each lane for itself', () => {
    const stream = new FakeStream();
    stream.push('first');
    for (let i = 0; i < WAITING_MAX; i += 1) expect(stream.push('x', 'bulk')).toBe('sent');
    expect(stream.push('y', 'bulk')).toBe('dropped');
    expect(stream.push('z')).toBe('sent');
    stream.drain(2);
    expect(stream.written).toEqual(['first', 'z', 'x']);
    expect(stream.push('y', 'bulk')).toBe('sent');
  });

  it('drops what is above a size', () => {
    const stream = new FakeStream();
    stream.push('first');
    const half = 'x'.repeat(WAITING_MAX_BYTES / 2);
    const pushed = [stream.push(half), stream.push(half), stream.push('y')];
    expect(pushed).toEqual(['sent', 'sent', 'dropped']);
    stream.drain(2);
    expect(stream.push('z')).toBe('sent');
  });

  it('keeps the order however often it stops', () => {
    const stream = new FakeStream();
    const texts = Array.from({ length: 3 * WAITING_MAX }, (_, i) => String(i));
    stream.push('first');
    for (const [index, text] of texts.entries()) {
      expect(stream.push(text)).toBe('sent');
      if (index % 2 === 1) stream.drain(3);
    }
    stream.drain(texts.length);
    expect(stream.written).toEqual(['first', ...texts]);
  });

  it('reports once a stream that takes nothing for ten seconds', () => {
    const stream = new FakeStream();
    stream.push('a');
    stream.clock.advance(STUCK_AFTER_MS - 1);
    expect(stream.stuck).toBe(0);
    stream.clock.advance(1);
    expect(stream.stuck).toBe(1);
    expect(stream.push('b')).toBe('dropped');
    stream.clock.advance(STUCK_AFTER_MS);
    expect(stream.stuck).toBe(1);
  });

  it('does not report a stream that drains in time', () => {
    const stream = new FakeStream();
    for (let i = 0; i < 5; i += 1) {
      stream.push('a');
      stream.clock.advance(STUCK_AFTER_MS - 1);
      stream.drain(1);
    }
    expect(stream.stuck).toBe(0);
  });

  it('writes nothing and reports nothing after it is closed', () => {
    const stream = new FakeStream();
    stream.push('a');
    stream.push('b');
    stream.queue.close();
    stream.drain(9);
    stream.clock.advance(STUCK_AFTER_MS);
    expect([stream.written, stream.stuck, stream.clock.pendingTimers]).toEqual([['a'], 0, 0]);
  });
});
