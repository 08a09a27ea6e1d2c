/**
 * Unencrypted PKCS#8 private keys, for keys that other tools made and other means protect (a secret
 * mount, a memory file system).
 *
 * @module
 */
import { parseUtf8 } from '../core/bytes.ts';
import { ALGORITHMS, importSigningKey, type SigningKey } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { parsePem } from '../core/pem.ts';
import { readWhole } from './files.ts';

const KEY_MAX_BYTES = 16 * 1024;
/** Every DER of a private key is a SEQUENCE; no PEM text starts with this byte. */
const DER_SEQUENCE = 0x30;
const CONVERT = 'convert it with "openssl pkcs8 -topk8 -nocrypt -in <key> -out <new key>"';

/** Reads a PKCS#8 key file, PEM or DER. Errors: `STORE`, `LIMIT`, `PARSE`, `KEY`. */
export async function loadPlainKey(path: string): Promise<SigningKey> {
  return parsePlainKey(await readWhole(path, { maxBytes: KEY_MAX_BYTES, what: 'private key' }));
}

/** Parses a PKCS#8 key, PEM or DER, of a known algorithm. Errors: `PARSE`, `KEY`. */
export function parsePlainKey(bytes: Uint8Array): SigningKey {
  const der = bytes[0] === DER_SEQUENCE ? bytes : pkcs8OfPem(bytes);
  for (const alg of ALGORITHMS) {
    try {
      return importSigningKey(alg, der);
    } catch (thrown) {
      if (KedgeError.from(thrown).code !== 'KEY') throw thrown;
    }
  }
  throw new KedgeError(
    'KEY',
    `not an unencrypted PKCS#8 private key of a known algorithm (${ALGORITHMS.join(', ')})`,
  );
}

function pkcs8OfPem(bytes: Uint8Array): Uint8Array {
  const blocks = parsePem(parseUtf8(bytes));
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    const found = `found ${String(keys.length)} private keys, exactly one is needed`;
    throw new KedgeError('PARSE', `not a private key file: ${found}`);
  }
  if (key.label === 'PRIVATE KEY') return key.der;
  throw new KedgeError('KEY', `the key is in the form "${key.label}"; ${CONVERT}`);
}
