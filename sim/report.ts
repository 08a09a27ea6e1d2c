/**
 * What a run over many seeds prints.
 *
 * @module
 */

import { missingIn, PENDING } from './coverage.ts';
import type { Profile } from './plan.ts';
import { healBarMs } from './seed.ts';
import { type Failure, type Summary, sumOf } from './summary.ts';
import { INVARIANTS } from './violation.ts';

/** One limit and what was measured against it. */
export interface SimBar {
  readonly name: string;
  readonly value: number;
  readonly at: 'least' | 'most';
  readonly limit: number;
  readonly met: boolean;
}

/** A run: what each profile came to. */
export type Runs = Readonly<Record<Profile, Summary>>;

/** With fewer dense seeds something may well not come up by chance. */
const COVERAGE_SEEDS = 500;
const BARS = { seedsPerCpuMinute: 1000, nodeHoursPerCpuMinute: 2000 };
/** With fewer seeds than these, what is measured is how long a process takes to get warm. */
const SPEED_SEEDS = { dense: 500, long: 25 };

const FEW =
  `       too few seeds to judge speed and what comes up: ${String(COVERAGE_SEEDS)} dense ones, ` +
  `${String(SPEED_SEEDS.long)} long ones`;

/**
 * The bars of a run: how many seeds is said of dense ones, how many node hours of long ones, each
 * when there were enough of them.
 */
function barsOf({ dense, long }: Runs): readonly SimBar[] {
  const { failures, healMs } = sumOf([dense, long]);
  const { seedsPerCpuMinute } = figuresOf(dense);
  const { nodeHoursPerCpuMinute } = figuresOf(long);
  const bars = [
    atMost('violations', failures.length, 0),
    atMost('healMsMax', at(healMs, 1), healBarMs()),
  ];
  if (dense.seeds >= SPEED_SEEDS.dense) {
    bars.push(atLeast('dense.seedsPerCpuMinute', seedsPerCpuMinute, BARS.seedsPerCpuMinute));
  }
  if (long.seeds >= SPEED_SEEDS.long) {
    const { nodeHoursPerCpuMinute: limit } = BARS;
    bars.push(atLeast('long.nodeHoursPerCpuMinute', nodeHoursPerCpuMinute, limit));
  }
  return bars;
}

/** Says whether the run found nothing and looked at enough. */
export function isGood(runs: Runs): boolean {
  return sumOf([runs.dense, runs.long]).failures.length === 0 && !isCoverageWeak(runs);
}

/** One line for programs. */
export function jsonLine(runs: Runs): string {
  const { dense, long } = runs;
  const all = sumOf([dense, long]);
  return JSON.stringify({
    seeds: all.seeds,
    nodeHours: rounded(all.nodeHours),
    cpuSeconds: rounded(all.cpuSeconds),
    violations: all.failures,
    coverage: {
      hits: Object.fromEntries(all.hits),
      missing: missingIn(all.hits),
      weak: isCoverageWeak(runs),
      pending: PENDING,
    },
    figures: figuresOf(all),
    profiles: { dense: profileOf(dense), long: profileOf(long) },
    bars: barsOf(runs),
  });
}

/** Lines for people. */
export function textOf(runs: Runs): string {
  const { dense, long } = runs;
  const all = sumOf([dense, long]);
  const bars = barsOf(runs).map(
    ({ name, value, at: way, limit, met }) =>
      `${met ? 'met   ' : 'MISSED'} ${name} ${value} (at ${way} ${limit})`,
  );
  return [
    ...figureLines('dense', dense),
    ...figureLines('long', long),
    ...(dense.seeds >= COVERAGE_SEEDS ? coverageLines(runs, missingIn(all.hits)) : [FEW]),
    ...bars,
    '',
  ].join('\n');
}

function coverageLines(runs: Runs, missing: readonly string[]): readonly string[] {
  const weak = isCoverageWeak(runs) ? 'WEAK  ' : '      ';
  return [
    `${weak} never came up: ${missing.length === 0 ? 'nothing' : missing.join(', ')}`,
    `       waits for the machine: ${PENDING.join('; ')}`,
  ];
}

/** A failure for people. */
export function failureText(failure: Failure): string {
  const { seed, invariant, atMs, message, faults, replay } = failure;
  return [
    `seed ${seed} broke ${invariant} after ${atMs} ms: ${INVARIANTS[invariant]}`,
    `  ${message}`,
    ...faults.map((fault) => `  ${fault}`),
    `  ${replay}`,
    '',
  ].join('\n');
}

function profileOf(summary: Summary) {
  const { seeds, nodeHours, cpuSeconds } = summary;
  return {
    seeds,
    nodeHours: rounded(nodeHours),
    cpuSeconds: rounded(cpuSeconds),
    ...figuresOf(summary),
  };
}

function figureLines(profile: Profile, summary: Summary): readonly string[] {
  if (summary.seeds === 0) return [];
  const { seeds, nodeHours } = summary;
  return [
    `sim: ${seeds} ${profile} seeds, ${rounded(nodeHours)} node hours`,
    ...Object.entries(figuresOf(summary)).map(
      ([name, value]) => `  ${name.padEnd(24)}${String(value)}`,
    ),
  ];
}

function figuresOf(summary: Summary) {
  const { seeds, nodeHours, cpuSeconds, events, healMs } = summary;
  const minutes = cpuSeconds / 60;
  return {
    events,
    microsecondsPerEvent: rounded(share(cpuSeconds * 1e6, events)),
    seedsPerCpuMinute: Math.floor(share(seeds, minutes)),
    nodeHoursPerCpuMinute: Math.floor(share(nodeHours, minutes)),
    healMsMedian: at(healMs, 0.5),
    healMsP99: at(healMs, 0.99),
    healMsMax: at(healMs, 1),
  };
}

function isCoverageWeak({ dense, long }: Runs): boolean {
  return dense.seeds >= COVERAGE_SEEDS && missingIn(sumOf([dense, long]).hits).length > 0;
}

function at(ascending: readonly number[], quantile: number): number {
  const index = Math.max(0, Math.ceil(quantile * ascending.length) - 1);
  return rounded(ascending[index] ?? 0);
}

function share(value: number, of: number): number {
  return of === 0 ? 0 : value / of;
}

function atMost(name: string, value: number, limit: number): SimBar {
  return { name, value, at: 'most', limit, met: value <= limit };
}

function atLeast(name: string, value: number, limit: number): SimBar {
  return { name, value, at: 'least', limit, met: value >= limit };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
