import { beforeEach, describe, expect, it } from 'vitest';
import {
  ERROR_CODES,
  type ErrorCode,
  isErrorCode,
  KedgeError,
} from '../../../../src/core/errors.ts';
import { asGarbage, faultsOf } from '../../../../src/core/gossip/links/blame.ts';
import {
  Conduct,
  type CutOff,
  FAULTS_MAX,
  REFUSAL_MAX_MS,
  REFUSAL_MIN_MS,
} from '../../../../src/core/gossip/links/conduct.ts';
import { parseNodeId } from '../../../../src/core/ids.ts';
import { PEERS_MAX } from '../../../../src/core/limits.ts';

const LIAR = parseNodeId('fra-1');
const HONEST = parseNodeId('fra-2');
const LIE = new KedgeError('THRESHOLD', '0 of 2 signed');

describe('faultsOf', () => {
  it('blames nobody for what an honest peer may send', () => {
    const none: ErrorCode[] = [
      'GAP',
      'PREVIOUS',
      'FORK',
      'EXPIRED',
      'ALGORITHM',
      'CONFLICT',
      'BUG',
    ];
    expect(none.map((code) => faultsOf(new KedgeError(code, 'x')))).toEqual(none.map(() => 0));
  });

  it('blames for what nobody ever signed, not for what was signed under another charter', () => {
    expect(faultsOf(LIE)).toBe(1);
    const detail = { standing: 'history' };
    expect(faultsOf(new KedgeError('THRESHOLD', 'signed before', { detail }))).toBe(0);
  });

  it('knows every code', () => {
    const codes = Object.keys(ERROR_CODES).filter(isErrorCode);
    for (const code of codes) expect(faultsOf(new KedgeError(code, 'x'))).toBeLessThanOrEqual(1);
  });
});

describe('Conduct', () => {
  let conduct: Conduct;
  let nowMs: number;

  beforeEach(() => {
    conduct = new Conduct();
    nowMs = 1_000_000;
    conduct.tick(nowMs);
  });

  it('bears a few faults, then refuses that peer and no other', () => {
    for (let i = 1; i < FAULTS_MAX; i += 1) expect(conduct.refused(LIAR, LIE)).toBeUndefined();
    expect(conduct.refusal(LIAR)).toBeUndefined();
    expect(conduct.refused(LIAR, LIE)).toMatchObject({ nodeId: LIAR, forMs: REFUSAL_MIN_MS });
    expect(conduct.refusal(LIAR)).toMatchObject({ code: 'LIMIT' });
    expect(conduct.refusal(LIAR)?.message).toContain('0 of 2 signed');
    expect(conduct.refusal(HONEST)).toBeUndefined();
    expect(conduct.view(HONEST)).toBeUndefined();
  });

  it('remembers faults when the link is a new one, and doubles the refusal to a maximum', () => {
    const times = Array.from({ length: 9 }, () => {
      const { forMs = 0 } = cutOff() ?? {};
      after(forMs);
      expect(conduct.refusal(LIAR)).toBeUndefined();
      return forMs;
    });
    expect(times.slice(0, 3)).toEqual([REFUSAL_MIN_MS, 2 * REFUSAL_MIN_MS, 4 * REFUSAL_MIN_MS]);
    expect(times.at(-1)).toBe(REFUSAL_MAX_MS);
    expect(conduct.view(LIAR)).toMatchObject({ cutOffs: 9, faults: 9 * FAULTS_MAX });
  });

  it('cuts nobody off for faults far apart', () => {
    for (let i = 0; i < 10 * FAULTS_MAX; i += 1) {
      expect(conduct.refused(LIAR, LIE)).toBeUndefined();
      after(30_000);
    }
  });

  it('cuts off sooner for what cannot be read', () => {
    const verdicts = Array.from({ length: 4 }, () => conduct.refused(LIAR, asGarbage(LIE)));
    expect(verdicts.map((one) => one !== undefined)).toEqual([false, false, false, true]);
  });

  it('forgives', () => {
    cutOff();
    cutOff();
    after(10 * 60_000);
    expect(conduct.view(LIAR)).toMatchObject({ cutOffs: 2, refusedForMs: 0 });
    after(30 * 60_000);
    expect(conduct.view(LIAR)).toMatchObject({ cutOffs: 1 });
    after(30 * 60_000);
    expect(conduct.view(LIAR)).toBeUndefined();
    expect(cutOff()).toMatchObject({ cutOffs: 1, forMs: REFUSAL_MIN_MS });
  });

  it('is bounded, and keeps those that were cut off', () => {
    cutOff();
    for (let i = 0; i < 2 * PEERS_MAX; i += 1) conduct.refused(parseNodeId(`n-${i}`), LIE);
    expect(conduct.view(LIAR)).toBeDefined();
    expect(conduct.view(parseNodeId('n-0'))).toBeUndefined();
    expect(conduct.view(parseNodeId(`n-${2 * PEERS_MAX - 1}`))).toBeDefined();
  });

  function after(ms: number): void {
    nowMs += ms;
    conduct.tick(nowMs);
  }

  function cutOff(): CutOff | undefined {
    return Array.from({ length: FAULTS_MAX }, () => conduct.refused(LIAR, LIE)).at(-1);
  }
});
