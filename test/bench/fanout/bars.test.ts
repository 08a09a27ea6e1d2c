import { describe, expect, it } from 'vitest';
import { judgeFanout, keyOf, ratioKey } from '../../../bench/fanout/bars.ts';

describe('judgeFanout', () => {
  it('holds ratios of the largest size against their limits', () => {
    const figures = {
      [ratioKey('bare', 10_000, 'delta')]: 1.1,
      [ratioKey('etcd', 10_000, 'delta')]: 1.01,
      [ratioKey('bare', 1000, 'delta')]: 9,
    };
    expect(judgeFanout(figures, 10_000)).toEqual([
      { name: 'kedgeToBare10000Delta', value: 1.1, limit: 1.1, met: true },
      { name: 'kedgeToEtcd10000Delta', value: 1.01, limit: 1, met: false },
    ]);
  });

  it('wants a node with workers ahead of all others', () => {
    const own = (other: string): string => ratioKey(other, 10_000, 'delta', 'kedgeWorkers');
    const figures = {
      [own('natsCore')]: 1.01,
      [own('redis')]: 0.9,
      kedgeWorkers10000ResidentKb: 76,
    };
    expect(judgeFanout(figures, 10_000).map(({ name, met }) => [name, met])).toEqual([
      ['kedgeWorkersToNatsCore10000Delta', false],
      ['kedgeWorkersToRedis10000Delta', true],
      ['kedgeWorkers10000ResidentKb', false],
    ]);
  });

  it('says nothing about what was not measured', () => {
    expect(judgeFanout({}, 10_000)).toEqual([]);
  });

  it('judges the first subscriber, memory, processor time and the snapshot to 1,000', () => {
    const bars = judgeFanout(
      {
        [keyOf('kedge', 5000, 'delta', 'FirstServedMs')]: 6,
        [keyOf('kedge', 5000, 'delta', 'ProcessorUs')]: 30,
        [keyOf('bare', 5000, 'delta', 'ProcessorUs')]: 20,
        [`${ratioKey('raw', 1000, 'snapshot')}Served`]: 1.2,
        kedge5000ResidentKb: 70,
      },
      5000,
    );
    expect(bars.map(({ name, met }) => [name, met])).toEqual([
      ['kedge5000DeltaFirstServedMs', false],
      ['kedge5000ResidentKb', true],
      ['kedgeToRaw1000SnapshotServed', false],
      ['kedgeToBare5000ProcessorUs', false],
    ]);
  });
});
