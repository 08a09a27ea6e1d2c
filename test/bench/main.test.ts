import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { atMost, median, percentile } from '../../bench/claim.ts';
import { type ProcessResult, runProcess } from '../../src/testing/processes.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

async function bench(...args: readonly string[]): Promise<ProcessResult> {
  return await runProcess({ argv: [join(root, 'dist/bench/main.js'), ...args], cwd: root });
}

describe('npm run bench', () => {
  it('lists its claims', async () => {
    const { code, stdout } = await bench('list');
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'wire',
      'publish',
      'first-call',
      'sdk',
      'replication',
      'idle',
      'catchup',
      'repair',
      'faults',
      'fanout',
      'storm',
      'soak',
      'sdk-swap',
      'adoption',
      'governance',
      'plan',
      'rollout',
    ]);
  });

  it('prints figures and bars of a claim as one line of JSON', async () => {
    const { stdout } = await bench('sdk', '--json');
    expect(stdout.split('\n')).toHaveLength(1);
    const report: unknown = JSON.parse(stdout);
    expect(report).toMatchObject({ claim: 'sdk', figures: { anchors: 140 } });
    expect(report).toHaveProperty('bars.0', {
      name: 'importMsMedian',
      value: expect.any(Number),
      limit: 150,
      met: expect.any(Boolean),
    });
  }, 60_000);

  it('refuses a claim that it does not know', async () => {
    const { code, stderr } = await bench('speed');
    expect(code).toBe(2);
    expect(stderr).toContain('there are: wire, publish, first-call, sdk');
  });
});

describe('percentile', () => {
  it('gives the nearest rank', () => {
    const values = [5, 1, 4, 2, 3];
    expect(median(values)).toBe(3);
    expect(percentile(values, 0.95)).toBe(5);
    expect(percentile(values, 0)).toBe(1);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('atMost', () => {
  it('is met up to and including its limit', () => {
    expect(atMost('x', 5, 5).met).toBe(true);
    expect(atMost('x', 5.1, 5).met).toBe(false);
    expect(atMost('x', Number.NaN, 5).met).toBe(false);
  });
});
