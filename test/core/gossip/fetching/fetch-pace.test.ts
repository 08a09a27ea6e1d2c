import { describe, expect, it } from 'vitest';
import {
  FETCH_USELESS_MAX_MS,
  FetchPace,
  stallMs,
  USELESS_PIECES_MAX,
} from '../../../../src/core/gossip/fetching/fetch-pace.ts';
import type { FetchItem } from '../../../../src/core/gossip/frames.ts';

const ITEM: FetchItem = {
  kind: 'entry',
  entry: {
    statement: { payload: new Uint8Array(1), signatures: [] },
    content: { kind: 'whole', body: new Uint8Array(0) },
    blobs: [],
  },
};

describe('FetchPace', () => {
  it('does not count the time that this node takes itself', () => {
    const pace = new FetchPace(0);
    pace.hold('on', 10);
    expect(pace.isHeld).toBe(true);
    expect(pace.lags(FETCH_USELESS_MAX_MS)).toBe(false);
    pace.hold('off', 10 * FETCH_USELESS_MAX_MS);
    expect(pace.lags(10 * FETCH_USELESS_MAX_MS)).toBe(false);
    pace.note(ITEM, 11 * FETCH_USELESS_MAX_MS - 10);
    expect(() => pace.note(ITEM, 11 * FETCH_USELESS_MAX_MS)).toThrow('nothing of use');
  });

  it('bounds what comes and is of no use, however fast it comes', () => {
    const pace = new FetchPace(0);
    for (let count = 0; count < USELESS_PIECES_MAX; count += 1) pace.note(ITEM, 0);
    expect(() => pace.note(ITEM, 0)).toThrow('nothing of use');
    pace.moved(0);
    pace.note(ITEM, 0);
  });
});

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
