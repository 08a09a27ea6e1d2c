import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withEntry } from '../../src/core/layered-map.ts';

interface Thing {
  readonly value: number;
}

describe('withEntry', () => {
  it('gives what a copied map would give, in its order', () => {
    const steps = fc.array(fc.tuple(fc.nat(600), fc.nat()), { maxLength: 400 });
    fc.assert(
      fc.property(fc.nat(400), steps, (size, sets) => {
        let map: ReadonlyMap<number, Thing> = numbered(size);
        const plain = numbered(size);
        for (const [key, value] of sets) {
          map = withEntry(map, key, { value });
          plain.set(key, { value });
        }
        expect([...map]).toEqual([...plain]);
        expect([...map.keys()]).toEqual([...plain.keys()]);
        expect([...map.values()]).toEqual([...plain.values()]);
        expect(map.size).toBe(plain.size);
        for (const [key] of sets) expect(map.get(key)).toEqual(plain.get(key));
        expect(map.has(601)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('leaves every earlier version as it was', () => {
    const versions = [numbered(500) as ReadonlyMap<number, Thing>];
    for (let at = 0; at < 300; at += 1) {
      versions.push(withEntry(versions.at(-1) ?? new Map(), at, { value: -1 }));
    }
    for (const [count, version] of versions.entries()) {
      expect([...version.values()].filter(({ value }) => value === -1)).toHaveLength(count);
    }
  });

  it('visits what it iterates', () => {
    const map = withEntry(numbered(200), 200, { value: 7 });
    const seen: [number, Thing][] = [];
    map.forEach((value, key) => {
      seen.push([key, value]);
    });
    expect(seen).toEqual([...map]);
  });
});

function numbered(size: number): Map<number, Thing> {
  return new Map(Array.from({ length: size }, (_, at) => [at, { value: at }]));
}
