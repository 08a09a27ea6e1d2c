import { beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../../../src/core/gossip/frames.ts';
import { Traffic } from '../../../../src/core/gossip/links/traffic.ts';
import { NO_PREVIOUS, parseStreamName } from '../../../../src/core/ids.ts';
import { NO_UPDATES } from '../../../../src/core/membership/frames.ts';

const PING: Frame = { kind: 'ping', sequence: 1, updates: NO_UPDATES };
const ROW = {
  stream: parseStreamName('charter'),
  sequence: 1,
  digest: NO_PREVIOUS,
  forked: false,
};
const HELD: Frame = { kind: 'held', row: ROW };

describe('Traffic', () => {
  let traffic: Traffic;

  beforeEach(() => {
    traffic = new Traffic();
  });

  it('allows a burst, then makes a peer wait for its rate', () => {
    expect(untilExcess(HELD, 0)).toBe(8000);
    expect(traffic.took(HELD, 10, 0)).toEqual({ what: 'statements', waitMs: 1 });
    expect(traffic.took(HELD, 10, 1000)).toBeUndefined();
    expect(untilExcess(HELD, 1000)).toBeLessThan(4000);
  });

  it('keeps the shares apart: who repairs too much may still be probed', () => {
    const rows = { rows: Array.from({ length: 1000 }, () => ROW), buckets: [] };
    for (let i = 0; i < 100; i += 1) traffic.took({ kind: 'rows', rows }, 10, 0);
    expect(traffic.took({ kind: 'rows', rows }, 10, 0)).toMatchObject({ what: 'repair' });
    expect(traffic.took(PING, 10, 0)).toBeUndefined();
  });

  it('gives what it does not know a share of its own', () => {
    let taken = 0;
    while (traffic.took('unknown', 1, 0) === undefined) taken += 1;
    expect(taken).toBe(2000);
    expect(traffic.took(PING, 10, 0)).toBeUndefined();
  });

  it('counts what a frame carries, and bytes whatever it is', () => {
    const ask: Frame = {
      kind: 'cosigned-ask',
      streams: Array.from({ length: 64 }, () => ROW.stream),
      regions: [],
    };
    expect(untilExcess(ask, 0)).toBe(Math.floor(10_000 / 65));
    const excess = Array.from({ length: 5 }, () => traffic.took(PING, 4 * 1024 * 1024, 0)).at(-1);
    expect(excess).toEqual({ what: 'bytes', waitMs: 1001 });
  });

  it('never saves up more than the burst', () => {
    untilExcess(HELD, 0);
    expect(untilExcess(HELD, 1e9)).toBe(8000);
  });

  /** How many such frames are taken at once before it is too much. */
  function untilExcess(frame: Frame, nowMs: number): number {
    let taken = 0;
    while (traffic.took(frame, 1, nowMs) === undefined) taken += 1;
    return taken;
  }
});
