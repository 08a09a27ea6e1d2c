/**
 * What a node remembers of an opened rollout: bytes for its store, and what of them still holds for
 * the rollout that is newest now.
 *
 * A wave that was opened stays open through restarts, a pause and any later statement that rolls
 * the same release out to the same programs first. That it stopped holds for the statement under
 * which it did: whoever signs the next one has seen it. Spec section 13, DW-7.
 *
 * @module
 */
import { encodeUtf8 } from '../bytes.ts';
import { encodeCanonical, parseCanonical } from '../canonical.ts';
import { sha256 } from '../crypto.ts';
import { parseSha256, type Sha256 } from '../ids.ts';
import { ROLLOUT_WAVES_MAX } from '../limits.ts';
import { type ObjectReader, readObject } from '../reader.ts';
import type { RolloutBody, Wave } from './body.ts';
import { CLOSED, type Openness, type Stop } from './gates.ts';

/** A rollout as far as its openness goes. */
export interface OpenedRollout {
  /** Of its statement. */
  readonly digest: Sha256;
  readonly body: Pick<RolloutBody, 'to' | 'waves'>;
}

const WHAT = 'note of a rollout';
const NOTE_MAX_BYTES = 16 * 1024;
const TIME = { min: 0, max: Number.MAX_SAFE_INTEGER };
const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** What is remembered. */
export function encodeOpenness({ digest, body }: OpenedRollout, openness: Openness): Uint8Array {
  const { openedMs, stop } = openness;
  return encodeCanonical({
    rollout: digest,
    to: body.to.digest,
    opened: openedMs.map((atMs, index) => ({ atMs, cohort: cohortOf(body.waves[index]) })),
    ...(stop !== undefined && { stop: { ...stop } }),
  });
}

/** What of it holds for a rollout. Errors: `PARSE`, `LIMIT` (it is damaged). */
export function restoreOpenness(note: Uint8Array, { digest, body }: OpenedRollout): Openness {
  const value = parseCanonical(note, { maxBytes: NOTE_MAX_BYTES, what: WHAT });
  const keys = { required: ['opened', 'rollout', 'to'], optional: ['stop'] } as const;
  const reader = readObject(value, WHAT, keys);
  const opened = reader.list('opened', { max: ROLLOUT_WAVES_MAX }, (item, path) => {
    const wave = readObject(item, path, { required: ['atMs', 'cohort'] });
    return { atMs: wave.integer('atMs', TIME), cohort: wave.parsed('cohort', parseSha256) };
  });
  const stop = reader.has('stop')
    ? readStop(reader.object('stop', { required: ['atMs', 'maxFailures', 'refused', 'wave'] }))
    : undefined;
  const isSame = reader.parsed('rollout', parseSha256) === digest;
  if (reader.parsed('to', parseSha256) !== body.to.digest) return CLOSED;
  const other = opened.findIndex(({ cohort }, index) => cohort !== cohortOf(body.waves[index]));
  const openedMs = opened.slice(0, other === -1 ? undefined : other).map(({ atMs }) => atMs);
  return isSame && stop !== undefined ? { openedMs, stop } : { openedMs };
}

function readStop(reader: ObjectReader<'atMs' | 'maxFailures' | 'refused' | 'wave'>): Stop {
  return {
    atMs: reader.integer('atMs', TIME),
    wave: reader.integer('wave', { min: 0, max: ROLLOUT_WAVES_MAX }),
    refused: reader.integer('refused', COUNT),
    maxFailures: reader.integer('maxFailures', COUNT),
  };
}

/** Names whom a wave takes; two waves with the same name take the same programs. */
function cohortOf(wave: Wave | undefined): Sha256 {
  const text = wave === undefined ? '' : JSON.stringify([wave.percent, ...wave.match]);
  return sha256(encodeUtf8(text));
}
