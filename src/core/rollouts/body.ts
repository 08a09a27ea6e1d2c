/**
 * The body of a rollout: in which waves a release of one bundle reaches the programs, and what has
 * to hold before the next wave opens. It names releases and never holds content.
 *
 * What may follow what is `trusted/judge-rollout.ts`. Spec section 5.
 *
 * @module
 */
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import {
  type BundleName,
  parseBundleName,
  parseSequence,
  parseSha256,
  type Sequence,
  type Sha256,
} from '../ids.ts';
import {
  BODY_MAX_BYTES,
  GATE_CLIENTS_MAX,
  LABEL_MAX_CHARS,
  LABELS_MAX,
  ROLLOUT_WAVES_MAX,
  SOAK_MAX_SECONDS,
} from '../limits.ts';
import { type ObjectReader, readObject } from '../reader.ts';
import { LABEL_KEY } from '../watch/labels.ts';
import { type OpeningTimes, openingValue, readOpening } from './opening.ts';

/** `running`: waves open by their gates. `paused`: none does. `aborted`: nobody new gets `to`. */
export type RolloutState = 'running' | 'paused' | 'aborted';

/** A release of the bundle. */
export interface NamedRelease {
  readonly sequence: Sequence;
  /** Digest of its statement. */
  readonly digest: Sha256;
}

/** What must hold of a wave before the next one opens; what is not known holds nothing. */
export interface Gates {
  /** At least so many programs of the wave tell what they use. */
  readonly minReporters: number;
  /** Of them at least so many percent use the release. */
  readonly loadedPercent: number;
  /** At most so many refused it; one more stops the rollout by itself. */
  readonly maxFailures: number;
  /** The others hold for so long. */
  readonly soakSeconds: number;
}

/** One step of a rollout. */
export interface Wave extends OpeningTimes {
  /** For people; no two waves of a rollout have the same. */
  readonly name: string;
  /** Labels that a program must have, all of them; none: every program. Sorted by key. */
  readonly match: ReadonlyMap<string, string>;
  /** The share of the programs that match, 1 to 100. */
  readonly percent: number;
  readonly gates: Gates;
}

/** How one release comes to the programs of a bundle. */
export interface RolloutBody {
  readonly bundle: BundleName;
  /** For people; may be empty. */
  readonly note: string;
  readonly state: RolloutState;
  /** What programs get that are in no open wave; absent: nothing was there before. */
  readonly from?: NamedRelease;
  /** What programs of open waves get. */
  readonly to: NamedRelease;
  /** At least one; the last one is for everybody. */
  readonly waves: readonly Wave[];
  /** Programs of one identity that gates count, at each node and of each wave; absent: all. */
  readonly maxPerIdentity?: number;
}

const WHAT = 'rollout body';
const WAVE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const STATES = ['running', 'paused', 'aborted'] as const;
const SEQUENCES = { min: 1, max: Number.MAX_SAFE_INTEGER };
const CLIENTS = { min: 0, max: GATE_CLIENTS_MAX };
const RELEASE_KEYS = { required: ['digest', 'sequence'] } as const;

/** Parses a body, whose bytes must be canonical. RO-1 to RO-5, RO-10, RO-11. `PARSE`, `LIMIT`. */
export function parseRolloutBody(bytes: Uint8Array): RolloutBody {
  const value = parseCanonical(bytes, { maxBytes: BODY_MAX_BYTES, what: WHAT });
  const root = readObject(value, WHAT, {
    required: ['bundle', 'note', 'state', 'to', 'waves'],
    optional: ['from', 'maxPerIdentity'],
  });
  const waves = root.list('waves', { min: 1, max: ROLLOUT_WAVES_MAX }, readWave);
  requireNames(waves);
  requireEverybody(waves);
  return {
    bundle: root.parsed('bundle', parseBundleName),
    note: root.text('note'),
    state: root.oneOf('state', STATES),
    ...(root.has('from') && { from: readRelease(root.object('from', RELEASE_KEYS)) }),
    to: readRelease(root.object('to', RELEASE_KEYS)),
    waves,
    ...(root.has('maxPerIdentity') && {
      maxPerIdentity: root.integer('maxPerIdentity', { ...CLIENTS, min: 1 }),
    }),
  };
}

/** Encodes a body; what it returns, `parseRolloutBody` accepts. Errors: `PARSE`, `LIMIT`. */
export function encodeRolloutBody(body: RolloutBody): Uint8Array {
  const { bundle, note, state, from, to, maxPerIdentity } = body;
  const bytes = encodeCanonical({
    bundle,
    note,
    state,
    ...(maxPerIdentity !== undefined && { maxPerIdentity }),
    ...(from !== undefined && { from: { sequence: from.sequence, digest: from.digest } }),
    to: { sequence: to.sequence, digest: to.digest },
    waves: body.waves.map(({ name, match, percent, gates, ...times }) => ({
      ...openingValue(times),
      name,
      match: Object.fromEntries(match),
      percent,
      gates: {
        minReporters: gates.minReporters,
        loadedPercent: gates.loadedPercent,
        maxFailures: gates.maxFailures,
        soakSeconds: gates.soakSeconds,
      },
    })),
  });
  parseRolloutBody(bytes);
  return bytes;
}

function readRelease(release: ObjectReader<'digest' | 'sequence'>): NamedRelease {
  return {
    sequence: parseSequence(release.integer('sequence', SEQUENCES)),
    digest: release.parsed('digest', parseSha256),
  };
}

function readWave(value: CanonicalValue, path: string): Wave {
  const wave = readObject(value, path, {
    required: ['gates', 'match', 'name', 'percent'],
    optional: ['notBefore', 'window'],
  });
  const gates = wave.object('gates', {
    required: ['loadedPercent', 'maxFailures', 'minReporters', 'soakSeconds'],
  });
  return {
    name: wave.parsed('name', parseWaveName),
    match: readMatch(wave.value('match'), `${path}.match`),
    percent: wave.integer('percent', { min: 1, max: 100 }),
    gates: {
      minReporters: gates.integer('minReporters', CLIENTS),
      loadedPercent: gates.integer('loadedPercent', { min: 0, max: 100 }),
      maxFailures: gates.integer('maxFailures', CLIENTS),
      soakSeconds: gates.integer('soakSeconds', { min: 0, max: SOAK_MAX_SECONDS }),
    },
    ...readOpening(wave),
  };
}

/** RO-3: what a program may say of itself, so that a wave can be for somebody. */
function readMatch(value: CanonicalValue, path: string): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(path, 'must be an object');
  const labels = Object.entries(value);
  if (labels.length > LABELS_MAX) throw tooMuch(path, `${labels.length} labels`, LABELS_MAX);
  const match = new Map<string, string>();
  for (const [key, label] of labels) {
    if (!LABEL_KEY.test(key)) throw wrong(path, 'has a key that no label of a program has');
    if (typeof label !== 'string') throw wrong(path, `must have a text for ${key}`);
    const longest = Math.max(key.length, label.length);
    if (longest > LABEL_MAX_CHARS) throw tooMuch(path, `${longest} characters`, LABEL_MAX_CHARS);
    match.set(key, label);
  }
  return match;
}

/** RO-4. */
function requireNames(waves: readonly Wave[]): void {
  const names = new Set(waves.map(({ name }) => name));
  if (names.size < waves.length) throw wrong(`${WHAT}.waves`, 'must have different names');
}

/** RO-5: a rollout that ends well leaves nobody behind. */
function requireEverybody(waves: readonly Wave[]): void {
  const last = waves.at(-1);
  if (last?.match.size === 0 && last.percent === 100) return;
  throw wrong(`${WHAT}.waves`, 'must end with one for everybody: no labels to match, 100 percent');
}

function parseWaveName(text: string): string {
  if (WAVE_NAME.test(text)) return text;
  throw new KedgeError('PARSE', `must match ${WAVE_NAME.source}`);
}

function wrong(path: string, what: string): KedgeError {
  return new KedgeError('PARSE', `${path} ${what}`, { detail: { path } });
}

function tooMuch(path: string, has: string, max: number): KedgeError {
  return new KedgeError('LIMIT', `${path} has ${has}; at most ${max} are allowed`, {
    detail: { path, max },
  });
}
