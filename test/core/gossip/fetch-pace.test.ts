import { describe, expect, it } from 'vitest';
import { stallMs } from '../../../src/core/gossip/fetch-pace.ts';

describe('stallMs', () => {
  it.each([
    ['nothing is known', undefined, 300],
    ['the peer is near', 10, 300],
    ['the peer is far', 300, 450],
    ['the round trip was measured across a cut', 5070, 2000],
  ])('is in proportion to the round trip, within bounds: when %s', (_, rttMs, waitMs) => {
    expect(stallMs(rttMs)).toBe(waitMs);
  });
});
