/**
 * Public keys as charters write them: the algorithm and the canonical SPKI. Spec section 4, CH-3.
 *
 * @module
 */
import { encodeBase64 } from '../bytes.ts';
import type { CanonicalValue } from '../canonical.ts';
import { importPublicKey, type PublicKey } from '../crypto.ts';
import { SPKI_MAX_BYTES } from '../limits.ts';
import { parseAt, readObject } from '../reader.ts';

/** Reads and checks one key. Errors: `PARSE`, `LIMIT`, `ALGORITHM`, `KEY`. */
export function readKey(value: CanonicalValue, path: string): PublicKey {
  const key = readObject(value, path, { required: ['alg', 'spki'] });
  const alg = key.string('alg');
  const spki = key.bytes('spki', { maxBytes: SPKI_MAX_BYTES });
  return parseAt({ alg, spki }, path, importPublicKey);
}

/** The same key as it is written. */
export function keyValue({ alg, spki }: PublicKey): CanonicalValue {
  return { alg, spki: encodeBase64(spki) };
}
