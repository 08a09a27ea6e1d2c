import { describe, expect, it } from 'vitest';
import { parseNodeId } from '../../../src/core/ids.ts';
import { MEMBERSHIP_DEFAULTS } from '../../../src/core/membership/config.ts';
import { Suspicion } from '../../../src/core/membership/suspicion.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(parseNodeId);
const first = { by: parseNodeId('a'), source: undefined };

function suspicionOf(members: number, witnesses: number): Suspicion {
  return new Suspicion(MEMBERSHIP_DEFAULTS, { members, witnesses }, first, 1000);
}

describe('Suspicion', () => {
  it('waits longest at first, shortest after three independent confirmations', () => {
    const suspicion = suspicionOf(100, 50);
    expect(suspicion.dueMs).toBe(1000 + 6 * 8000);
    const waits = [B, C, D].map((by, index) => {
      expect(suspicion.confirm(by === undefined ? [] : [by], `link ${index}`)).toBe('counted');
      return suspicion.dueMs - 1000;
    });
    expect(waits[0]).toBeLessThan(48_000);
    expect(waits[1]).toBeLessThan(waits[0] ?? 0);
    expect(waits[2]).toBe(8000);
  });

  it('waits as for ten members when there are fewer', () => {
    expect(suspicionOf(3, 0).dueMs).toBe(1000 + 4000);
  });

  it('needs no more confirmations than there are witnesses', () => {
    const suspicion = suspicionOf(10, 1);
    suspicion.confirm(B === undefined ? [] : [B], 'link');
    expect(suspicion.dueMs).toBe(1000 + 4000);
  });

  it('counts one confirmation per link, and each witness once', () => {
    const suspicion = suspicionOf(100, 50);
    const crowd = [A, B, C, D].flatMap((one) => (one === undefined ? [] : [one]));
    expect(suspicion.confirm(crowd, 'link 1')).toBe('counted');
    expect(suspicion.confirm(crowd, 'link 1')).toBe('known');
    expect(suspicion.confirm(crowd.slice(0, 2), 'link 2')).toBe('known');
    expect(suspicion.by).toEqual(['a', 'b']);
  });

  it('gives back the time in which this node slept', () => {
    const suspicion = suspicionOf(3, 0);
    suspicion.extend(2500);
    expect(suspicion.dueMs).toBe(1000 + 4000 + 2500);
  });
});
