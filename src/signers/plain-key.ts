/**
 * PKCS#8 private keys that other tools made: plain ones, for keys that other means protect (a
 * secret mount, a memory file system), and encrypted ones (RFC 5958, PBES2), to be imported.
 *
 * @module
 */
import { createPrivateKey } from 'node:crypto';
import { parseUtf8 } from '../core/bytes.ts';
import { ALGORITHMS, importSigningKey, type SigningKey } from '../core/crypto.ts';
import { DER_TAG, readChildren, readElement } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import { type PemBlock, parsePem } from '../core/pem.ts';
import { readWhole } from './files.ts';

const KEY_MAX_BYTES = 16 * 1024;
/** Every DER of a private key is a SEQUENCE; no PEM text starts with this byte. */
const DER_SEQUENCE = 0x30;
const ENCRYPTED = 'ENCRYPTED PRIVATE KEY';
const CONVERT = 'convert it with "openssl pkcs8 -topk8 -nocrypt -in <key> -out <new key>"';

/** Reads a PKCS#8 key file, PEM or DER. Errors: `STORE`, `LIMIT`, `PARSE`, `KEY`. */
export async function loadPlainKey(path: string): Promise<SigningKey> {
  return parsePlainKey(await readWhole(path, { maxBytes: KEY_MAX_BYTES, what: 'private key' }));
}

/** Parses a PKCS#8 key, PEM or DER, of a known algorithm. Errors: `PARSE`, `KEY`. */
export function parsePlainKey(bytes: Uint8Array): SigningKey {
  return importPkcs8(bytes[0] === DER_SEQUENCE ? bytes : pkcs8OfPem(bytes));
}

/** Says whether a file holds an encrypted PKCS#8 key, PEM or DER. */
export function isEncryptedKey(bytes: Uint8Array): boolean {
  if (bytes[0] !== DER_SEQUENCE) {
    return Buffer.from(bytes).toString('latin1').includes(`-----BEGIN ${ENCRYPTED}-----`);
  }
  try {
    // A plain key starts with its version; an encrypted one with the algorithm that encrypts.
    const [first] = readChildren(bytes, readElement(bytes, 0));
    return first?.tag === DER_TAG.sequence;
  } catch {
    return false;
  }
}

/**
 * Opens an encrypted PKCS#8 key, PEM or DER.
 *
 * Errors: `PARSE`, `ACCESS` (wrong passphrase, changed file or unknown encryption: one error),
 * `KEY` (of an unknown algorithm).
 */
export function parseEncryptedKey(bytes: Uint8Array, passphrase: string): SigningKey {
  const key = Buffer.from(bytes[0] === DER_SEQUENCE ? bytes : onlyKeyOf(bytes).der);
  let pkcs8: Buffer;
  try {
    const opened = createPrivateKey({ key, format: 'der', type: 'pkcs8', passphrase });
    pkcs8 = opened.export({ format: 'der', type: 'pkcs8' });
  } catch {
    // The cause says which step failed, which helps whoever guesses.
    throw new KedgeError(
      'ACCESS',
      'the PKCS#8 key does not open: the passphrase is wrong, or the file was changed',
      { detail: { hint: 'try again with the passphrase that the other tool asks for this file' } },
    );
  }
  try {
    return importPkcs8(pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}

function importPkcs8(der: Uint8Array): SigningKey {
  for (const alg of ALGORITHMS) {
    try {
      return importSigningKey(alg, der);
    } catch (thrown) {
      if (KedgeError.from(thrown).code !== 'KEY') throw thrown;
    }
  }
  throw new KedgeError('KEY', `${kindOf(der)}; a signer has one of ${ALGORITHMS.join(', ')}`, {
    detail: {
      hint: 'make a key of such a kind: kedge signer create, or the tool that made this one',
    },
  });
}

/** What a key is that is of no use here. */
function kindOf(der: Uint8Array): string {
  try {
    const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
    const { namedCurve } = key.asymmetricKeyDetails ?? {};
    return `the private key is ${key.asymmetricKeyType ?? 'of no kind'} ${namedCurve ?? ''}`.trim();
  } catch {
    return 'not an unencrypted PKCS#8 private key';
  }
}

function pkcs8OfPem(bytes: Uint8Array): Uint8Array {
  const { label, der } = onlyKeyOf(bytes);
  if (label === 'PRIVATE KEY') return der;
  throw new KedgeError('KEY', `the key is in the form "${label}"; ${CONVERT}`);
}

function onlyKeyOf(bytes: Uint8Array): PemBlock {
  const blocks = parsePem(parseUtf8(bytes));
  const keys = blocks.filter(({ label }) => label.endsWith('PRIVATE KEY'));
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    const found = `found ${String(keys.length)} private keys, exactly one is needed`;
    throw new KedgeError('PARSE', `not a private key file: ${found}`);
  }
  return key;
}
