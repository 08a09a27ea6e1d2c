/**
 * One entry of the audit log of a node: what happened to which statement, who brought it, and why
 * it was refused.
 *
 * An entry is canonical JSON with a closed set of keys, and holds nothing secret: names, digests,
 * key ids, codes and the text of refusals. Text from outside is cut and cleaned before it comes in,
 * so that no caller decides how large an entry gets. Spec section 11.
 *
 * @module
 */
import { type CanonicalObject, encodeCanonical, parseCanonical } from '../canonical.ts';
import { ERROR_CODES, type ErrorCode, isErrorCode, KedgeError } from '../errors.ts';
import {
  type KeyId,
  parseSequence,
  parseSha256,
  parseSignerId,
  parseStreamName,
  type Sequence,
  type Sha256,
  type SignerId,
  type StreamName,
} from '../ids.ts';
import { AUDIT_ENTRY_MAX_BYTES, SIGNATURES_MAX, TEXT_MAX_CHARS } from '../limits.ts';
import { readObject } from '../reader.ts';

/** What an entry can be about; `docs/audit.md` explains each. */
export const AUDIT_KINDS = [
  'node-started',
  'accepted',
  'refused',
  'forked',
  'settled',
  'region-split',
  'proposed',
  'approved',
  'withdrawn',
  'override',
  'rollout-step',
  'wave-opened',
  'lost',
] as const;

/** What an entry is about. */
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** How something came to a node: an admin's call, another node, its own store, itself. */
export type AuditVia = 'admin' | 'peer' | 'store' | 'node';

/** A signature by its key, and whose key the charter says it is. */
export interface AuditSigner {
  /** Absent: no charter up to then lists the key. */
  readonly id?: SignerId;
  readonly keyId: KeyId;
}

/** What an entry says beside its time. */
export interface AuditFact {
  readonly what: AuditKind;
  readonly stream?: StreamName;
  readonly sequence?: Sequence;
  /** Digest of the statement; of a fork the smaller one. */
  readonly digest?: Sha256;
  /** Of a fork: the digest of the other statement. */
  readonly other?: Sha256;
  /** Whose signatures the statement carries. */
  readonly signers?: readonly AuditSigner[];
  readonly via?: AuditVia;
  /** The authenticated identity of the admin, or the node id of the peer. */
  readonly by?: string;
  readonly code?: ErrorCode;
  /** For people; cut to `TEXT_MAX_CHARS`. */
  readonly reason?: string;
  /** How many this entry stands for; absent: one. */
  readonly count?: number;
}

/** One entry. */
export interface AuditEntry extends AuditFact {
  /** When it happened by the node's clock, milliseconds since 1970. Never below the one before. */
  readonly timeMs: number;
}

const IDENTITY_MAX_CHARS = 2048;
// C0, DEL and C1: what a terminal might obey.
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}]/gu;
const VIAS: readonly AuditVia[] = ['admin', 'peer', 'store', 'node'];
const CODES = Object.keys(ERROR_CODES).filter(isErrorCode);
const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER };
const OPTIONAL = [
  'by',
  'code',
  'count',
  'digest',
  'other',
  'reason',
  'sequence',
  'signers',
  'stream',
  'via',
] as const;

/**
 * Encodes an entry, text from outside cleaned and cut. Errors: `LIMIT`, `PARSE`, which only a bug
 * brings about. Rules AL-1 and AL-2.
 */
export function encodeAuditEntry(entry: AuditEntry): Uint8Array {
  const { timeMs, what, signers, by, reason, ...plain } = entry;
  const object: CanonicalObject = {
    timeMs,
    what,
    ...present(plain),
    ...present({
      by: cleaned(by ?? '', IDENTITY_MAX_CHARS),
      reason: cleaned(reason ?? '', TEXT_MAX_CHARS),
    }),
    ...(signers !== undefined && {
      signers: signers
        .slice(0, SIGNATURES_MAX)
        .map(({ id, keyId }) => (id === undefined ? { keyId } : { id, keyId })),
    }),
  };
  const bytes = encodeCanonical(object);
  if (bytes.length <= AUDIT_ENTRY_MAX_BYTES) return bytes;
  throw new KedgeError('LIMIT', `an entry of the audit log has ${bytes.length} bytes`, {
    detail: { max: AUDIT_ENTRY_MAX_BYTES },
  });
}

/** Parses an entry. Errors: `LIMIT`, `PARSE`. Rules AL-1 and AL-2. */
export function parseAuditEntry(bytes: Uint8Array): AuditEntry {
  const what = 'audit entry';
  const value = parseCanonical(bytes, { maxBytes: AUDIT_ENTRY_MAX_BYTES, what });
  const entry = readObject(value, what, { required: ['timeMs', 'what'], optional: OPTIONAL });
  return {
    timeMs: entry.integer('timeMs', COUNT),
    what: entry.oneOf('what', AUDIT_KINDS),
    ...(entry.has('stream') && { stream: entry.parsed('stream', parseStreamName) }),
    ...(entry.has('sequence') && {
      sequence: parseSequence(entry.integer('sequence', { ...COUNT, min: 1 })),
    }),
    ...(entry.has('digest') && { digest: entry.parsed('digest', parseSha256) }),
    ...(entry.has('other') && { other: entry.parsed('other', parseSha256) }),
    ...(entry.has('signers') && {
      signers: entry.list('signers', { max: SIGNATURES_MAX }, (item, path) => {
        const signer = readObject(item, path, { required: ['keyId'], optional: ['id'] });
        const keyId = signer.parsed('keyId', parseSha256);
        return signer.has('id') ? { id: signer.parsed('id', parseSignerId), keyId } : { keyId };
      }),
    }),
    ...(entry.has('via') && { via: entry.oneOf('via', VIAS) }),
    ...(entry.has('by') && { by: entry.string('by') }),
    ...(entry.has('code') && { code: entry.oneOf('code', CODES) }),
    ...(entry.has('reason') && { reason: entry.text('reason') }),
    ...(entry.has('count') && { count: entry.integer('count', COUNT) }),
  };
}

/** The same; absent for an entry that only a newer version can read. */
export function readAuditEntry(bytes: Uint8Array): AuditEntry | undefined {
  try {
    return parseAuditEntry(bytes);
  } catch {
    // It is in the tree all the same, byte for byte: what it says waits for a reader.
    return undefined;
  }
}

/** AL-2: what somebody else wrote neither grows without bound nor steers a terminal. */
function cleaned(text: string, maxChars: number): string {
  return text.slice(0, maxChars).replace(UNPRINTABLE, '\ufffd');
}

function present(
  fields: Readonly<Record<string, string | number | undefined>>,
): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined && value !== '') kept[key] = value;
  }
  return kept;
}
