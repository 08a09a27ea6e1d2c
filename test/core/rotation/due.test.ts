import { describe, expect, it } from 'vitest';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import {
  type DatedAnchor,
  type DueQuestion,
  dueRotations,
} from '../../../src/core/rotation/due.ts';
import { anchor } from '../releases/bodies.ts';
import { NOW_MS } from '../support.ts';

const DAY_MS = 86_400_000;

function dated(name: string, endsInDays: number, state: Anchor['state'] = 'active'): DatedAnchor {
  return {
    anchor: anchor(name, { state }),
    notBeforeMs: NOW_MS - 1000 * DAY_MS,
    notAfterMs: NOW_MS + endsInDays * DAY_MS,
  };
}

function due(
  anchors: readonly DatedAnchor[],
  changed: Partial<DueQuestion> = {},
): readonly string[] {
  return dueRotations({
    anchors,
    lifecycle: { holdDownSeconds: 86_400, overlapSeconds: 86_400, blastRadiusPercent: 20 },
    nowMs: NOW_MS,
    withinMs: 90 * DAY_MS,
    ...changed,
  }).map(({ anchor: { label }, reason, beginMs, urgency, together }) => {
    const day = Math.round((beginMs - NOW_MS) / DAY_MS);
    return `${label} ${reason} ${urgency} day ${day} with ${together.length}`;
  });
}

describe('dueRotations', () => {
  it('lists trusted anchors that expire within the time, and when to begin', () => {
    const anchors = [dated('a', 80), dated('b', 91), dated('c', 10, 'retiring')];
    expect(due(anchors)).toEqual(['CA a expires planned day 48 with 0']);
  });

  it('moves rotations apart that would fall together, and names who expires together', () => {
    expect(due([dated('a', 80), dated('b', 81), dated('c', 83)])).toEqual([
      'CA a expires planned day 37 with 2',
      'CA b expires planned day 44 with 2',
      'CA c expires planned day 51 with 2',
    ]);
  });

  it('says what should have begun, and what is over', () => {
    expect(due([dated('a', 20), dated('b', -1), dated('c', 37)])).toEqual([
      'CA b expired late day 0 with 0',
      'CA a expires late day 0 with 0',
      'CA c expires soon day 5 with 0',
    ]);
  });

  it('lists old ones only when age matters', () => {
    expect(due([dated('a', 400)])).toEqual([]);
    expect(due([dated('a', 400)], { maxAgeMs: 900 * DAY_MS })).toEqual([
      'CA a old soon day 0 with 0',
    ]);
  });
});
