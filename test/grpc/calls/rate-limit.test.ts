import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../src/grpc/calls/rate-limit.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

describe('RateLimit', () => {
  it('allows a burst, then the steady rate', () => {
    const clock = new SimulatedClock();
    const rate = new RateLimit(clock, { burst: 3, perSecond: 2 });
    for (let i = 0; i < 3; i += 1) rate.take();
    expect(() => rate.take()).toThrow('more than 2 messages per second');
    clock.advance(500);
    rate.take();
    expect(() => rate.take()).toThrow();
  });

  it('never saves up more than the burst', () => {
    const clock = new SimulatedClock();
    const rate = new RateLimit(clock, { burst: 2, perSecond: 100 });
    clock.advance(60_000);
    rate.take();
    rate.take();
    expect(() => rate.take()).toThrow();
  });
});
