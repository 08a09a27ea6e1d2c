import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../src/core/bytes.ts';
import { parseSha256 } from '../../../src/core/ids.ts';
import type { RolloutBody } from '../../../src/core/rollouts/body.ts';
import { encodeOpenness, restoreOpenness } from '../../../src/core/rollouts/openness.ts';
import { expectCode } from '../support.ts';
import { releaseAt, rolloutOf, wave } from './support.ts';

const STOP = { atMs: 3, wave: 1, refused: 2, maxFailures: 1 };
const BODY = rolloutOf();
const NOTE = encodeOpenness(statement(1, BODY), { openedMs: [1, 2], stop: STOP });

function statement(number: number, body: RolloutBody): Parameters<typeof encodeOpenness>[0] {
  return { digest: parseSha256(number.toString(16).padStart(64, '0')), body };
}

describe('restoreOpenness', () => {
  it('gives back what was noted of the same statement', () => {
    const restored = restoreOpenness(NOTE, statement(1, BODY));
    expect(restored).toEqual({ openedMs: [1, 2], stop: STOP });
    const going = encodeOpenness(statement(1, BODY), { openedMs: [1] });
    expect(restoreOpenness(going, statement(1, BODY))).toEqual({ openedMs: [1] });
  });

  it('keeps waves open under a later statement, and leaves the stop to the earlier one', () => {
    const paused = { ...BODY, state: 'paused', note: 'wait' } as const;
    expect(restoreOpenness(NOTE, statement(2, paused))).toEqual({ openedMs: [1, 2] });
    const laxer = { ...BODY, waves: [wave(5, { maxFailures: 9 }), wave(25), wave(100)] };
    expect(restoreOpenness(NOTE, statement(2, laxer))).toEqual({ openedMs: [1, 2] });
  });

  it('keeps open only the first waves that take the same programs', () => {
    const other = { ...BODY, waves: [wave(5), wave(30), wave(100)] };
    expect(restoreOpenness(NOTE, statement(2, other))).toEqual({ openedMs: [1] });
    const labelled = { ...BODY, waves: [wave(5, {}, { zone: 'a' }), wave(25), wave(100)] };
    expect(restoreOpenness(NOTE, statement(2, labelled))).toEqual({ openedMs: [] });
    const fewer = { ...BODY, waves: [wave(5)] };
    expect(restoreOpenness(NOTE, statement(2, fewer))).toEqual({ openedMs: [1] });
  });

  it('says nothing about another release', () => {
    const next = rolloutOf({ from: releaseAt(2), to: releaseAt(3) });
    expect(restoreOpenness(NOTE, statement(1, next))).toEqual({ openedMs: [] });
  });

  it('refuses a note that is damaged', () => {
    expectCode('PARSE', () => restoreOpenness(encodeUtf8('{}'), statement(1, BODY)));
  });
});
