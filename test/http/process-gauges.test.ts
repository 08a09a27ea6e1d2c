import { describe, expect, it } from 'vitest';
import { METRICS } from '../../src/http/catalogue.ts';
import { ProcessGauges } from '../../src/http/process-gauges.ts';

describe('ProcessGauges', () => {
  it('tells memory, CPU time and how late timers are, under names that are explained', async () => {
    using gauges = new ProcessGauges();
    const samples = new Map((await gauges.read()).map(({ name, value }) => [name, value]));
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000);
    expect(samples.get('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(samples.get('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
    for (const [name, value] of samples) {
      expect([name, METRICS[name]?.help.length]).not.toContain(undefined);
      expect([name, Number.isNaN(value)]).toEqual([name, false]);
    }
  });
});
