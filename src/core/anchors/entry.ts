/**
 * How one anchor and one tombstone are written in a release body. Spec rules RB-3 to RB-7.
 *
 * @module
 */
import type { CanonicalObject, CanonicalValue } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import {
  formatTimestamp,
  parseSequence,
  parseSha256,
  parseTimestamp,
  timestampMs,
} from '../ids.ts';
import { ANCHOR_LIST_MAX, TEXT_MAX_CHARS } from '../limits.ts';
import { parseAt, readObject, readString, requireAscending } from '../reader.ts';
import type { Anchor, Constraint, Tombstone } from './anchor.ts';

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const STATES = ['staged', 'active', 'retiring'] as const;
const REASONS = ['removed', 'revoked'] as const;
/** What an entry says; two releases share the entries that did not change. */
const anchors = new WeakMap<object, Anchor>();
const INTEGERS = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** Reads one anchor. Errors: `PARSE`, `LIMIT`. */
export function readAnchor(value: CanonicalValue, path: string): Anchor {
  const known = typeof value === 'object' ? anchors.get(value) : undefined;
  if (known !== undefined) return known;
  const anchor = readNewAnchor(value, path);
  if (typeof value === 'object') anchors.set(value, anchor);
  return anchor;
}

function readNewAnchor(value: CanonicalValue, path: string): Anchor {
  const entry = readObject(value, path, {
    required: ['constraints', 'id', 'kind', 'label', 'purposes', 'since', 'state'],
    optional: ['distrustAfter'],
  });
  const purposes = entry.list('purposes', { min: 1, max: ANCHOR_LIST_MAX }, readName);
  requireAscending(purposes, `${path}.purposes`);
  const constraints = entry.list('constraints', { max: ANCHOR_LIST_MAX }, readConstraint);
  requireAscending(
    constraints.map((constraint) => constraint.type),
    `${path}.constraints`,
  );
  const anchor: Anchor = {
    id: entry.parsed('id', parseSha256),
    kind: entry.oneOf('kind', ['x509-ca'] as const),
    label: entry.text('label'),
    state: entry.oneOf('state', STATES),
    purposes,
    constraints,
    sinceMs: entry.parsed('since', parseTimeMs),
  };
  if (!entry.has('distrustAfter')) return anchor;
  return { ...anchor, distrustAfterMs: entry.parsed('distrustAfter', parseTimeMs) };
}

/** Reads one tombstone. Errors: `PARSE`. */
export function readTombstone(value: CanonicalValue, path: string): Tombstone {
  const entry = readObject(value, path, { required: ['id', 'reason', 'sequence'] });
  return {
    id: entry.parsed('id', parseSha256),
    sequence: parseSequence(entry.integer('sequence', INTEGERS)),
    reason: entry.oneOf('reason', REASONS),
  };
}

/** Writes one anchor. */
export function writeAnchor(anchor: Anchor): CanonicalObject {
  const { id, kind, label, state, purposes, sinceMs, distrustAfterMs } = anchor;
  const constraints = anchor.constraints.map(({ type, critical, values }) => ({
    type,
    critical,
    values,
  }));
  const since = formatTimestamp(sinceMs);
  const entry = { constraints, id, kind, label, purposes, since, state };
  if (distrustAfterMs === undefined) return entry;
  return { ...entry, distrustAfter: formatTimestamp(distrustAfterMs) };
}

/** Writes one tombstone. */
export function writeTombstone({ id, sequence, reason }: Tombstone): CanonicalObject {
  return { id, reason, sequence };
}

function readConstraint(value: CanonicalValue, path: string): Constraint {
  const entry = readObject(value, path, { required: ['critical', 'type', 'values'] });
  const values = entry.list('values', { max: ANCHOR_LIST_MAX }, readValue);
  requireAscending(values, `${path}.values`);
  return { type: entry.parsed('type', parseName), critical: entry.boolean('critical'), values };
}

function readName(value: CanonicalValue, path: string): string {
  return parseAt(readString(value, path), path, parseName);
}

function readValue(value: CanonicalValue, path: string): string {
  const text = readString(value, path);
  if (text.length <= TEXT_MAX_CHARS) return text;
  throw new KedgeError('LIMIT', `${path} is longer than ${TEXT_MAX_CHARS} characters`);
}

/** The name of a purpose or of a constraint's type; readers need not know it to read the body. */
function parseName(text: string): string {
  if (NAME.test(text)) return text;
  throw new KedgeError('PARSE', `must match ${NAME.source}`);
}

function parseTimeMs(text: string): number {
  return timestampMs(parseTimestamp(text));
}
