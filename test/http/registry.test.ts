import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetricRegistry } from '../../src/http/registry.ts';

async function linesOf(registry: MetricRegistry, name: string): Promise<readonly string[]> {
  const text = await registry.expose();
  return text.split('\n').filter((line) => new RegExp(`(^| )${name}\\b`).test(line));
}

describe('MetricRegistry', () => {
  it('writes help, kind and value of a counter and of a gauge', async () => {
    const registry = new MetricRegistry();
    registry.increment('kedge_forks_total');
    registry.increment('kedge_forks_total', {}, 2);
    registry.set('kedge_subscribers', 7);
    expect(await linesOf(registry, 'kedge_forks_total')).toEqual([
      '# HELP kedge_forks_total forks that were found',
      '# TYPE kedge_forks_total counter',
      'kedge_forks_total 3',
    ]);
    expect(await linesOf(registry, 'kedge_subscribers')).toContain('kedge_subscribers 7');
  });

  it('begins counters whose series are all known at 0, and no others', async () => {
    const registry = new MetricRegistry();
    expect(await linesOf(registry, 'kedge_connections_cut_total')).toContain(
      'kedge_connections_cut_total{side="dialled"} 0',
    );
    expect(await linesOf(registry, 'kedge_statements_refused_total')).toEqual([]);
    expect(await linesOf(registry, 'kedge_subscribers')).toEqual([]);
  });

  it('keeps one series per set of labels in any order, and escapes their values', async () => {
    const registry = new MetricRegistry();
    registry.increment('kedge_calls_failed_total', { method: 'a"b\\c\nd', code: 'BUG' });
    registry.increment('kedge_calls_failed_total', { code: 'BUG', method: 'a"b\\c\nd' });
    expect(await linesOf(registry, 'kedge_calls_failed_total')).toContain(
      'kedge_calls_failed_total{code="BUG",method="a\\"b\\\\c\\nd"} 2',
    );
  });

  it('shows what is read at the scrape, and not what was read before', async () => {
    const registry = new MetricRegistry();
    const heads = new Map([['a', 1]]);
    registry.collect(() =>
      Array.from(heads, ([bundle, value]) => ({
        name: 'kedge_bundle_sequence' as const,
        value,
        labels: { bundle },
      })),
    );
    expect(await linesOf(registry, 'kedge_bundle_sequence')).toContain(
      'kedge_bundle_sequence{bundle="a"} 1',
    );
    heads.clear();
    heads.set('b', 2);
    expect((await linesOf(registry, 'kedge_bundle_sequence')).join()).not.toContain('"a"');
  });

  it('bounds the series of one name, and counts what it leaves out', async () => {
    const registry = new MetricRegistry();
    for (let i = 0; i < 2500; i += 1) {
      registry.increment('kedge_frames_dropped_total', { kind: String(i) });
    }
    const lines = await linesOf(registry, 'kedge_frames_dropped_total');
    expect(lines.filter((line) => !line.startsWith('#'))).toHaveLength(2000);
    expect(await linesOf(registry, 'kedge_series_dropped_total')).toContain(
      'kedge_series_dropped_total 500',
    );
  });

  it('takes no part of a counter back, and writes infinity as Prometheus reads it', async () => {
    const registry = new MetricRegistry();
    registry.increment('kedge_forks_total', {}, -1);
    registry.increment('kedge_forks_total', {}, Number.NaN);
    registry.set('kedge_subscribers', Number.NEGATIVE_INFINITY);
    expect(await linesOf(registry, 'kedge_forks_total')).toContain('kedge_forks_total 0');
    expect(await linesOf(registry, 'kedge_subscribers')).toContain('kedge_subscribers -Inf');
  });

  it('writes text that can be read back, whatever the labels say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 100 }), async (kind) => {
        const registry = new MetricRegistry();
        registry.increment('kedge_frames_dropped_total', { kind });
        const lines = await linesOf(registry, 'kedge_frames_dropped_total');
        const value = /\{kind="((?:[^"\\\n]|\\[n"\\])*)"\} 1$/.exec(lines.at(-1) ?? '')?.[1];
        const read = value?.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
        expect(read).toBe(kind);
      }),
      { numRuns: 50 },
    );
  });
});
