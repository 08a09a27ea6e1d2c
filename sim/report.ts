/**
 * What a run over many seeds prints.
 *
 * @module
 */

import { PENDING } from './coverage.ts';
import type { Failure, Summary } from './run.ts';
import { healBarMs } from './seed.ts';
import { INVARIANTS } from './violation.ts';

/** One limit and what was measured against it. */
export interface SimBar {
  readonly name: string;
  readonly value: number;
  readonly at: 'least' | 'most';
  readonly limit: number;
  readonly met: boolean;
}

/** With fewer seeds something may well not come up by chance. */
const COVERAGE_SEEDS = 500;
const BARS = { seedsPerCpuMinute: 1000, nodeHoursPerCpuMinute: 2000 };

/** The bars of a run. */
function barsOf(summary: Summary): readonly SimBar[] {
  const { seedsPerCpuMinute, nodeHoursPerCpuMinute, healMsMax } = figuresOf(summary);
  return [
    atMost('violations', summary.failures.length, 0),
    atLeast('seedsPerCpuMinute', seedsPerCpuMinute, BARS.seedsPerCpuMinute),
    atLeast('nodeHoursPerCpuMinute', nodeHoursPerCpuMinute, BARS.nodeHoursPerCpuMinute),
    atMost('healMsMax', healMsMax, healBarMs()),
  ];
}

/** Says whether the run found nothing and looked at enough. */
export function isGood(summary: Summary): boolean {
  return summary.failures.length === 0 && !isCoverageWeak(summary);
}

/** One line for programs. */
export function jsonLine(summary: Summary): string {
  return JSON.stringify({
    seeds: summary.seeds,
    nodeHours: rounded(summary.nodeHours),
    cpuSeconds: rounded(summary.cpuSeconds),
    violations: summary.failures,
    coverage: {
      hits: Object.fromEntries(summary.coverage.hits),
      missing: summary.missing,
      weak: isCoverageWeak(summary),
      pending: PENDING,
    },
    figures: figuresOf(summary),
    bars: barsOf(summary),
  });
}

/** Lines for people. */
export function textOf(summary: Summary): string {
  const figures = Object.entries(figuresOf(summary)).map(
    ([name, value]) => `  ${name.padEnd(24)}${String(value)}`,
  );
  const bars = barsOf(summary).map(
    ({ name, value, at, limit, met }) =>
      `${met ? 'met   ' : 'MISSED'} ${name} ${value} (at ${at} ${limit})`,
  );
  const missing = summary.missing.length === 0 ? 'nothing' : summary.missing.join(', ');
  const weak = isCoverageWeak(summary) ? 'WEAK  ' : '      ';
  return [
    `sim: ${summary.seeds} seeds, ${rounded(summary.nodeHours)} node hours`,
    ...figures,
    `${weak} never came up: ${missing}`,
    `       waits for the machine: ${PENDING.join('; ')}`,
    ...bars,
    '',
  ].join('\n');
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

function figuresOf(summary: Summary) {
  const { seeds, nodeHours, cpuSeconds, events, healMs } = summary;
  const minutes = cpuSeconds / 60;
  return {
    events,
    microsecondsPerEvent: rounded((cpuSeconds * 1e6) / events),
    seedsPerCpuMinute: Math.floor(seeds / minutes),
    nodeHoursPerCpuMinute: Math.floor(nodeHours / minutes),
    healMsMedian: at(healMs, 0.5),
    healMsP99: at(healMs, 0.99),
    healMsMax: at(healMs, 1),
  };
}

function isCoverageWeak({ seeds, missing }: Summary): boolean {
  return seeds >= COVERAGE_SEEDS && missing.length > 0;
}

function at(ascending: readonly number[], share: number): number {
  const index = Math.max(0, Math.ceil(share * ascending.length) - 1);
  return rounded(ascending[index] ?? 0);
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
