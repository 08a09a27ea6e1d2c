import { expect, it } from 'vitest';
import { monotonicUs, nowUs } from '../../../bench/swarm/clock.ts';

it('says what the clock of the swarm showed at a wall time', () => {
  const from = nowUs();
  const wallMs = Date.now();
  const to = nowUs();
  const seen = monotonicUs(wallMs);
  // A wall time is cut to whole milliseconds.
  expect(seen).toBeGreaterThan(from - 5_000);
  expect(seen).toBeLessThan(to + 5_000);
});
