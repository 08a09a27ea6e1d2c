/**
 * The command line of the simulator.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { REGIONS } from '../network/regions.ts';
import type { Profile } from '../world/plan.ts';

/** Which seeds to run: so many of each profile from a first one on, or a part of them. */
export interface SeedRange {
  readonly from: number;
  readonly counts: Readonly<Record<Profile, number>>;
  /** Part `index` of `of`: every so manieth seed. */
  readonly part: { readonly index: number; readonly of: number };
}

/** What to do. */
export type Command =
  /** Many seeds. */
  | (SeedRange & {
      readonly kind: 'seeds';
      /** Processes that share the work; absent: this one does it. */
      readonly jobs?: number;
    })
  /** Fresh seeds for so much CPU time. */
  | { readonly kind: 'fresh'; readonly seconds: number }
  /** One seed, with some of its faults. */
  | {
      readonly kind: 'seed';
      readonly profile: Profile;
      readonly seed: number;
      readonly faults?: readonly number[];
    }
  /** How fast one release gets to how many nodes. */
  | { readonly kind: 'scale'; readonly nodes: number; readonly regions: number }
  /** Runs over ranges, judged as one. */
  | { readonly kind: 'join'; readonly file: string }
  /** A recorded run of a real node. */
  | { readonly kind: 'replay'; readonly file: string };

/** The command and how to print. */
export interface Options {
  readonly command: Command;
  readonly format: 'text' | 'json';
}

/** How to call it. */
export const USAGE: string = `usage: npm run sim -- [what] [--json]
  --seeds N [--long M] [--copied C]
                              N dense seeds, M long and C copied ones (default 200, 0, 0)
    [--from S]                from seed S on (default 1)
    [--jobs J]                shared by J processes
    [--part K/N]              of them part K of N
  --seconds T                 fresh dense seeds for T seconds of CPU time
  --seed X [--faults a,b]     one dense seed, with these of its faults ('none': without)
  --long-seed X, --copied-seed X one long seed, or copied one, likewise
  --nodes N [--regions R]     how fast a release spreads, beside other protocols
                              (default 5 regions, at most ${REGIONS.length})
  --join FILE                 runs over ranges judged as one: a line of --json each
  --replay FILE               a recorded run of a real node
`;

const SEEDS_DEFAULT = 200;
const REGIONS_DEFAULT = 5;
const JOBS_MAX = 64;

/** Reads arguments; nothing when they make no sense. */
export function readOptions(argv: readonly string[]): Options | undefined {
  let values: Values;
  try {
    values = parse(argv);
  } catch {
    return undefined;
  }
  const command = readCommand(values);
  if (command === undefined) return undefined;
  return {
    command,
    format: values.json === true ? 'json' : 'text',
  };
}

type Values = ReturnType<typeof parse>;

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  return parseArgs({
    args: [...argv],
    options: {
      seeds: text,
      long: text,
      copied: text,
      from: text,
      jobs: text,
      part: text,
      seconds: text,
      seed: text,
      'long-seed': text,
      'copied-seed': text,
      faults: text,
      nodes: text,
      regions: text,
      join: text,
      replay: text,
      json: flag,
    },
  }).values;
}

function readCommand(values: Values): Command | undefined {
  if (values.replay !== undefined) return { kind: 'replay', file: values.replay };
  if (values.join !== undefined) return { kind: 'join', file: values.join };
  if (values.nodes !== undefined) return readScale(values.nodes, values.regions);
  if (values.seed !== undefined) return readSeed('dense', values.seed, values.faults);
  const long = values['long-seed'];
  if (long !== undefined) return readSeed('long', long, values.faults);
  const copied = values['copied-seed'];
  if (copied !== undefined) return readSeed('copied', copied, values.faults);
  if (values.seconds === undefined) return readSeeds(values);
  const seconds = readCount(values.seconds);
  return seconds === undefined ? undefined : { kind: 'fresh', seconds };
}

function readScale(nodesText: string, regionsText: string | undefined): Command | undefined {
  const nodes = readCount(nodesText);
  const regions = readCount(regionsText ?? String(REGIONS_DEFAULT));
  if (nodes === undefined || regions === undefined || regions > REGIONS.length) return undefined;
  return { kind: 'scale', nodes, regions };
}

function readSeed(
  profile: Profile,
  text: string,
  faultsText: string | undefined,
): Command | undefined {
  const seed = readCount(text);
  if (seed === undefined) return undefined;
  if (faultsText === undefined) return { kind: 'seed', profile, seed };
  return { kind: 'seed', profile, seed, faults: readList(faultsText) };
}

function readSeeds(values: Values): Command | undefined {
  const given = [values.seeds, values.long, values.copied];
  const isDefault = given.every((count) => count === undefined);
  const dense = isDefault ? SEEDS_DEFAULT : readCount(values.seeds ?? '0', 0);
  const long = readCount(values.long ?? '0', 0);
  const copied = readCount(values.copied ?? '0', 0);
  const from = readCount(values.from ?? '1');
  const part = readPart(values.part ?? '1/1');
  if (dense === undefined || long === undefined || copied === undefined) return undefined;
  if (from === undefined || part === undefined) return undefined;
  const range = { from, counts: { dense, long, copied }, part };
  if (values.jobs === undefined) return { kind: 'seeds', ...range };
  const jobs = readCount(values.jobs);
  // A part is what one process does.
  if (jobs === undefined || jobs > JOBS_MAX || part.of > 1) return undefined;
  return { kind: 'seeds', ...range, jobs };
}

function readPart(text: string): SeedRange['part'] | undefined {
  const [, indexText = '', ofText = ''] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const [index, of] = [readCount(indexText), readCount(ofText)];
  return index === undefined || of === undefined || index > of ? undefined : { index, of };
}

function readCount(text: string, min: number = 1): number | undefined {
  return /^\d{1,9}$/.test(text) && Number(text) >= min ? Number(text) : undefined;
}

function readList(text: string): readonly number[] {
  return text === 'none' ? [] : text.split(',').map(Number);
}
