import { describe, expect, it } from 'vitest';
import { parseStreamName, type StreamName } from '../../../src/core/ids.ts';
import { LINES_PER_FRAME_MAX } from '../../../src/core/limits.ts';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import {
  differingLines,
  type LinesAnswer,
  rangesOf,
  saysMore,
  sortLines,
} from '../../../src/core/log/line-ranges.ts';
import type { CosignedHead } from '../../../src/core/log/regions.ts';
import { checkpointOf, cosign, IAD, leavesOf, regionKey } from './fixtures.ts';

const { keyId } = regionKey(IAD).publicKey;

describe('Lines by one key', () => {
  it('cost one hash per 64 streams, and nothing more where all are equal', () => {
    const lines = linesOf(150);
    const ranges = rangesOf(lines);
    expect(ranges.map(({ upTo }) => upTo)).toEqual([streamAt(63), streamAt(127), undefined]);
    expect(differingLines(lines, { keyId, ranges })).toEqual({ heads: [] });
  });

  it('are sent of the range that differs alone', () => {
    const held = linesOf(150);
    const asking = held.filter((_, index) => index !== 70);
    const { heads, upTo } = differingLines(held, { keyId, ranges: rangesOf(asking) });
    expect(upTo).toBeUndefined();
    expect(heads).toContain(held[70]);
    expect(heads.length).toBeLessThanOrEqual(65 + 1 + 22);
    expect(heads).not.toContain(held[0]);
  });

  it.each([0, 1, 64, 300])('all come in time, in frames, to one that holds %s', (count) => {
    const held = linesOf(700);
    const asking = held.slice(0, count).map((line) => again(line));
    const heads: CosignedHead[] = [];
    let answer: LinesAnswer | undefined;
    do {
      const after = answer?.upTo;
      const asked = { keyId, ranges: rangesOf(asking, after), ...(after && { after }) };
      answer = differingLines(held, asked);
      expect(answer.after).toBe(after);
      expect(answer.heads.length).toBeLessThanOrEqual(LINES_PER_FRAME_MAX);
      heads.push(...answer.heads);
    } while (answer.upTo !== undefined);
    expect(heads).toEqual(held);
  });

  it('are asked for behind a stream alone', () => {
    const held = linesOf(10);
    const after = streamAt(6);
    const { heads } = differingLines(held, { keyId, after, ranges: rangesOf([], after) });
    expect(heads).toEqual(held.slice(7));
  });

  it('are in order of their streams', () => {
    const lines = linesOf(20);
    expect(sortLines(lines.toReversed())).toEqual(lines);
  });
});

describe('A line says more than what a store has', () => {
  const two = checkpointOf(leavesOf(2));
  it.each<[string, boolean, CosignedHead | undefined, CosignedHead]>([
    ['of nothing', true, undefined, headOf(two, 5)],
    ['with a larger size', true, headOf(two, 5), headOf(checkpointOf(leavesOf(3)), 5)],
    ['of a later log', true, headOf(two, 5), headOf({ ...two, decidedBy: 4, size: 1 }, 5)],
    [
      'of the log of a recovery, below what a thief decided',
      true,
      headOf({ ...two, decidedBy: 9 }, 5),
      headOf({ ...two, recoveredBy: 3, size: 1 }, 5),
    ],
    ['at a later time', true, headOf(two, 5), headOf(two, 6)],
    ['with another root', true, headOf(two, 5), headOf(checkpointOf(leavesOf(2, 'b')), 5)],
    ['that is the same', false, headOf(two, 5), headOf(two, 5)],
    ['with a smaller size', false, headOf(two, 5), headOf(checkpointOf(leavesOf(1)), 4)],
    ['of an earlier log', false, headOf({ ...two, decidedBy: 4 }, 5), headOf(two, 5)],
    ['at an earlier time', false, headOf(two, 5), headOf(two, 4)],
  ])('%s: %s', (_, says, held, line) => {
    expect(saysMore(line, held)).toBe(says);
  });
});

function linesOf(count: number): readonly CosignedHead[] {
  return Array.from({ length: count }, (_, index) =>
    headOf({ ...checkpointOf(leavesOf(1)), stream: streamAt(index) }, 9),
  );
}

function streamAt(index: number): StreamName {
  return parseStreamName(`release/b${String(index).padStart(4, '0')}.prod.example.org`);
}

function headOf(checkpoint: Checkpoint, timeSeconds: number): CosignedHead {
  return { checkpoint, line: cosign(IAD, checkpoint, timeSeconds) };
}

/** The same stream, said at another time. */
function again({ checkpoint }: CosignedHead): CosignedHead {
  return headOf(checkpoint, 10);
}
