/**
 * Public keys that other tools print: SPKI as PEM, as DER, or as DER in base64.
 *
 * @module
 */
import { parseBase64, parseUtf8 } from '../core/bytes.ts';
import { ALGORITHMS, importPublicKey, type PublicKey } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { parsePem } from '../core/pem.ts';

/** Every SPKI is a SEQUENCE; neither PEM nor base64 of one starts with this byte. */
const DER_SEQUENCE = 0x30;

/** Parses a public key of a known algorithm; `what` names it in errors. Errors: `PARSE`, `KEY`. */
export function parsePublicKey(bytes: Uint8Array, what: string): PublicKey {
  return importSpki(bytes[0] === DER_SEQUENCE ? bytes : derOf(bytes, what), what);
}

/** Finds the algorithm of an SPKI. Errors: `KEY`. */
export function importSpki(spki: Uint8Array, what: string): PublicKey {
  for (const alg of ALGORITHMS) {
    try {
      return importPublicKey({ alg, spki });
    } catch (thrown) {
      if (KedgeError.from(thrown).code !== 'KEY') throw thrown;
    }
  }
  throw new KedgeError('KEY', `${what} is not a usable key of ${ALGORITHMS.join(', ')}`);
}

function derOf(bytes: Uint8Array, what: string): Uint8Array {
  try {
    const text = parseUtf8(bytes);
    if (!text.includes('-----BEGIN')) return parseBase64(text.replace(/\s+/g, ''));
    const blocks = parsePem(text).filter(({ label }) => label === 'PUBLIC KEY');
    const [block] = blocks;
    if (block !== undefined && blocks.length === 1) return block.der;
  } catch (cause) {
    throw notOne(what, cause);
  }
  throw notOne(what);
}

function notOne(what: string, cause?: unknown): KedgeError {
  return new KedgeError('PARSE', `${what} must have exactly one PUBLIC KEY block`, {
    detail: { hint: '`kedge signer create` and `kedge signer show --out` write such files' },
    cause,
  });
}
