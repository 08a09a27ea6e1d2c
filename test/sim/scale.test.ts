import { describe, expect, it } from 'vitest';
import { measureScale } from '../../sim/scale/scale.ts';

describe('measureScale', () => {
  it('gets a release everywhere in little more than the way takes, before others', () => {
    const { fair, foul } = measureScale({ nodes: 10, regions: 5 });
    expect(fair.ours).toMatchObject({ missed: 0 });
    expect(fair.ours.median).toBeLessThanOrEqual(1.1);
    expect(fair.ours.p95).toBeLessThanOrEqual(1.25);
    expect(foul.ours).toMatchObject({ missed: 0 });
    for (const other of [fair.serf, fair.plumtree]) {
      expect(fair.ours.median).toBeLessThan(other.median);
    }
  });

  it('says little about a release, and next to nothing at rest, in a large cluster too', () => {
    const { fair, foul } = measureScale({ nodes: 36, regions: 5 });
    expect(fair.ours).toMatchObject({ missed: 0 });
    expect(fair.ours.median).toBeLessThanOrEqual(1.1);
    expect(fair.bytesRatio).toBeLessThanOrEqual(9);
    expect(foul.bytesRatio).toBeLessThanOrEqual(9);
    expect(fair.idleBytes).toBeLessThanOrEqual(200);
  }, 60_000);
});
