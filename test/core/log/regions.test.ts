import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHex, parseUtf8 } from '../../../src/core/bytes.ts';
import { importPublicKey } from '../../../src/core/crypto.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import {
  parseRealmName,
  parseRegionName,
  parseStreamName,
  type RegionName,
} from '../../../src/core/ids.ts';
import { NOTE_SIGNATURES_MAX } from '../../../src/core/limits.ts';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import {
  countCosignatures,
  openCheckpoint,
  parseCosignedHead,
  regionPolicy,
  requireCosigned,
  sealCheckpoint,
} from '../../../src/core/log/regions.ts';
import { CAROL, expectCode, REALM, utf8 } from '../support.ts';
import {
  checkpointOf,
  cosign,
  FRA,
  GRU,
  IAD,
  leavesOf,
  policyOf,
  REGION_NAMES,
  readVectors,
  regionKey,
  regionsOf,
  SIN,
  STREAM,
} from './fixtures.ts';

interface CountVector {
  name: string;
  regions: { name: string; keys: string[] }[];
  threshold: number;
  note: string;
  counted?: string[];
  code?: ErrorCode;
}

const vectors = readVectors('checkpoints') as {
  realm: string;
  stream: string;
  cases: CountVector[];
};

describe('vectors of cosigned checkpoints', () => {
  const realm = parseRealmName(vectors.realm);
  const stream = parseStreamName(vectors.stream);

  it.each(vectors.cases)('$name', ({ regions, threshold, note, counted, code }) => {
    const known = regions.map(({ name, keys }) => ({
      name: parseRegionName(name),
      keys: keys.map((spki) => importPublicKey({ alg: 'ed25519', spki: parseHex(spki) })),
    }));
    const policy = regionPolicy({ realm, regions: known }, threshold);
    const open = (): readonly string[] =>
      openCheckpoint(utf8(note), { realm, stream }, policy).regions;
    if (code === undefined) expect(open()).toEqual(counted);
    else expectCode(code, open);
  });
});

describe('regionPolicy', () => {
  it.each([0, -1, 1.5, 5, Number.NaN])('refuses %d of four regions', (threshold) => {
    expectCode('POLICY', () => policyOf(threshold));
  });

  it('leaves out keys that cannot cosign', () => {
    const regions = [{ name: IAD, keys: [CAROL.publicKey, regionKey(IAD).publicKey] }];
    const { keys } = regionPolicy({ realm: REALM, regions }, 1);
    expect([...keys.keys()]).toEqual([regionKey(IAD).publicKey.keyId]);
  });

  it('leaves out a whole region of which one key signed two roots (G14)', () => {
    const { keyId } = regionKey(IAD).publicKey;
    const regions = [
      { name: IAD, keys: [regionKey(IAD).publicKey, regionKey(SIN).publicKey] },
      ...regionsOf(FRA),
    ];
    const policy = regionPolicy({ realm: REALM, regions }, 1, new Set([keyId]));
    expect([...policy.keys.values()].map(({ region }) => region)).toEqual([FRA]);
  });
});

describe('countCosignatures', () => {
  const checkpoint = checkpointOf(leavesOf(4));
  const lines = REGION_NAMES.map((region) => cosign(region, checkpoint, 100));

  it('keeps one valid line per region, in order', () => {
    const [fra, gru] = lines;
    if (fra === undefined || gru === undefined) throw new Error('unreachable');
    const again = cosign(GRU, checkpoint, 101);
    const count = countCosignatures(policyOf(2), checkpoint, [gru, fra, again]);
    expect(count).toEqual({ regions: [FRA, GRU], valid: [gru, fra] });
  });

  it('refuses more lines than a note may have before it verifies any', () => {
    const many = Array.from({ length: NOTE_SIGNATURES_MAX + 1 }, () =>
      cosign(FRA, checkpoint, 100),
    );
    expectCode('LIMIT', () => countCosignatures(policyOf(2), checkpoint, many));
    const all = countCosignatures(policyOf(2), checkpoint, many.slice(1));
    expect(all.regions).toEqual([FRA]);
  });

  it('reads a head with one line, and no other note', () => {
    const head = parseCosignedHead(sealCheckpoint(checkpoint, lines.slice(0, 1)));
    expect(head).toEqual({ checkpoint, line: lines[0] });
    expectCode('PARSE', () => parseCosignedHead(sealCheckpoint(checkpoint, lines)));
  });

  it('does not count the regions of another realm', () => {
    const regions = regionsOf(...REGION_NAMES);
    const policy = regionPolicy({ realm: parseRealmName('staging.example.org'), regions }, 2);
    expectCode('REALM', () => requireCosigned(policy, checkpoint, lines));
  });

  it('comes to one root for every set of valid lines (G21)', () => {
    const policy = policyOf(2);
    const roots = new Set<string>();
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: 2 }), (some) => {
        const note = sealCheckpoint(checkpoint, some);
        const opened = openCheckpoint(note, { realm: REALM, stream: STREAM }, policy);
        expect(opened.regions).toHaveLength(some.length);
        roots.add(opened.checkpoint.root);
      }),
    );
    expect(roots.size).toBe(1);
  });

  it('reads back what it seals', () => {
    const note = sealCheckpoint(checkpoint, lines);
    const opened = openCheckpoint(note, { realm: REALM, stream: STREAM }, policyOf(4));
    expect(opened).toEqual({ checkpoint, regions: REGION_NAMES, valid: lines });
    expect(parseUtf8(note).split('\n')[0]).toBe(`${REALM}/${STREAM}`);
  });
});

describe('a split view', () => {
  const sides = [checkpointOf(leavesOf(4, 'a')), checkpointOf(leavesOf(4, 'b'))] as const;
  const isQuorum = (
    checkpoint: Checkpoint,
    by: readonly RegionName[],
    threshold: number,
  ): boolean =>
    countCosignatures(
      policyOf(threshold),
      checkpoint,
      by.map((region) => cosign(region, checkpoint, 100)),
    ).regions.length >= threshold;

  it('reaches a quorum on one side at most with k > (n + f) / 2 (G25)', () => {
    const [bad, ...honest] = REGION_NAMES;
    if (bad === undefined) throw new Error('unreachable');
    for (let choice = 0; choice < 2 ** honest.length; choice += 1) {
      const left = honest.filter((_, index) => (choice >> index) % 2 === 0);
      const right = honest.filter((region) => !left.includes(region));
      const reached = [
        isQuorum(sides[0], [bad, ...left], 3),
        isQuorum(sides[1], [bad, ...right], 3),
      ];
      expect(reached).not.toEqual([true, true]);
    }
  });

  it('reaches it on both with a smaller k, which is why k is not smaller', () => {
    expect(isQuorum(sides[0], [FRA, GRU], 2)).toBe(true);
    expect(isQuorum(sides[1], [FRA, SIN], 2)).toBe(true);
  });
});
