/**
 * What a run over many seeds prints.
 *
 * @module
 */

import { COVERAGE_SEEDS, missingIn, neverIn, PENDING } from '../oracle/coverage.ts';
import { INVARIANTS } from '../oracle/violation.ts';
import { PROFILES, type Profile } from '../world/plan.ts';
import { healBarMs } from '../world/seed.ts';
import { type Failure, type Summary, sumOf } from './summary.ts';

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

/** Makes what is wanted of each profile. */
export function byProfile<Value>(make: (profile: Profile) => Value): Record<Profile, Value> {
  return { dense: make('dense'), long: make('long'), copied: make('copied') };
}

/** One run, or several of which some figures are not known any more. */
type Kind = 'run' | 'joined';

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
function barsOf(runs: Runs): readonly SimBar[] {
  const { dense, long } = runs;
  const { failures, healMs } = allOf(runs);
  const { seedsPerCpuMinute } = figuresOf(dense, 'run');
  const { nodeHoursPerCpuMinute } = figuresOf(long, 'run');
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
  return allOf(runs).failures.length === 0 && !isCoverageWeak(runs);
}

/** One line for programs. */
export function jsonLine(runs: Runs, kind: Kind = 'run'): string {
  const all = allOf(runs);
  return JSON.stringify({
    seeds: all.seeds,
    nodeHours: rounded(all.nodeHours),
    cpuSeconds: rounded(all.cpuSeconds),
    violations: all.failures,
    coverage: {
      hits: Object.fromEntries(all.hits),
      seeds: Object.fromEntries(all.shown),
      ...neverOf(runs),
      weak: isCoverageWeak(runs),
      pending: PENDING,
    },
    figures: figuresOf(all, kind),
    profiles: byProfile((profile) => profileOf(runs[profile], kind)),
    bars: barsOf(runs),
  });
}

/** Lines for people. */
export function textOf(runs: Runs, kind: Kind = 'run'): string {
  const bars = barsOf(runs).map(
    ({ name, value, at: way, limit, met }) =>
      `${met ? 'met   ' : 'MISSED'} ${name} ${value} (at ${way} ${limit})`,
  );
  return [
    ...PROFILES.flatMap((profile) => figureLines(profile, runs[profile], kind)),
    ...(runs.dense.seeds >= COVERAGE_SEEDS ? coverageLines(runs) : [FEW]),
    ...bars,
    '',
  ].join('\n');
}

function coverageLines(runs: Runs): readonly string[] {
  const { missing, rare } = neverOf(runs);
  return [
    `${missing.length > 0 ? 'WEAK  ' : '      '} never came up: ${listOf(missing)}`,
    ...(rare.length > 0 ? [`       too rare for so few seeds: ${listOf(rare)}`] : []),
    `       waits for the machine: ${PENDING.join('; ')}`,
  ];
}

/** What never came up: what so many seeds must show, and what is too rare to be demanded. */
function neverOf(runs: Runs): Record<'missing' | 'rare', readonly string[]> {
  const { hits } = allOf(runs);
  const missing = missingIn(hits, runs.dense.seeds);
  return { missing, rare: neverIn(hits).filter((name) => !missing.includes(name)) };
}

function allOf(runs: Runs): Summary {
  return sumOf(PROFILES.map((profile) => runs[profile]));
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ');
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

function profileOf(summary: Summary, kind: Kind) {
  const { seeds, nodeHours, cpuSeconds } = summary;
  return {
    seeds,
    nodeHours: rounded(nodeHours),
    cpuSeconds: rounded(cpuSeconds),
    ...figuresOf(summary, kind),
  };
}

function figureLines(profile: Profile, summary: Summary, kind: Kind): readonly string[] {
  if (summary.seeds === 0) return [];
  const { seeds, nodeHours } = summary;
  return [
    `sim: ${seeds} ${profile} seeds, ${rounded(nodeHours)} node hours`,
    ...Object.entries(figuresOf(summary, kind)).map(
      ([name, value]) => `  ${name.padEnd(24)}${String(value)}`,
    ),
  ];
}

function figuresOf(summary: Summary, kind: Kind) {
  const { seeds, nodeHours, cpuSeconds, events, healMs } = summary;
  const minutes = cpuSeconds / 60;
  return {
    events,
    microsecondsPerEvent: rounded(share(cpuSeconds * 1e6, events)),
    seedsPerCpuMinute: Math.floor(share(seeds, minutes)),
    nodeHoursPerCpuMinute: Math.floor(share(nodeHours, minutes)),
    ...(kind === 'run' && { healMsMedian: at(healMs, 0.5), healMsP99: at(healMs, 0.99) }),
    healMsMax: at(healMs, 1),
  };
}

function isCoverageWeak(runs: Runs): boolean {
  return neverOf(runs).missing.length > 0;
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
