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
import { BODY_MAX_BYTES } from '../limits.ts';
import { Memo } from '../memo.ts';

/** By the digest of the bytes, which names them wholly. */
const contents = new Memo<CanonicalValue>(4 * BODY_MAX_BYTES);

/** The value of a body's bytes; `what` is for messages. Errors: `PARSE`, `LIMIT`. */
export function readContent(bytes: Uint8Array, what: string): CanonicalValue {
  const digest = sha256(bytes);
  const known = contents.get(digest);
  if (known !== undefined) return known;
  const value = parseCanonical(bytes, { maxBytes: BODY_MAX_BYTES, what });
  return contents.set(digest, value, bytes.length);
}

/** Notes what `bytes` say: the caller vouches that they are the canonical form of `value`. */
export function noteContent(bytes: Uint8Array, value: CanonicalValue): void {
  contents.set(sha256(bytes), value, bytes.length);
}
