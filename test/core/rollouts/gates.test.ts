import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNodeId } from '../../../src/core/ids.ts';
import type { Gates, RolloutBody } from '../../../src/core/rollouts/body.ts';
import {
  CLOSED,
  type Judged,
  type Judging,
  judgeRollout,
  type Sight,
  type WaveCounts,
} from '../../../src/core/rollouts/gates.ts';
import { counts, rolloutOf, wave } from './support.ts';

const NOW_MS = 1_795_428_000_000;
const NODE = parseNodeId('fra-1');
const NOBODY = counts(0, 0);

function sight(waves: readonly WaveCounts[], change: Partial<Sight> = {}): Sight {
  return { waves, unknown: [], elsewhere: 'going', ...change };
}

function judging(body: RolloutBody, change: Partial<Judging> = {}): Judging {
  return {
    body,
    openness: CLOSED,
    sight: sight([NOBODY, NOBODY, NOBODY]),
    heldSinceMs: undefined,
    nowMs: NOW_MS,
    clock: 'right',
    monotonicMs: 0,
    expiresMs: NOW_MS + 86_400_000,
    ...change,
  };
}

/** With so many waves open. */
function opened(count: number): Judging['openness'] {
  return { openedMs: Array.from({ length: count }, () => NOW_MS) };
}

function waves(gates: Partial<Gates>): RolloutBody {
  return rolloutOf({ waves: [wave(5, gates), wave(25, gates), wave(100, gates)] });
}

describe('judgeRollout', () => {
  it('opens the first wave at once', () => {
    expect(judgeRollout(judging(rolloutOf())).openness.openedMs).toEqual([NOW_MS]);
  });

  it('opens the first wave whatever is unknown, and no further one (DW-2, DW-4)', () => {
    const blind = sight([NOBODY, NOBODY, NOBODY], { unknown: [NODE] });
    const first = judgeRollout(judging(rolloutOf(), { sight: blind }));
    expect(first.openness.openedMs).toEqual([NOW_MS]);
    expect(first.wait).toEqual({ kind: 'unknown', nodes: [NODE] });
  });

  it('opens nothing while it is paused, aborted or expired, and closes nothing', () => {
    const good = sight([counts(10, 10), NOBODY, NOBODY]);
    for (const [change, kind] of [
      [{ body: rolloutOf({ state: 'paused' }) }, 'paused'],
      [{ body: rolloutOf({ state: 'aborted' }) }, 'aborted'],
      [{ expiresMs: NOW_MS }, 'expired'],
    ] as const) {
      const none = judgeRollout(judging(rolloutOf(), { sight: good, ...change }));
      expect(none).toMatchObject({ openness: CLOSED, wait: { kind } });
      const openness = opened(1);
      const one = judgeRollout(judging(rolloutOf(), { openness, sight: good, ...change }));
      expect(one.openness).toBe(openness);
    }
  });

  it('opens the next wave when enough programs are there and use the release', () => {
    const body = waves({ minReporters: 10, loadedPercent: 90 });
    const at = (one: WaveCounts): Judged =>
      judgeRollout(judging(body, { openness: opened(1), sight: sight([one, NOBODY, NOBODY]) }));
    expect(at(counts(9, 9)).wait).toEqual({ kind: 'reporters', has: 9, needs: 10 });
    expect(at(counts(10, 8)).wait).toEqual({ kind: 'loaded', has: 8, of: 10, needsPercent: 90 });
    expect(at(counts(10, 9)).openness.openedMs).toHaveLength(2);
  });

  it('counts the programs of all waves up to the gate, and asks every gate so far', () => {
    const strict = { minReporters: 1, loadedPercent: 100 };
    const lax = { minReporters: 12, loadedPercent: 50 };
    const body = rolloutOf({ waves: [wave(5, strict), wave(25, lax), wave(100)] });
    const at = (first: WaveCounts, second: WaveCounts): Judged =>
      judgeRollout(judging(body, { openness: opened(2), sight: sight([first, second, NOBODY]) }));
    expect(at(counts(5, 5), counts(10, 3)).openness.openedMs).toHaveLength(3);
    expect(at(counts(5, 5), counts(6, 6)).wait.kind).toBe('reporters');
    expect(at(counts(5, 4), counts(10, 10)).wait).toMatchObject({ kind: 'loaded', of: 5 });
  });

  it('keeps a gate closed while something is not known, and goes on with the soak after it', () => {
    const body = waves({ soakSeconds: 60 });
    const good = [counts(5, 5), NOBODY, NOBODY];
    const unknown = sight(good, { unknown: [NODE] });
    const blind = judgeRollout(
      judging(body, { openness: opened(1), sight: unknown, heldSinceMs: 0, monotonicMs: 90_000 }),
    );
    expect(blind.wait).toEqual({ kind: 'unknown', nodes: [NODE] });
    expect(blind.heldSinceMs).toBe(0);
    const seen = judgeRollout(
      judging(body, {
        openness: opened(1),
        sight: sight(good),
        heldSinceMs: 0,
        monotonicMs: 90_000,
      }),
    );
    expect(seen.openness.openedMs).toHaveLength(2);
  });

  it('begins the soak anew when a gate does not hold any more', () => {
    const body = waves({ soakSeconds: 60 });
    const at = (one: WaveCounts, heldSinceMs: number | undefined, monotonicMs: number): Judged =>
      judgeRollout(
        judging(body, {
          openness: opened(1),
          sight: sight([one, NOBODY, NOBODY]),
          heldSinceMs,
          monotonicMs,
        }),
      );
    const begun = at(counts(5, 5), undefined, 1000);
    expect(begun).toMatchObject({ heldSinceMs: 1000, wait: { kind: 'soak', leftMs: 60_000 } });
    expect(at(counts(5, 4), 1000, 30_000).heldSinceMs).toBeUndefined();
    expect(at(counts(5, 5), 1000, 60_999).openness.openedMs).toHaveLength(1);
    expect(at(counts(5, 5), 1000, 61_000).openness.openedMs).toHaveLength(2);
  });

  it('stops by itself on one refusal too many, whatever is unknown, and stays stopped', () => {
    const body = waves({ maxFailures: 1 });
    const one = (refused: number, change: Partial<Judging> = {}): Judged =>
      judgeRollout(
        judging(body, {
          openness: opened(1),
          sight: sight([counts(5, 3, refused), NOBODY, NOBODY], { unknown: [NODE] }),
          ...change,
        }),
      );
    expect(one(1).openness.stop).toBeUndefined();
    const stopped = one(2).openness;
    expect(stopped.stop).toEqual({ atMs: NOW_MS, wave: 0, refused: 2, maxFailures: 1 });
    expect(one(0, { openness: stopped })).toMatchObject({
      openness: stopped,
      wait: { kind: 'stopped' },
    });
  });

  it('does not count what programs of closed waves refuse', () => {
    const openness = opened(1);
    const seen = sight([counts(5, 4), counts(20, 0, 20), NOBODY]);
    expect(judgeRollout(judging(rolloutOf(), { openness, sight: seen })).openness).toBe(openness);
  });

  it('stops where another node has stopped', () => {
    const seen = sight([counts(5, 5), NOBODY, NOBODY], { elsewhere: 'stopped' });
    const { openness } = judgeRollout(judging(rolloutOf(), { openness: opened(1), sight: seen }));
    expect(openness.stop).toBeDefined();
    const two = judgeRollout(judging(rolloutOf(), { openness: opened(2), sight: seen })).openness;
    expect(two.stop).toEqual({ atMs: NOW_MS, wave: 1, refused: 0, maxFailures: 0 });
  });

  it('is done when all waves are open and the last gate holds', () => {
    const openness = opened(3);
    const at = (last: WaveCounts): Judged =>
      judgeRollout(judging(rolloutOf(), { openness, sight: sight([counts(1, 1), NOBODY, last]) }));
    expect(at(counts(5, 4)).wait.kind).toBe('loaded');
    expect(at(counts(5, 5)).wait.kind).toBe('nothing');
  });

  it('goes on where the gate of a wave that just opened holds already', () => {
    const seen = sight([counts(3, 3), NOBODY, NOBODY]);
    const soaked = { soakSeconds: 60 };
    const body = rolloutOf({ waves: [wave(5), wave(25, soaked), wave(100)] });
    const at = (openness: Judging['openness']): Judged =>
      judgeRollout(judging(body, { openness, sight: seen }));
    // `nothing` would be the end of the whole rollout.
    expect(at(CLOSED).wait).toEqual({ kind: 'soak', leftMs: 0 });
    expect(at(opened(1)).openness.openedMs).toHaveLength(2);
    expect(at(opened(1)).wait).toEqual({ kind: 'soak', leftMs: 60_000 });
    expect(at(opened(2)).wait).toEqual({ kind: 'soak', leftMs: 60_000 });
  });

  it('waits for the time of a wave, also of the first one, when nothing else is left', () => {
    const good = sight([counts(5, 5), NOBODY, NOBODY]);
    const timed = { notBeforeMs: NOW_MS + 1000 };
    const body = rolloutOf({
      waves: [{ ...wave(5), ...timed }, { ...wave(25), ...timed }, wave(100)],
    });
    const at = (open: number, change: Partial<Judging> = {}): Judged =>
      judgeRollout(judging(body, { openness: opened(open), sight: good, ...change }));
    const wait = { kind: 'time', opensAtMs: NOW_MS + 1000 };
    expect(at(0)).toMatchObject({ openness: opened(0), wait });
    expect(at(1)).toMatchObject({ openness: opened(1), wait, heldSinceMs: 0 });
    expect(at(1, { sight: sight([NOBODY, NOBODY, NOBODY]) }).wait.kind).toBe('reporters');
    for (const open of [0, 1]) {
      expect(at(open, { nowMs: NOW_MS + 1000 }).openness.openedMs).toHaveLength(open + 1);
    }
  });

  it('opens a wave that has a window and no earliest time within the window alone', () => {
    const window = { days: [1, 2, 3, 4, 5, 6, 7], startMinute: 660, minutes: 60 };
    const body = rolloutOf({ waves: [{ ...wave(5), window }, wave(100)] });
    const opensAtMs = NOW_MS + 3_600_000;
    const early = judgeRollout(judging(body));
    expect(early).toMatchObject({ openness: CLOSED, wait: { kind: 'time', opensAtMs } });
    const { openedMs } = judgeRollout(judging(body, { nowMs: opensAtMs })).openness;
    expect(openedMs).toEqual([opensAtMs]);
  });

  it('goes on with the soak while a wave waits for its time', () => {
    const notBeforeMs = NOW_MS + 90_000;
    const soaked = wave(5, { soakSeconds: 60 });
    const body = rolloutOf({ waves: [soaked, { ...wave(100), notBeforeMs }] });
    const at = (afterMs: number): Judged =>
      judgeRollout(
        judging(body, {
          openness: opened(1),
          sight: sight([counts(5, 5), NOBODY]),
          heldSinceMs: 0,
          nowMs: NOW_MS + afterMs,
          monotonicMs: afterMs,
        }),
      );
    expect(at(59_000).wait.kind).toBe('soak');
    expect(at(89_000)).toMatchObject({ heldSinceMs: 0, wait: { kind: 'time' } });
    expect(at(90_000).openness.openedMs).toHaveLength(2);
  });

  it('opens no wave that has times by a clock that is in doubt, and any other one', () => {
    const good = sight([counts(5, 5), NOBODY, NOBODY]);
    const doubtful = { openness: opened(1), sight: good, clock: 'regions-ahead' } as const;
    const timed = { ...wave(25), notBeforeMs: NOW_MS - 1000 };
    const body = rolloutOf({ waves: [wave(5), timed, wave(100)] });
    expect(judgeRollout(judging(body, doubtful))).toMatchObject({
      openness: opened(1),
      wait: { kind: 'clock', doubt: 'regions-ahead' },
    });
    expect(judgeRollout(judging(rolloutOf(), doubtful)).openness.openedMs).toHaveLength(2);
  });

  it('stops outside of the hours of a wave as at any time', () => {
    const timed = { ...wave(100), notBeforeMs: NOW_MS + 1000 };
    const body = rolloutOf({ waves: [wave(5), timed] });
    const seen = sight([counts(5, 3, 1), NOBODY]);
    const { openness } = judgeRollout(judging(body, { openness: opened(1), sight: seen }));
    expect(openness.stop).toMatchObject({ refused: 1 });
  });

  it('never closes what is open, opens one wave at a time, and none after a stop', () => {
    const some = fc.record({
      clients: fc.nat(20),
      delivered: fc.nat(5),
      loaded: fc.nat(20),
      refused: fc.nat(3),
    });
    const step = fc.record({
      state: fc.constantFrom('running' as const, 'paused' as const, 'aborted' as const),
      waves: fc.tuple(some, some, some),
      isUnknown: fc.boolean(),
      afterMs: fc.nat(5000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let [openness, heldSinceMs]: [Judging['openness'], number | undefined] = [
          CLOSED,
          undefined,
        ];
        let monotonicMs = 0;
        for (const { state, waves: seen, isUnknown, afterMs } of steps) {
          monotonicMs += afterMs;
          const body = { ...waves({ soakSeconds: 2, maxFailures: 2 }), state };
          const unknown = isUnknown ? [NODE] : [];
          const before = openness;
          const judged = judgeRollout(
            judging(body, { openness, heldSinceMs, monotonicMs, sight: sight(seen, { unknown }) }),
          );
          ({ openness, heldSinceMs } = judged);
          const grown = openness.openedMs.length - before.openedMs.length;
          expect(openness.openedMs.slice(0, before.openedMs.length)).toEqual(before.openedMs);
          expect(grown === 0 || grown === 1).toBe(true);
          if (before.stop !== undefined) expect(openness).toBe(before);
          if (grown === 0) continue;
          expect(state).toBe('running');
          expect(isUnknown && before.openedMs.length > 0).toBe(false);
        }
      }),
    );
  });
});
