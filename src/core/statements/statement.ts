/**
 * The statement: what signers sign. An in-toto Statement v1 of at most 2048 bytes that gives one
 * stream its next sequence and names the body by digest.
 *
 * Parsing says only that the bytes mean one thing; whether anybody may say it is decided with the
 * signatures (`quorum.ts`) and against trusted state (`trusted/accept.ts`). Spec section 3.
 *
 * @module
 */
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../canonical.ts';
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import {
  type BundleName,
  formatTimestamp,
  parseRealmName,
  parseSequence,
  parseSha256,
  parseStreamName,
  parseTimestamp,
  type RealmName,
  type Sequence,
  type Sha256,
  type StreamKind,
  type StreamName,
  splitStream,
  timestampMs,
} from '../ids.ts';
import { BODY_MAX_BYTES, STATEMENT_MAX_BYTES, VALIDITY_MAX_DAYS } from '../limits.ts';
import { Memo } from '../memo.ts';
import { type ObjectReader, readObject } from '../reader.ts';

/** What a statement says; {@link Statement} adds what follows from it. */
export interface StatementFields {
  readonly realm: RealmName;
  readonly stream: StreamName;
  readonly sequence: Sequence;
  /** Digest of the statement before; 64 zeros for the first. */
  readonly previous: Sha256;
  /** The charter whose roles sign; in the charter stream: the charter's own version. */
  readonly charterVersion: number;
  /** Whole seconds. */
  readonly issuedMs: number;
  /** Whole seconds. */
  readonly expiresMs: number;
  readonly bodyDigest: Sha256;
  readonly bodyBytes: number;
}

/** A parsed statement. */
export interface Statement extends StatementFields {
  readonly kind: StreamKind;
  /** Absent in the charter stream. */
  readonly bundle?: BundleName;
  /** SHA-256 of the payload: the statement's identity. */
  readonly digest: Sha256;
}

const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPES: Readonly<Record<StreamKind, string>> = {
  charter: 'urn:kedge:charter:v1',
  release: 'urn:kedge:release:v1',
  rollout: 'urn:kedge:rollout:v1',
};
const DAY_MS = 86_400_000;
/** Statements that are read once: each is at most 2 KB. */
const parsed = new Memo<Statement>(2048);
/** The same by the bytes themselves, which nobody changes: they are looked at many times. */
const seen = new WeakMap<Uint8Array, Statement>();
const COUNT = { min: 1, max: Number.MAX_SAFE_INTEGER };

/**
 * Parses a payload.
 *
 * Errors: `LIMIT` (size, depth), `TYPE` (not a statement, or predicate type, stream and subject do
 * not fit each other), `PARSE` (anything else). Rules ST-1 to ST-10.
 */
export function parseStatement(payload: Uint8Array): Statement {
  const known = seen.get(payload);
  if (known !== undefined) return known;
  const digest = sha256(payload);
  const statement = parsed.get(digest) ?? parsed.set(digest, readStatement(payload, digest), 1);
  seen.set(payload, statement);
  return statement;
}

/**
 * Encodes the payload of a statement; what this returns, {@link parseStatement} accepts.
 *
 * Errors: `LIMIT` (more than 2048 bytes; rule ST-1), `PARSE` (a field out of its range).
 */
export function encodeStatement(fields: StatementFields): Uint8Array {
  const { kind } = splitStream(fields.stream);
  const payload = encodeCanonical({
    _type: STATEMENT_TYPE,
    predicate: {
      bodyBytes: fields.bodyBytes,
      charterVersion: fields.charterVersion,
      expires: formatTimestamp(fields.expiresMs),
      issued: formatTimestamp(fields.issuedMs),
      previous: fields.previous,
      realm: fields.realm,
      sequence: fields.sequence,
      stream: fields.stream,
    },
    predicateType: PREDICATE_TYPES[kind],
    subject: [{ digest: { sha256: fields.bodyDigest }, name: fields.stream }],
  });
  parseStatement(payload);
  return payload;
}

/**
 * Requires that a statement's validity is positive and within what its role allows. Errors:
 * `POLICY`. Rule ST-11.
 */
export function requireValidity(statement: Statement, expiryDays: number): void {
  const { issuedMs, expiresMs } = statement;
  if (expiresMs > issuedMs && expiresMs <= issuedMs + expiryDays * DAY_MS) return;
  throw new KedgeError(
    'POLICY',
    `the statement must expire after it is issued and within ${expiryDays} days`,
    { detail: { stream: statement.stream, sequence: statement.sequence, expiryDays } },
  );
}

function readStatement(payload: Uint8Array, digest: Sha256): Statement {
  const value = parseCanonical(payload, { maxBytes: STATEMENT_MAX_BYTES, what: 'statement' });
  const outer = readObject(value, 'statement', {
    required: ['_type', 'predicate', 'predicateType', 'subject'],
  });
  if (outer.string('_type') !== STATEMENT_TYPE) {
    throw new KedgeError('TYPE', `statement._type must be ${STATEMENT_TYPE}`);
  }
  const predicate = outer.object('predicate', {
    required: [
      'bodyBytes',
      'charterVersion',
      'expires',
      'issued',
      'previous',
      'realm',
      'sequence',
      'stream',
    ],
  });
  const stream = predicate.parsed('stream', parseStreamName);
  const named = splitStream(stream);
  if (outer.string('predicateType') !== PREDICATE_TYPES[named.kind]) {
    throw new KedgeError(
      'TYPE',
      `statement.predicateType must be ${PREDICATE_TYPES[named.kind]} in the stream ${stream}`,
    );
  }
  const fields: StatementFields = {
    realm: predicate.parsed('realm', parseRealmName),
    stream,
    sequence: parseSequence(predicate.integer('sequence', COUNT)),
    previous: predicate.parsed('previous', parseSha256),
    charterVersion: predicate.integer('charterVersion', COUNT),
    issuedMs: timestampMs(predicate.parsed('issued', parseTimestamp)),
    expiresMs: timestampMs(predicate.parsed('expires', parseTimestamp)),
    bodyDigest: readSubject(outer, stream),
    bodyBytes: predicate.integer('bodyBytes', COUNT),
  };
  requireConsistent(fields, named.kind);
  const statement = { ...fields, kind: named.kind, digest };
  return named.kind === 'charter' ? statement : { ...statement, bundle: named.bundle };
}

/** ST-4 and ST-5: one subject, named like the stream, with a SHA-256 and no other digest. */
function readSubject(
  outer: ObjectReader<'_type' | 'predicate' | 'predicateType' | 'subject'>,
  stream: StreamName,
): Sha256 {
  const [digest] = outer.list('subject', { min: 1, max: 1 }, (item: CanonicalValue, path) => {
    const subject = readObject(item, path, { required: ['digest', 'name'] });
    if (subject.string('name') !== stream) {
      throw new KedgeError('TYPE', `${path}.name must be the stream ${stream}`);
    }
    return subject.object('digest', { required: ['sha256'] }).parsed('sha256', parseSha256);
  });
  if (digest === undefined) throw new KedgeError('BUG', 'a list of one item had none');
  return digest;
}

function requireConsistent(fields: StatementFields, kind: StreamKind): void {
  if (fields.bodyBytes > BODY_MAX_BYTES) {
    throw new KedgeError('LIMIT', `statement.predicate.bodyBytes is above ${BODY_MAX_BYTES}`, {
      detail: { size: fields.bodyBytes, max: BODY_MAX_BYTES },
    });
  }
  if (kind === 'charter' && fields.charterVersion !== fields.sequence) {
    throw new KedgeError('PARSE', 'a charter statement names its own version as charterVersion');
  }
  if (fields.expiresMs - fields.issuedMs > VALIDITY_MAX_DAYS * DAY_MS) {
    throw new KedgeError('PARSE', `a statement is valid for at most ${VALIDITY_MAX_DAYS} days`);
  }
}
