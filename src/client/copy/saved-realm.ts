/**
 * The index of the last-known-good copy: which statements it holds, and which objects they need.
 *
 * Nothing in it is trusted: statements carry their signatures and objects are named by their
 * digests, so everything is verified again when it is loaded.
 *
 * @module
 */
import { encodeUtf8, parseUtf8 } from '../../core/bytes.ts';
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../../core/canonical.ts';
import { keyValue, readKey } from '../../core/charter/keys.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  parseRealmName,
  parseSequence,
  parseSha256,
  type RealmName,
  type Sha256,
} from '../../core/ids.ts';
import { ANCHORS_MAX, SIGNERS_MAX, WATCH_BUNDLES_MAX } from '../../core/limits.ts';
import { type ObjectReader, readObject, readString } from '../../core/reader.ts';
import {
  encodeEnvelope,
  parseEnvelope,
  type SignedStatement,
} from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { Evidence } from '../../core/trusted/state.ts';

/** Changes when a reader of the old form could not read the new one. */
const FORMAT = 1;
/** The largest index; 300 charters and 256 bundles take about 2 MiB. */
export const INDEX_MAX_BYTES: number = 64 * 1024 * 1024;
const CHARTERS_MAX = 10_000;

/** One bundle's head. */
export interface IndexedRelease {
  readonly statement: SignedStatement;
  /** Digests of the body and of the anchors: what must not be swept away. */
  readonly objects: readonly Sha256[];
}

/** What one folder holds. */
export interface RealmIndex {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  /** Ascending from version 1; the body is the object that the statement names. */
  readonly charters: readonly SignedStatement[];
  readonly releases: readonly IndexedRelease[];
  readonly evidence: readonly Evidence[];
  /** How often the chain of charters was recovered. */
  readonly recoveries: number;
}

/** Writes an index. */
export function encodeIndex(index: RealmIndex): Uint8Array {
  return encodeCanonical({
    charters: index.charters.map(envelopeText),
    evidence: index.evidence.map(({ sequence, first, second, recovered, revealed }) => ({
      first: envelopeText(first),
      second: envelopeText(second),
      ...(recovered && { recovered: envelopeText(recovered) }),
      // Two charters of recovery keys may lie above the place of their fork.
      ...(sequence !== parseStatement(first.payload).sequence && { sequence }),
      ...(revealed && { revealed: revealed.map(keyValue) }),
    })),
    firstCharterDigest: index.firstCharterDigest,
    format: FORMAT,
    realm: index.realm,
    ...(index.recoveries > 0 && { recoveries: index.recoveries }),
    releases: index.releases.map(({ statement, objects }) => ({
      envelope: envelopeText(statement),
      objects: [...objects],
    })),
  });
}

/** Reads an index. Errors: `PARSE`, `LIMIT`, `TYPE`. */
export function parseIndex(bytes: Uint8Array): RealmIndex {
  const value = parseCanonical(bytes, { maxBytes: INDEX_MAX_BYTES, what: 'cache index' });
  const root = readObject(value, 'cache index', {
    required: ['charters', 'evidence', 'firstCharterDigest', 'format', 'realm', 'releases'],
    optional: ['recoveries'],
  });
  const format = root.integer('format', { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (format !== FORMAT) throw new KedgeError('PARSE', `the cache has the format ${format}`);
  return {
    realm: root.parsed('realm', parseRealmName),
    firstCharterDigest: root.parsed('firstCharterDigest', parseSha256),
    charters: root.list('charters', { max: CHARTERS_MAX }, readEnvelope),
    releases: root.list('releases', { max: 4 * WATCH_BUNDLES_MAX }, readRelease),
    evidence: root.list('evidence', { max: 4 * WATCH_BUNDLES_MAX }, readEvidence),
    recoveries: root.has('recoveries')
      ? root.integer('recoveries', { min: 1, max: CHARTERS_MAX })
      : 0,
  };
}

/**
 * What to write when another program may have written meanwhile: per bundle the higher sequence,
 * the longer chain of charters, all evidence. So a program that is behind never takes the copy
 * back. Where one chain was recovered more often, it prevails, and so do the releases beside it;
 * `fallen` are releases that a recovery took away.
 */
export function mergeIndexes(
  ours: RealmIndex,
  theirs: RealmIndex,
  fallen: ReadonlySet<Sha256> = new Set(),
): RealmIndex {
  const isOlder = ours.recoveries < theirs.recoveries;
  const [first, second] = isOlder ? [theirs, ours] : [ours, theirs];
  const isRecovered = first.recoveries > second.recoveries;
  const releases = new Map<
    string,
    { sequence: number; release: IndexedRelease; isFallen: boolean }
  >();
  for (const index of [first, second]) {
    for (const release of index.releases) {
      const { stream, sequence, digest } = parseStatement(release.statement.payload);
      const held = releases.get(stream);
      if (held !== undefined && (isRecovered || fallen.has(digest))) continue;
      if (held === undefined || held.isFallen || sequence > held.sequence) {
        releases.set(stream, { sequence, release, isFallen: fallen.has(digest) });
      }
    }
  }
  const evidence = new Map<string, Evidence>();
  for (const one of [...theirs.evidence, ...ours.evidence]) evidence.set(one.stream, one);
  const isLonger = !isRecovered && second.charters.length > first.charters.length;
  return {
    realm: ours.realm,
    firstCharterDigest: ours.firstCharterDigest,
    charters: isLonger ? second.charters : first.charters,
    releases: [...releases.values()].map(({ release }) => release),
    evidence: [...evidence.values()],
    recoveries: first.recoveries,
  };
}

/** The objects that an index needs. */
export function objectsOf(index: RealmIndex): ReadonlySet<Sha256> {
  const bodies = index.charters.map(({ payload }) => parseStatement(payload).bodyDigest);
  return new Set([...bodies, ...index.releases.flatMap(({ objects }) => objects)]);
}

function readRelease(value: CanonicalValue, path: string): IndexedRelease {
  const reader = readObject(value, path, { required: ['envelope', 'objects'] });
  const max = ANCHORS_MAX + 1;
  return {
    statement: envelopeAt(reader, 'envelope'),
    objects: reader.list('objects', { max }, (one, at) => parseSha256(readString(one, at))),
  };
}

function readEvidence(value: CanonicalValue, path: string): Evidence {
  const reader = readObject(value, path, {
    required: ['first', 'second'],
    optional: ['recovered', 'revealed', 'sequence'],
  });
  const first = envelopeAt(reader, 'first');
  const { stream, ...place } = parseStatement(first.payload);
  const sequence = reader.has('sequence')
    ? parseSequence(reader.integer('sequence', { min: 1, max: Number.MAX_SAFE_INTEGER }))
    : place.sequence;
  const evidence = {
    ...{ stream, sequence, first, second: envelopeAt(reader, 'second') },
    ...(reader.has('recovered') && { recovered: envelopeAt(reader, 'recovered') }),
  };
  if (!reader.has('revealed')) return evidence;
  return { ...evidence, revealed: reader.list('revealed', { max: SIGNERS_MAX }, readKey) };
}

function envelopeAt<Key extends string>(reader: ObjectReader<Key>, key: Key): SignedStatement {
  return reader.parsed(key, (text) => parseEnvelope(encodeUtf8(text)));
}

function readEnvelope(value: CanonicalValue, path: string): SignedStatement {
  return parseEnvelope(encodeUtf8(readString(value, path)));
}

function envelopeText(statement: SignedStatement): string {
  return parseUtf8(encodeEnvelope(statement));
}
