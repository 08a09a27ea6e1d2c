import { describe, expect, it } from 'vitest';
import { OutgoingQueue, STUCK_AFTER_MS } from '../../src/grpc/outgoing-queue.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';

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

  push(text: string): string {
    return this.queue.push(Buffer.from(text));
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

  it('is full above 4096 messages', () => {
    const stream = new FakeStream();
    stream.push('first');
    for (let i = 0; i < 4096; i += 1) expect(stream.push('x')).toBe('sent');
    expect(stream.push('y')).toBe('full');
    expect(stream.written).toHaveLength(1);
  });

  it('is full above 8 MiB', () => {
    const stream = new FakeStream();
    stream.push('first');
    const half = 'x'.repeat(4 * 1024 * 1024);
    expect([stream.push(half), stream.push(half), stream.push('y')]).toEqual([
      'sent',
      'sent',
      'full',
    ]);
    stream.drain(2);
    expect(stream.push('z')).toBe('sent');
  });

  it('reports once a stream that takes nothing for ten seconds', () => {
    const stream = new FakeStream();
    stream.push('a');
    stream.clock.advance(STUCK_AFTER_MS - 1);
    expect(stream.stuck).toBe(0);
    stream.clock.advance(1);
    expect(stream.stuck).toBe(1);
    expect(stream.push('b')).toBe('full');
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
