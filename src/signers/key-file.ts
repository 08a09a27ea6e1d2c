/**
 * Encrypted key files: the private key of one signer under a passphrase, as an armored age file.
 *
 * The age format (age-encryption.org/v1, scrypt recipient) is reviewed and has other tools:
 * `age --decrypt` opens a key file without Kedge. Inside is canonical JSON
 * `{"alg","pkcs8","signer"}`.
 *
 * @module
 */
import { armor, Decrypter, Encrypter } from 'age-encryption';
import { encodeBase64, encodeUtf8, parseUtf8 } from '../core/bytes.ts';
import { encodeCanonical, parseCanonical } from '../core/canonical.ts';
import {
  ALGORITHMS,
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  type PublicKey,
  type SigningKey,
} from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { parseSignerId, type SignerId } from '../core/ids.ts';
import { readObject } from '../core/reader.ts';
import type { Signer } from '../ports/signer.ts';
import { createPrivateFile, readWhole } from './files.ts';
import { LocalSigner } from './local-signer.ts';

/** The default scrypt work factor (log2 N), that of age: about a second and 256 MiB. */
const SCRYPT_WORK_FACTOR = 18;

const WORK_FACTOR_MAX = 20;
const KEY_FILE_MAX_BYTES = 16 * 1024;
const PKCS8_MAX_BYTES = 1024;

/** What a new key file gets. */
export interface NewKeyFile {
  readonly path: string;
  readonly passphrase: string;
  readonly signer: SignerId;
  /** Absent: a new Ed25519 key. */
  readonly key?: SigningKey;
  /**
   * log2 of scrypt's N, 1 to 20; default 18. Each step doubles the time and memory of every
   * opening and of every guess; lower it for tests only.
   */
  readonly scryptWorkFactor?: number;
}

/** An opened key file. */
export interface OpenedKeyFile {
  /** Whose key it is, as its creator said; what counts is whom the charter gives the key to. */
  readonly signer: SignerId;
  readonly key: Signer;
}

/**
 * Creates an encrypted key file, mode 0600, and gives its public key.
 *
 * Errors: `CONFIG` (empty passphrase, work factor out of range), `STORE` (the file exists or cannot
 * be written; nothing is left behind).
 */
export async function createKeyFile(options: NewKeyFile): Promise<PublicKey> {
  const { path, passphrase, signer, scryptWorkFactor = SCRYPT_WORK_FACTOR } = options;
  if (passphrase === '') {
    throw new KedgeError('CONFIG', 'a key file needs a passphrase; it must not be empty');
  }
  if (
    !Number.isInteger(scryptWorkFactor) ||
    scryptWorkFactor < 1 ||
    scryptWorkFactor > WORK_FACTOR_MAX
  ) {
    throw new KedgeError('CONFIG', `the scrypt work factor must be from 1 to ${WORK_FACTOR_MAX}`);
  }
  const key = options.key ?? generateSigningKey('ed25519');
  const pkcs8 = exportSigningKey(key);
  const secret = encodeCanonical({ alg: key.publicKey.alg, pkcs8: encodeBase64(pkcs8), signer });
  try {
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase);
    encrypter.setScryptWorkFactor(scryptWorkFactor);
    const file = armor.encode(await encrypter.encrypt(secret));
    await createPrivateFile(path, encodeUtf8(file));
  } finally {
    pkcs8.fill(0);
    secret.fill(0);
  }
  return key.publicKey;
}

/**
 * Opens a key file; with the default work factor this takes about a second.
 *
 * Errors: `STORE`, `LIMIT` (cannot be read), `PARSE` (not a key file), `ACCESS` (wrong passphrase
 * or changed file: one error, so that it helps nobody who guesses).
 */
export async function openKeyFile(options: {
  readonly path: string;
  readonly passphrase: string;
}): Promise<OpenedKeyFile> {
  const { path, passphrase } = options;
  const bytes = await readWhole(path, { maxBytes: KEY_FILE_MAX_BYTES, what: 'key file' });
  const secret = await decrypt(parseArmor(bytes, path), { path, passphrase });
  try {
    return parseSecret(secret);
  } finally {
    secret.fill(0);
  }
}

function parseArmor(bytes: Uint8Array, path: string): Uint8Array {
  try {
    return armor.decode(parseUtf8(bytes));
  } catch (cause) {
    const what = `${path} is not an encrypted key file (it must start with "-----BEGIN AGE`;
    throw new KedgeError('PARSE', `${what} ENCRYPTED FILE-----")`, { cause });
  }
}

/** J01. The cause is dropped: it says which step failed. */
async function decrypt(
  file: Uint8Array,
  options: { readonly path: string; readonly passphrase: string },
): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(options.passphrase);
  try {
    return await decrypter.decrypt(file);
  } catch {
    throw new KedgeError(
      'ACCESS',
      `the key file ${options.path} does not open: the passphrase is wrong or the file was changed`,
    );
  }
}

/** Messages name places and no content; causes are dropped, as a JSON parser quotes its input. */
function parseSecret(secret: Uint8Array): OpenedKeyFile {
  try {
    return readSecret(secret);
  } catch (thrown) {
    const { code } = KedgeError.from(thrown);
    throw new KedgeError(code, 'the key file opens, but what is in it is not a key of Kedge');
  }
}

function readSecret(secret: Uint8Array): OpenedKeyFile {
  const input = { maxBytes: KEY_FILE_MAX_BYTES, what: 'the content of the key file' };
  const reader = readObject(parseCanonical(secret, input), input.what, {
    required: ['alg', 'pkcs8', 'signer'],
  });
  const pkcs8 = reader.bytes('pkcs8', { maxBytes: PKCS8_MAX_BYTES });
  const key = importSigningKey(reader.oneOf('alg', ALGORITHMS), pkcs8);
  pkcs8.fill(0);
  return { signer: reader.parsed('signer', parseSignerId), key: new LocalSigner(key) };
}
