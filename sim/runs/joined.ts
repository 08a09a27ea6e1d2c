/**
 * Runs over ranges of seeds, judged as one: reads what each printed with `--json`, a line each.
 *
 * Of how long healing took a line says the longest time only, and which profile showed what it does
 * not say.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { isSometimes, type Sometimes } from '../oracle/coverage.ts';
import { INVARIANTS, type Invariant } from '../oracle/violation.ts';
import type { Profile } from '../world/plan.ts';
import { byProfile, type Runs } from './report.ts';
import { type Failure, type Summary, sumOf } from './summary.ts';

/** Joins the runs of a file. Errors: what a line is not. */
export function joinFile(path: string): Runs {
  return joinRuns(readFileSync(path, 'utf8').split('\n'));
}

/** Joins runs. Errors: what a line is not. */
export function joinRuns(lines: readonly string[]): Runs {
  const runs = lines.flatMap((text, index) => (text === '' ? [] : [readRun(text, index + 1)]));
  return byProfile((profile) => sumOf(runs.map((run) => run[profile])));
}

function readRun(text: string, line: number): Runs {
  try {
    const value: unknown = JSON.parse(text);
    const profiles = byProfile((profile) => readProfile(value, profile));
    const hits = readHits(value, 'hits');
    const shown = readHits(value, 'seeds');
    const failures = readList(value, 'violations').map(readFailure);
    return { ...profiles, dense: { ...profiles.dense, hits, shown, failures } };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`line ${line} is not what --json prints: ${why}`, { cause });
  }
}

function readProfile(value: unknown, profile: Profile): Summary {
  const of = partOf(value, 'profiles', profile);
  // Lines of before know fewer of them.
  if (of === undefined && profile === 'copied') return sumOf([]);
  const seeds = numberIn(of, 'seeds');
  return {
    ...sumOf([]),
    seeds,
    nodeHours: numberIn(of, 'nodeHours'),
    cpuSeconds: numberIn(of, 'cpuSeconds'),
    events: numberIn(of, 'events'),
    healMs: seeds === 0 ? [] : [numberIn(of, 'healMsMax')],
  };
}

/** What is not known any more is left out; so is what lines did not say once. */
function readHits(value: unknown, what: 'hits' | 'seeds'): ReadonlyMap<Sometimes, number> {
  const hits = new Map<Sometimes, number>();
  const counts = partOf(value, 'coverage', what);
  if (typeof counts !== 'object' || counts === null) return hits;
  for (const name of Object.keys(counts)) {
    if (isSometimes(name)) hits.set(name, numberIn(counts, name));
  }
  return hits;
}

function readFailure(value: unknown): Failure {
  return {
    seed: numberIn(value, 'seed'),
    invariant: readInvariant(textIn(value, 'invariant')),
    atMs: numberIn(value, 'atMs'),
    message: textIn(value, 'message'),
    faults: readList(value, 'faults').map(String),
    replay: textIn(value, 'replay'),
  };
}

function readInvariant(name: string): Invariant {
  if (isInvariant(name)) return name;
  throw new Error(`${name} is no invariant`);
}

function isInvariant(name: string): name is Invariant {
  return Object.hasOwn(INVARIANTS, name);
}

function readList(value: unknown, name: string): readonly unknown[] {
  const list = partOf(value, name);
  if (Array.isArray(list)) return list;
  throw new Error(`${name} is no list`);
}

function numberIn(value: unknown, name: string): number {
  const number = partOf(value, name);
  if (typeof number === 'number') return number;
  throw new Error(`${name} is no number`);
}

function textIn(value: unknown, name: string): string {
  const text = partOf(value, name);
  if (typeof text === 'string') return text;
  throw new Error(`${name} is no text`);
}

function partOf(value: unknown, ...path: readonly string[]): unknown {
  let part: unknown = value;
  for (const name of path) {
    part = typeof part === 'object' && part !== null ? Reflect.get(part, name) : undefined;
  }
  return part;
}
