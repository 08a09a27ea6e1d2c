/**
 * Checks of single options of a source. Each error is a `CONFIG` that names its option.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { type BundleName, parseSequence, parseSha256, type Sha256 } from '../core/ids.ts';
import { LABEL_MAX_CHARS, LABELS_MAX, REGIONS_MAX } from '../core/limits.ts';
import type { ExpiredPolicy } from './expiry.ts';

const TIMER_MAX_MS = 2 ** 31 - 1;

/** What an expired release does. Errors: `CONFIG`. */
export function checkExpired(given: ExpiredPolicy = 'keep'): ExpiredPolicy {
  const known: readonly string[] = ['keep', 'fail'];
  if (known.includes(given)) return given;
  throw wrong('onExpired', "give 'keep' or 'fail'");
}

/** Lowest sequences, of bundles that are watched. Errors: `CONFIG`. */
export function checkFloors(
  floors: Readonly<Record<string, number>>,
  bundles: readonly BundleName[],
): ReadonlyMap<BundleName, number> {
  return new Map(
    Object.entries(floors).map(([name, floor]) => {
      const bundle = bundles.find((known) => known === name);
      if (bundle === undefined) throw wrong('minSequence', `${name} is not among bundles`);
      return [bundle, checked('minSequence', () => parseSequence(floor))];
    }),
  );
}

/** Labels for adoption reports. Errors: `CONFIG`. */
export function checkLabels(labels: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  if (!isRecord(labels)) throw wrong('labels', 'give an object of strings');
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) throw wrong('labels', `at most ${LABELS_MAX}`);
  for (const [key, value] of entries) {
    if (typeof value !== 'string') throw wrong('labels', `the value of ${key} is not a string`);
    if (key.length > LABEL_MAX_CHARS || value.length > LABEL_MAX_CHARS || key === '') {
      throw wrong('labels', `keys and values have 1 to ${LABEL_MAX_CHARS} characters`);
    }
  }
  return new Map(entries);
}

/** A folder; none when it is absent. Errors: `CONFIG`. */
export function checkFolder(option: string, given: string | undefined): string | undefined {
  if (given === undefined || (typeof given === 'string' && given !== '')) return given;
  throw wrong(option, 'give the path of a folder');
}

/** Callers in JavaScript may give anything. */
function isRecord(given: unknown): boolean {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

/** An object of the program's own with the methods that are called. Errors: `CONFIG`. */
export function checkMethods<Port>(
  option: string,
  given: Port | undefined,
  none: Port,
  methods: readonly (keyof Port & string)[],
): Port {
  if (given === undefined) return none;
  const lacks = methods.filter((name) => typeof Reflect.get(Object(given), name) !== 'function');
  if (lacks.length === 0) return given;
  throw wrong(option, `give an object with the methods ${methods.join(', ')}`);
}

/** How many regions are demanded. Errors: `CONFIG`. */
export function checkRegions(given: number | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (Number.isSafeInteger(given) && given >= 1 && given <= REGIONS_MAX) return given;
  throw wrong('requireRegions', `give a number from 1 to ${REGIONS_MAX}`);
}

/** The digest of a later charter. Errors: `CONFIG`. */
export function checkKnown(given: string | undefined): Sha256 | undefined {
  return given === undefined ? undefined : checked('knownCharterDigest', () => parseSha256(given));
}

/** A time that a timer can wait, `standard` when none is given. Errors: `CONFIG`. */
export function checkMs(option: string, given: number | undefined, standard: number): number {
  const ms = given ?? standard;
  if (Number.isFinite(ms) && ms >= 1 && ms <= TIMER_MAX_MS) return ms;
  throw wrong(option, 'give milliseconds from 1 to 2147483647');
}

/** What `parse` makes of an option. Errors: `CONFIG`. */
export function checked<Value>(option: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (thrown) {
    throw wrong(option, KedgeError.from(thrown).message);
  }
}

/** The error for an option. */
export function wrong(option: string, why: string): KedgeError {
  return new KedgeError('CONFIG', `option ${option}: ${why}`, { detail: { option } });
}
