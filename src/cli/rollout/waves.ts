/**
 * The waves of a rollout from the command line: a file, or shares and gates as options.
 *
 * ```yaml
 * waves:
 *   - name: canary
 *     match: { tier: canary }     # labels of programs; absent: all
 *     percent: 100                # of those that match; absent: 100
 *     gates: { minReporters: 3, loadedPercent: 100, maxFailures: 0, soak: 30m }
 *     window: mon-thu 09:00-16:00 # when it may open, UTC; absent: as the options say
 *     notBefore: 2026-12-01T09:00:00Z
 *   - name: everybody
 * ```
 *
 * What a gate in a file leaves out is as the options say.
 *
 * @module
 */
import { type Command, Option } from 'commander';
import { parse as parseYaml } from 'yaml';
import { parseUtf8 } from '../../core/bytes.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseRegionName, parseTimestamp, timestampMs } from '../../core/ids.ts';
import type { Gates, RolloutBody, Wave } from '../../core/rollouts/body.ts';
import { parseDurationSeconds } from '../durations.ts';
import { readInput } from '../files.ts';
import { parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import { whoText } from './review-view.ts';
import { addTimeOptions, parseWindow, planTimes, type TimeOptions } from './times.ts';

/** Options that say how careful a rollout is. */
export interface GateOptions {
  readonly soak?: string;
  readonly minReporters?: string;
  readonly loaded?: string;
  readonly maxFailures?: string;
  readonly maxPerIdentity?: string;
}

/** Options that say in which waves. */
export interface WaveOptions extends GateOptions, TimeOptions {
  readonly waves?: string;
  readonly percent?: string;
  readonly regions?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const FILE_MAX_BYTES = 256 * 1024;
const PERCENT_DEFAULT = '5,25,100';
/** Where the options say nothing. A wave of no program proves nothing; some restart meanwhile. */
const GATES: Gates = { minReporters: 1, loadedPercent: 95, maxFailures: 0, soakSeconds: 900 };
const NAMES = ['canary', 'early'];
const LAST_NAME = 'everybody';
/** By which programs say where they are. */
const LABEL = 'region';

/** Adds the options of {@link GateOptions}. */
export function addGateOptions(command: Command): Command {
  return command
    .option('--soak <duration>', 'how long the gate of a wave must hold (default: 15m)')
    .option('--min-reporters <number>', 'programs that a wave must have (default: 1)')
    .option('--loaded <percent>', 'share of them that must use the release (default: 95)')
    .option('--max-failures <number>', 'refusals that do not stop it yet (default: 0)')
    .option(
      '--max-per-identity <number>',
      'programs with one certificate that count, per node; or all',
    );
}

/** Adds the options of {@link WaveOptions}. */
export function addWaveOptions(command: Command): Command {
  command
    .option('--waves <file>', 'YAML or JSON file with the waves, see docs/rollouts.md')
    .addOption(
      new Option(
        '--percent <list>',
        `shares of all programs, one per wave (default: "${PERCENT_DEFAULT}")`,
      ).conflicts('waves'),
    )
    .addOption(
      new Option(
        '--regions <list>',
        'one wave for each, by the label `region` of programs, then all others: iad,fra,sin',
      ).conflicts(['waves', 'percent']),
    );
  return addTimeOptions(addGateOptions(command));
}

/** The waves that the options mean. Errors: `CONFIG`. */
export async function wavesOf(session: Session, options: WaveOptions): Promise<readonly Wave[]> {
  const waves = await choose(session, options);
  return planTimes(waves, { options, nowMs: session.context.nowMs(), open: 0, own: 'kept' });
}

async function choose(session: Session, options: WaveOptions): Promise<readonly Wave[]> {
  const gates = withGates(GATES, options);
  if (options.regions !== undefined) return wavesOfRegions(options.regions, gates);
  if (options.waves === undefined) return wavesOfShares(options.percent, gates);
  const path = session.path(options.waves);
  const bytes = await readInput(path, { what: 'file of waves', maxBytes: FILE_MAX_BYTES });
  return parseArgument(`waves in ${path}`, parseUtf8(bytes), (text) => parseWaves(text, gates));
}

/** Gates with what the options say of them. Errors: `CONFIG`. */
export function withGates(gates: Gates, options: GateOptions): Gates {
  const { soak, minReporters, loaded, maxFailures } = options;
  const number = (name: string, text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : parseArgument(name, text, parseNumber);
  return {
    minReporters: number('--min-reporters', minReporters, gates.minReporters),
    loadedPercent: number('--loaded', loaded?.replace(/%$/, ''), gates.loadedPercent),
    maxFailures: number('--max-failures', maxFailures, gates.maxFailures),
    soakSeconds:
      soak === undefined ? gates.soakSeconds : parseArgument('--soak', soak, parseDurationSeconds),
  };
}

/** How many programs of one identity count; `before` is what was signed. Errors: `CONFIG`. */
export function identityLimit(
  { maxPerIdentity: text }: GateOptions,
  before?: RolloutBody,
): Pick<RolloutBody, 'maxPerIdentity'> {
  const max =
    text === undefined
      ? before?.maxPerIdentity
      : parseArgument('--max-per-identity', text, parseLimit);
  return max === undefined ? {} : { maxPerIdentity: max };
}

function parseLimit(text: string): number | undefined {
  return text === 'all' ? undefined : parseNumber(text);
}

function wavesOfShares(text: string | undefined, gates: Gates): readonly Wave[] {
  return parseArgument('--percent', text ?? PERCENT_DEFAULT, (list) => {
    const shares = list.split(',').map((share) => parseNumber(share.trim().replace(/%$/, '')));
    const waves = shares.map((percent, index) => {
      const isLast = index === shares.length - 1;
      const name = isLast ? LAST_NAME : (NAMES[index] ?? `wave-${String(index + 1)}`);
      return { name, match: new Map(), percent, gates };
    });
    return requireShares(waves);
  });
}

/** What every rollout keeps, and that no wave is empty by a mistake. Errors: `CONFIG`. */
function requireShares(waves: readonly Wave[]): readonly Wave[] {
  const shares = new Map<string, number>();
  for (const { name, match, percent } of waves) {
    const who = whoText({ match, percent: 100 });
    const before = shares.get(who) ?? 0;
    if (percent < 1 || percent > 100) {
      throw new KedgeError('CONFIG', `the wave ${name} takes ${String(percent)} %, not 1 to 100`);
    }
    if (percent <= before) {
      throw new KedgeError(
        'CONFIG',
        `the wave ${name} takes ${String(percent)} % of ${who}, but one before it takes ` +
          `${String(before)} % of them already: shares grow, as in 5,25,100`,
      );
    }
    shares.set(who, percent);
  }
  if (waves.at(-1)?.match.size === 0 && waves.at(-1)?.percent === 100) return waves;
  throw new KedgeError('CONFIG', 'the last wave has to take all programs: 100 %, and no `match`');
}

function wavesOfRegions(text: string, gates: Gates): readonly Wave[] {
  const regions = parseArgument('--regions', text, (list) =>
    list.split(',').map((name) => parseRegionName(name.trim())),
  );
  const wave = { percent: 100, gates };
  return [
    ...regions.map((name) => ({ ...wave, name: String(name), match: new Map([[LABEL, name]]) })),
    { ...wave, name: LAST_NAME, match: new Map() },
  ];
}

function parseWaves(text: string, gates: Gates): readonly Wave[] {
  let file: unknown;
  try {
    file = parseYaml(text);
  } catch (cause) {
    throw new KedgeError('CONFIG', 'neither YAML nor JSON', { cause });
  }
  const list = Array.isArray(file) ? file : fields(file, 'the file', ['waves'])['waves'];
  if (!Array.isArray(list)) throw new KedgeError('CONFIG', '`waves` is not a list');
  return requireShares(
    list.map((item: unknown, index) => readWave(item, `wave ${String(index + 1)}`, gates)),
  );
}

function readWave(item: unknown, what: string, gates: Gates): Wave {
  const names = ['name', 'match', 'percent', 'gates', 'window', 'notBefore'];
  const wave = fields(item, what, names);
  const { name, match = {}, percent = 100, window, notBefore } = wave;
  if (typeof name !== 'string') throw new KedgeError('CONFIG', `${what} has no name`);
  const labels = Object.entries(fields(match, `match of ${what}`)).map(([key, value]) => {
    const isPlain = typeof value === 'number' || typeof value === 'boolean';
    if (typeof value === 'string' || isPlain) return [key, String(value)] as const;
    throw new KedgeError('CONFIG', `${what}: label ${key} is not a text`);
  });
  return {
    name,
    match: new Map(labels.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    percent: whole(percent, `percent of ${what}`),
    gates: readGates(wave['gates'] ?? {}, `gates of ${what}`, gates),
    ...(window !== undefined && { window: parseWindow(text(window, `window of ${what}`)) }),
    ...(notBefore !== undefined && {
      notBeforeMs: timestampMs(parseTimestamp(text(notBefore, `notBefore of ${what}`))),
    }),
  };
}

function readGates(item: unknown, what: string, gates: Gates): Gates {
  const names = ['minReporters', 'loadedPercent', 'maxFailures', 'soak', 'soakSeconds'];
  const said = fields(item, what, names);
  const number = (name: string, otherwise: number): number =>
    said[name] === undefined ? otherwise : whole(said[name], `${name} in ${what}`);
  const { soak } = said;
  return {
    minReporters: number('minReporters', gates.minReporters),
    loadedPercent: number('loadedPercent', gates.loadedPercent),
    maxFailures: number('maxFailures', gates.maxFailures),
    soakSeconds:
      typeof soak === 'string'
        ? parseDurationSeconds(soak)
        : number('soakSeconds', gates.soakSeconds),
  };
}

function fields(value: unknown, what: string, known?: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KedgeError('CONFIG', `${what} is not an object`);
  }
  const entries = Object.entries(value);
  const other = entries.find(([key]) => known?.includes(key) === false);
  if (other === undefined) return Object.fromEntries(entries);
  throw new KedgeError('CONFIG', `${what} has an unknown key ${JSON.stringify(other[0])}`);
}

function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  throw new KedgeError('CONFIG', `${what} is not a text`);
}

function whole(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new KedgeError('CONFIG', `${what} is not a whole number`);
}

function parseNumber(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new KedgeError('CONFIG', `not a whole number: ${JSON.stringify(text)}`);
}
