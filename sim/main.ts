/**
 * `npm run sim`: thousands of simulated clusters under faults, with the production machine.
 *
 * Exit code 0: nothing was found and enough came up; 1: something was found, or the seeds showed
 * too little; 2: the arguments make no sense. See docs/simulator.md.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { faultText } from './faults/faults.ts';
import { answerJob, runJobs } from './runs/jobs.ts';
import { joinFile } from './runs/joined.ts';
import { type Command, type Options, readOptions, type SeedRange, USAGE } from './runs/options.ts';
import { replayFile } from './runs/replay.ts';
import { byProfile, failureText, isGood, jsonLine, type Runs, textOf } from './runs/report.ts';
import { Runner } from './runs/run.ts';
import { type Summary, sumOf } from './runs/summary.ts';
import { measureScale } from './scale/scale.ts';
import { scaleBars, scaleText } from './scale/scale-report.ts';
import type { Profile } from './world/plan.ts';

const SEED_MAX = 2 ** 31;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { command } = options;
  // Refusals are part of the game: their stacks cost time, and what fails is run again with some.
  if (command.kind !== 'seed') Error.stackTraceLimit = 0;
  switch (command.kind) {
    case 'seeds':
      return await runSeeds(options, command);
    case 'fresh':
      return runFresh(options, command.seconds);
    case 'seed':
      return runOne(command);
    case 'scale':
      return runScale(options, command);
    case 'join':
      return tell(options, joinFile(command.file), 'joined');
    case 'replay':
      return await runReplay(command);
  }
}

async function runSeeds(
  options: Options,
  { jobs, ...range }: Extract<Command, { kind: 'seeds' }>,
): Promise<number> {
  const runs = jobs === undefined ? runRange(range) : await runJobs(range, jobs);
  answerJob(runs);
  return tell(options, runs);
}

function tell({ format }: Options, runs: Runs, what?: 'joined'): number {
  process.stdout.write(format === 'json' ? `${jsonLine(runs, what)}\n` : textOf(runs, what));
  return isGood(runs) ? 0 : 1;
}

function runRange(range: SeedRange): Runs {
  const runner = makeRunner();
  const ofProfile = (profile: Profile): Summary => runner.run(seedsOf(range, profile), profile);
  return byProfile(ofProfile);
}

function runFresh(options: Options, seconds: number): number {
  const dense = makeRunner().run(fresh(seconds));
  return tell(options, { ...byProfile(() => sumOf([])), dense });
}

function makeRunner(): Runner {
  return new Runner({
    onFailure: (failure) => process.stderr.write(failureText(failure)),
  });
}

function runOne({ profile, seed, faults }: Extract<Command, { kind: 'seed' }>): number {
  const runner = new Runner();
  const plan = runner.plan(seed, faults, profile);
  process.stdout.write(
    `seed ${plan.seed}: ${plan.hosts.length} nodes, heals at ${plan.healAtMs} ms\n`,
  );
  for (const fault of plan.faults) process.stdout.write(`  ${faultText(fault)}\n`);
  const { violation, healMs, events } = runner.runPlan(plan);
  if (violation === undefined) {
    process.stdout.write(
      `  holds: ${events} events, equal roots ${healMs ?? '?'} ms after healing\n`,
    );
    return 0;
  }
  const { invariant, atMs, message } = violation;
  process.stdout.write(`  broke ${invariant} after ${Math.round(atMs)} ms: ${message}\n`);
  return 1;
}

function runScale(
  { format }: Options,
  { nodes, regions }: Extract<Command, { kind: 'scale' }>,
): number {
  const figures = measureScale({ nodes, regions });
  const bars = scaleBars(figures);
  process.stdout.write(
    format === 'json'
      ? `${JSON.stringify({ nodes, regions, figures, bars })}\n`
      : scaleText({ nodes, regions }, figures),
  );
  return bars.every(({ met }) => met) ? 0 : 1;
}

async function runReplay({ file }: Extract<Command, { kind: 'replay' }>): Promise<number> {
  const { starts, events, differs } = await replayFile(file);
  process.stdout.write(`${file}: ${starts} starts, ${events} events\n`);
  if (differs === undefined) return 0;
  process.stdout.write(`line ${differs.line} differs: ${differs.what}\n`);
  return 1;
}

function* seedsOf({ from, counts, part }: SeedRange, profile: Profile): Generator<number> {
  const end = from + counts[profile];
  for (let seed = from + part.index - 1; seed < end; seed += part.of) yield seed;
}

/** Seeds that nobody has seen, for a while; where they begin is printed. */
function* fresh(seconds: number): Generator<number> {
  const from = randomInt(1, SEED_MAX - 1_000_000);
  process.stderr.write(`sim: fresh seeds from ${from}\n`);
  const startedUs = process.cpuUsage();
  for (let seed = from; ; seed += 1) {
    const { user, system } = process.cpuUsage(startedUs);
    if (user + system > seconds * 1e6) return;
    yield seed;
  }
}
