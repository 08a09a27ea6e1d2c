import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { waveOf } from '../../../src/core/rollouts/cohort.ts';
import { releaseAt, rolloutOf, wave } from './support.ts';

const NO_LABELS: ReadonlyMap<string, string> = new Map();

function identity(number: number): string {
  return `spiffe://test.example.org/client/${String(number)}`;
}

describe('waveOf', () => {
  it('puts every program into one wave, the same wherever it is asked', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 5 }),
        (id, shares) => {
          const waves = [...shares.map((share) => wave(share)), wave(100)];
          const found = waveOf(rolloutOf({ waves }), { identity: id, labels: NO_LABELS });
          expect(found).toBeGreaterThanOrEqual(0);
          expect(found).toBeLessThan(waves.length);
          const again = waveOf(rolloutOf({ waves }), { identity: id, labels: new Map() });
          expect(again).toBe(found);
        },
      ),
    );
  });

  it('keeps who is in a small share in every larger one', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 1, max: 99 }),
        (id, a, b) => {
          const isIn = (percent: number): boolean =>
            waveOf(rolloutOf({ waves: [wave(percent), wave(100)] }), {
              identity: id,
              labels: NO_LABELS,
            }) === 0;
          const [small, large] = [Math.min(a, b), Math.max(a, b)];
          expect(!isIn(small) || isIn(large)).toBe(true);
        },
      ),
    );
  });

  it('draws about the share that a wave says', () => {
    const body = rolloutOf({ waves: [wave(5), wave(25), wave(100)] });
    const sizes = [0, 0, 0];
    for (let number = 0; number < 10_000; number += 1) {
      const found = waveOf(body, { identity: identity(number), labels: NO_LABELS });
      sizes[found] = (sizes[found] ?? 0) + 1;
    }
    expect(sizes[0]).toBeGreaterThan(400);
    expect(sizes[0]).toBeLessThan(600);
    expect(sizes[1]).toBeGreaterThan(1850);
    expect(sizes[1]).toBeLessThan(2150);
  });

  it('draws anew for another release', () => {
    const first = Array.from({ length: 1000 }, (_, number) => number).filter((number) => {
      const who = { identity: identity(number), labels: NO_LABELS };
      return waveOf(rolloutOf(), who) === 0 && waveOf(rolloutOf({ to: releaseAt(3) }), who) === 0;
    });
    expect(first.length).toBeLessThan(20);
  });

  it('takes a vector that any other program can check', () => {
    // sha256('spiffe://test.example.org/client/7' ‖ 02 × 32) begins with 640f81bb.
    const who = { identity: identity(7), labels: NO_LABELS };
    const shares = Array.from({ length: 100 }, (_, index) => index + 1);
    const least = shares.find(
      (share) => waveOf(rolloutOf({ waves: [wave(share), wave(100)] }), who) === 0,
    );
    expect(least).toBe(40);
  });

  it('takes only who has all the labels of a wave', () => {
    const waves = [wave(100, {}, { tier: 'canary', zone: 'a' }), wave(100)];
    const labels = (pairs: Readonly<Record<string, string>>): number =>
      waveOf(rolloutOf({ waves }), { identity: 'x', labels: new Map(Object.entries(pairs)) });
    expect(labels({ tier: 'canary', zone: 'a', other: '1' })).toBe(0);
    expect(labels({ tier: 'canary' })).toBe(1);
    expect(labels({ tier: 'canary', zone: 'b' })).toBe(1);
    expect(labels({})).toBe(1);
  });
});
