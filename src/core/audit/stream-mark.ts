/**
 * How far a stream is noted in the audit log, so that what a crash cut off is noted later and
 * nothing is noted twice.
 *
 * A mark is written with the entries that it speaks of. What was accepted follows from the store
 * alone: everything between the mark and the head. Spec section 11.
 *
 * @module
 */
import { encodeCanonical, parseCanonical } from '../canonical.ts';
import { NO_PREVIOUS, parseSha256, type Sha256 } from '../ids.ts';
import { readObject } from '../reader.ts';

/** The newest statement of a stream that is noted, and whether its fork is. */
export interface StreamMark {
  readonly sequence: number;
  readonly digest: Sha256;
  readonly fork: 'none' | 'noted';
}

/** Where noting goes on. */
export interface StreamPlace {
  /** The sequence of the head, 0 for nothing. */
  readonly head: number;
  /** The digest of what is held at the mark's sequence; absent beyond the head. */
  readonly atMark: Sha256 | undefined;
  /** The place of the newest decision of the charter about the stream; absent without any. */
  readonly decided: number | undefined;
  /** Of charters: the newest one that recovery keys signed, which may have taken a place. */
  readonly recovered?: number | undefined;
}

/** Of a stream of which nothing is noted. */
export const NO_MARK: StreamMark = { sequence: 0, digest: NO_PREVIOUS, fork: 'none' };

const MARK_MAX_BYTES = 256;
const SEQUENCE = { min: 0, max: Number.MAX_SAFE_INTEGER };

/**
 * The last sequence that needs no entry any more. A head that went back is noted already; a stream
 * that went back and on again is noted anew from where it was decided about, or recovered. Rule
 * AL-8.
 */
export function notedUpTo({ sequence, digest }: StreamMark, place: StreamPlace): number {
  const { head, atMark, recovered, decided = recovered ?? 1 } = place;
  if (sequence > head) return Math.min(head, (recovered ?? Infinity) - 1);
  return sequence === 0 || atMark === digest ? sequence : decided - 1;
}

/** Encodes a mark. */
export function encodeStreamMark({ sequence, digest, fork }: StreamMark): Uint8Array {
  return encodeCanonical({ digest, fork, sequence });
}

/** Parses a mark. Errors: `LIMIT`, `PARSE`. */
export function parseStreamMark(bytes: Uint8Array): StreamMark {
  const what = 'mark of the audit log';
  const value = parseCanonical(bytes, { maxBytes: MARK_MAX_BYTES, what });
  const mark = readObject(value, what, { required: ['digest', 'fork', 'sequence'] });
  return {
    sequence: mark.integer('sequence', SEQUENCE),
    digest: mark.parsed('digest', parseSha256),
    fork: mark.oneOf('fork', ['none', 'noted']),
  };
}
