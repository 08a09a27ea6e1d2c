/**
 * What the bytes of bodies say as canonical values, read once.
 *
 * A body arrives as a patch against the one before, so all but a few of its entries have been read
 * already. Whoever puts a body together from read entries notes it here, and the entries stay the
 * same objects: what follows from an entry is worked out once too. Values are never changed.
 *
 * @module
 */
import { type CanonicalValue, parseCanonical } from '../canonical.ts';
import { sha256 } from '../crypto.ts';
import type { Sha256 } from '../ids.ts';
import { BODY_MAX_BYTES } from '../limits.ts';
import { Memo } from '../memo.ts';

/** No body weighs less when it is remembered: what is made of it takes several times its bytes. */
const WEIGHT_MIN = BODY_MAX_BYTES / 16;
/** By the digest of the bytes, which names them wholly. */
const contents = new Memo<CanonicalValue>(4 * BODY_MAX_BYTES);
/** Of bytes that were put together here, so that nobody else can change them. */
const digests = new WeakMap<Uint8Array, Sha256>();

/** The value of a body's bytes; `what` is for messages. Errors: `PARSE`, `LIMIT`. */
export function readContent(bytes: Uint8Array, what: string): CanonicalValue {
  const digest = contentDigest(bytes);
  const known = contents.get(digest);
  if (known !== undefined) return known;
  const value = parseCanonical(bytes, { maxBytes: BODY_MAX_BYTES, what });
  return contents.set(digest, value, weightOf(bytes));
}

/** Notes what `bytes` say: the caller made them, and they are the canonical form of `value`. */
export function noteContent(bytes: Uint8Array, value: CanonicalValue): void {
  const digest = sha256(bytes);
  digests.set(bytes, digest);
  contents.set(digest, value, weightOf(bytes));
}

/** The SHA-256 of a body's bytes. */
export function contentDigest(bytes: Uint8Array): Sha256 {
  return digests.get(bytes) ?? sha256(bytes);
}

/** What a body weighs in a memo of `4 * BODY_MAX_BYTES`: 64 small ones are remembered. */
export function weightOf(bytes: Uint8Array): number {
  return Math.max(bytes.length, WEIGHT_MIN);
}
