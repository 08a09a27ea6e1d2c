/**
 * `npm run sim`: thousands of simulated clusters under faults, with the production machine.
 *
 * Exit code 0: nothing was found and enough came up; 1: something was found, or the seeds showed
 * too little; 2: the arguments make no sense. See docs/simulator.md.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import { faultText } from './faults.ts';
import { type Command, type Options, readOptions, USAGE } from './options.ts';
import { replayFile } from './replay.ts';
import { failureText, isGood, jsonLine, textOf } from './report.ts';
import { Runner } from './run.ts';
import { measureScale } from './scale.ts';
import { scaleBars, scaleText } from './scale-report.ts';

const SEED_MAX = 2 ** 31;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  // Refusals are part of the game and need no long stacks.
  Error.stackTraceLimit = 4;
  const { command } = options;
  switch (command.kind) {
    case 'seeds':
      return runSeeds(options, command);
    case 'seed':
      return runOne(command);
    case 'scale':
      return runScale(options, command);
    case 'replay':
      return await runReplay(command);
  }
}

function runSeeds({ format }: Options, command: Extract<Command, { kind: 'seeds' }>): number {
  const runner = new Runner({
    onFailure: (failure) => process.stderr.write(failureText(failure)),
  });
  const { from, seeds, seconds } = command;
  const summary = runner.run(seconds === undefined ? count(from, seeds) : fresh(seconds));
  process.stdout.write(format === 'json' ? `${jsonLine(summary)}\n` : textOf(summary));
  return isGood(summary) ? 0 : 1;
}

function runOne(command: Extract<Command, { kind: 'seed' }>): number {
  const runner = new Runner();
  const plan = runner.plan(command.seed, command.faults);
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

function* count(from: number, seeds: number): Generator<number> {
  for (let seed = from; seed < from + seeds; seed += 1) yield seed;
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
