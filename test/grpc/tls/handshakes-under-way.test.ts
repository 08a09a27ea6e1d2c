import { describe, expect, it } from 'vitest';
import {
  HandshakesUnderWay,
  STALLED_AFTER_MS,
  STALLED_MAX,
} from '../../../src/grpc/tls/handshakes-under-way.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

function begin(handshakes: HandshakesUnderWay, count: number): readonly object[] {
  const keys = Array.from({ length: count }, () => ({}));
  for (const key of keys) handshakes.began(key, '192.0.2.1');
  return keys;
}

describe('HandshakesUnderWay', () => {
  it('admits any number that has just begun, and none beside too many that stall', () => {
    const clock = new SimulatedClock();
    const handshakes = new HandshakesUnderWay(clock);
    const [first = {}] = begin(handshakes, STALLED_MAX + 1);
    clock.advance(STALLED_AFTER_MS - 1);
    expect(handshakes.admits('192.0.2.1')).toBe(true);
    clock.advance(1);
    expect(handshakes.admits('192.0.2.1')).toBe(false);
    expect(handshakes.admits('192.0.2.2')).toBe(true);
    handshakes.ended(first, 'badly');
    expect(handshakes.admits('192.0.2.1')).toBe(true);
  });

  it('lets a slow fleet behind one address in, as its callers get in', () => {
    const clock = new SimulatedClock();
    const handshakes = new HandshakesUnderWay(clock);
    const fleet = begin(handshakes, 10_000);
    for (const key of fleet.slice(0, 5_000)) handshakes.ended(key, 'well');
    clock.advance(STALLED_AFTER_MS);
    expect(handshakes.admits('192.0.2.1')).toBe(true);
    for (const key of fleet.slice(5_000)) {
      expect(handshakes.admits('192.0.2.1')).toBe(true);
      handshakes.ended(key, 'well');
    }
  });

  it('bears one that stalls for each that got in, and no more', () => {
    const clock = new SimulatedClock();
    const handshakes = new HandshakesUnderWay(clock);
    const [good = {}] = begin(handshakes, STALLED_MAX + 2);
    handshakes.ended(good, 'well');
    clock.advance(STALLED_AFTER_MS);
    expect(handshakes.admits('192.0.2.1')).toBe(true);
    begin(handshakes, 1);
    clock.advance(STALLED_AFTER_MS);
    expect(handshakes.admits('192.0.2.1')).toBe(false);
  });
});
