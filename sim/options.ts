/**
 * The command line of the simulator.
 *
 * @module
 */
import { parseArgs } from 'node:util';

/** What to do. */
export type Command =
  /** Many seeds: so many, or for so long with fresh ones. */
  | {
      readonly kind: 'seeds';
      readonly from: number;
      readonly seeds: number;
      readonly seconds?: number;
    }
  /** One seed, event by event when `trace` is on. */
  | { readonly kind: 'seed'; readonly seed: number; readonly faults?: readonly number[] }
  /** How fast one release gets to how many nodes. */
  | { readonly kind: 'scale'; readonly nodes: number; readonly regions: number }
  /** A recorded run of a real node. */
  | { readonly kind: 'replay'; readonly file: string };

/** The command and how to print. */
export interface Options {
  readonly command: Command;
  readonly format: 'text' | 'json';
}

/** How to call it. */
export const USAGE: string = `usage: npm run sim -- [what] [--json]
  --seeds N [--from S]        seeds S to S+N-1 (default 200 from 1)
  --seconds T                 fresh seeds for T seconds of CPU time
  --seed X [--faults a,b]     one seed, with these of its faults ('none': without)
  --nodes N [--regions R]     how fast a release spreads, beside other protocols
  --replay FILE               a recorded run of a real node
`;

const SEEDS = 200;
const REGIONS = 5;

/** Reads arguments; nothing when they make no sense. */
export function readOptions(argv: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parse>;
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

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  return parseArgs({
    args: [...argv],
    options: {
      seeds: text,
      from: text,
      seconds: text,
      seed: text,
      faults: text,
      nodes: text,
      regions: text,
      replay: text,
      json: flag,
    },
  }).values;
}

function readCommand(values: ReturnType<typeof parse>): Command | undefined {
  if (values.replay !== undefined) return { kind: 'replay', file: values.replay };
  if (values.nodes !== undefined) {
    const nodes = readCount(values.nodes);
    const regions = readCount(values.regions ?? String(REGIONS));
    return nodes === undefined || regions === undefined
      ? undefined
      : { kind: 'scale', nodes, regions };
  }
  if (values.seed !== undefined) {
    const seed = readCount(values.seed);
    const faults = values.faults === undefined ? undefined : readList(values.faults);
    if (seed === undefined) return undefined;
    return faults === undefined ? { kind: 'seed', seed } : { kind: 'seed', seed, faults };
  }
  const seeds = readCount(values.seeds ?? String(SEEDS));
  const from = readCount(values.from ?? '1');
  if (seeds === undefined || from === undefined) return undefined;
  if (values.seconds === undefined) return { kind: 'seeds', seeds, from };
  const seconds = readCount(values.seconds);
  return seconds === undefined ? undefined : { kind: 'seeds', seeds, from, seconds };
}

function readCount(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function readList(text: string): readonly number[] {
  return text === 'none' ? [] : text.split(',').map(Number);
}
