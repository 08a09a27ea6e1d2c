/**
 * Hashes, public keys and signatures: the only importer of `node:crypto` in the core. What Node
 * does not have yet is in `ml-dsa.ts`.
 *
 * A key enters through `importPublicKey` and is refused there when it is malformed, weak or has two
 * encodings that count as two keys; nothing else makes a `PublicKey` that verifies. Keys have one
 * identity, the SHA-256 of algorithm and canonical SPKI. The algorithm belongs to the key, never to
 * a signature. Spec section 2.
 *
 * @module
 */
import {
  createPrivateKey,
  createPublicKey,
  ECDH,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { ALGORITHMS, type Algorithm, SCHEMES } from './algorithms.ts';
import { concatBytes, copyBytes, encodeUtf8, equalBytes, parseHex } from './bytes.ts';
import { requireEdwardsPoint } from './edwards.ts';
import { KedgeError } from './errors.ts';
import { computedSha256, type KeyId, type Sha256 } from './ids.ts';
import { Memo } from './memo.ts';
import { type MlDsa, mlDsaPair, mlDsaPkcs8, SEED_BYTES, seedOf, verifyMlDsa } from './ml-dsa.ts';

export { ALGORITHMS, type Algorithm };

/** A checked public key. Only {@link importPublicKey} makes one that verifies anything. */
export interface PublicKey {
  readonly alg: Algorithm;
  /** SHA-256 of `alg ‖ spki`. */
  readonly keyId: KeyId;
  /** The canonical DER: for EC keys with the uncompressed point. */
  readonly spki: Uint8Array;
}

/** A key that signs; the private part stays inside this module. */
export interface SigningKey {
  readonly publicKey: PublicKey;
  /** Signs the message as it is. */
  sign(message: Uint8Array): Uint8Array;
}

const VERIFIED_MAX = 4096;
const IMPORTED_MAX = 1024;
const COMPRESSED_EVEN = 2;
const COMPRESSED_ODD = 3;
const UNCOMPRESSED = 4;

type Verifier = (message: Uint8Array, signature: Uint8Array) => boolean;

// A verifier is made once per imported key; an entry here is also the proof of the import.
const verifiers = new WeakMap<PublicKey, Verifier>();
/** How to write the PKCS#8 DER of a key. */
const exporters = new WeakMap<SigningKey, () => Uint8Array>();
// Apart, so that garbage never pushes out what was found good.
const good = new Memo<boolean>(VERIFIED_MAX);
const bad = new Memo<boolean>(VERIFIED_MAX);
const imported = new Memo<PublicKey>(IMPORTED_MAX);

/** SHA-256 as hex. */
export function sha256(bytes: Uint8Array): Sha256 {
  return computedSha256(hash('sha256', bytes, 'hex'));
}

/** SHA-256 as 32 bytes. */
export function sha256Bytes(bytes: Uint8Array): Uint8Array {
  return copyBytes(hash('sha256', bytes, 'buffer'));
}

/** SHA-256 as 32 characters, one a byte: made in less than half the time of bytes. */
export function sha256Chars(input: Uint8Array | string): string {
  return hash('sha256', input, 'binary');
}

/** Says whether a name is one of {@link ALGORITHMS}. */
export function isAlgorithm(name: string): name is Algorithm {
  return Object.hasOwn(SCHEMES, name);
}

/**
 * Checks a public key and gives it its identity; copies `spki`.
 *
 * Errors: `ALGORITHM` (unknown `alg`: fail closed), `KEY` (not exactly the SPKI of that algorithm,
 * a point off the curve, small-order or non-canonical). Rules KEY-1 to KEY-7.
 */
export function importPublicKey(input: {
  readonly alg: string;
  readonly spki: Uint8Array;
}): PublicKey {
  const { alg } = input;
  if (!isAlgorithm(alg)) {
    throw new KedgeError(
      'ALGORITHM',
      `unknown signature algorithm ${JSON.stringify(alg.slice(0, 40))}; ` +
        `this version knows ${ALGORITHMS.join(', ')}`,
    );
  }
  // A charter lists the keys of the one before.
  const name = hash('sha256', concatBytes(encodeUtf8(alg), input.spki), 'hex');
  return imported.get(name) ?? imported.set(name, importChecked(alg, input.spki), 1);
}

function importChecked(alg: Algorithm, input: Uint8Array): PublicKey {
  const spki = canonicalSpki(alg, input);
  const key: PublicKey = { alg, keyId: sha256(concatBytes(encodeUtf8(alg), spki)), spki };
  verifiers.set(key, makeVerifier(alg, spki));
  return key;
}

function makeVerifier(alg: Algorithm, spki: Uint8Array): Verifier {
  const { hash: digest, lattice, prefix } = SCHEMES[alg];
  if (lattice !== undefined) {
    const point = spki.subarray(prefix.length);
    return (message, signature) => verifyMlDsa(lattice, point, message, signature);
  }
  const key = createPublicKey({ key: asBuffer(spki), format: 'der', type: 'spki' });
  return (message, signature) =>
    verify(digest, message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

/**
 * Says whether `signature` over `message` is by `key`. A signature of another length is not one.
 * Rules KEY-8 and KEY-9.
 */
export function verifySignature(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const isBy = verifiers.get(key);
  if (isBy === undefined) throw new KedgeError('BUG', 'a key was used that was not imported');
  if (signature.length !== SCHEMES[key.alg].signatureBytes) return false;
  // Signatures of one key have one length, so that no two inputs share a name.
  const input = key.keyId + hash('sha256', concatBytes(signature, message), 'hex');
  const known = good.get(input) ?? bad.get(input);
  if (known !== undefined) return known;
  const isValid = isBy(message, signature);
  return (isValid ? good : bad).set(input, isValid, 1);
}

/** What one verification with this key costs, in checks with Ed25519. Rule SIG-5. */
export function verifyCost({ alg }: PublicKey): number {
  return SCHEMES[alg].verifyCost;
}

/** Makes a new key. */
export function generateSigningKey(alg: Algorithm): SigningKey {
  const { curve, lattice } = SCHEMES[alg];
  if (lattice !== undefined) return latticeKey(lattice, copyBytes(randomBytes(SEED_BYTES)));
  if (curve === undefined) return signingKey(alg, generateKeyPairSync('ed25519').privateKey);
  return signingKey(alg, generateKeyPairSync('ec', { namedCurve: curve.name }).privateKey);
}

/**
 * Opens a private key from PKCS#8 DER; one of ML-DSA as the seed alone. Errors: `KEY`; the message
 * never quotes the key.
 */
export function importSigningKey(alg: Algorithm, pkcs8: Uint8Array): SigningKey {
  const { lattice } = SCHEMES[alg];
  if (lattice !== undefined) {
    const seed = seedOf(lattice, pkcs8);
    if (seed !== undefined) return latticeKey(lattice, seed);
    throw new KedgeError('KEY', `not an unencrypted PKCS#8 seed of an ${alg} private key`);
  }
  let object: KeyObject;
  try {
    object = createPrivateKey({ key: asBuffer(pkcs8), format: 'der', type: 'pkcs8' });
  } catch {
    // The cause may hold bytes of the key.
    throw new KedgeError('KEY', 'not an unencrypted PKCS#8 private key');
  }
  return signingKey(alg, object);
}

/** The PKCS#8 DER of a key that this module made: a secret. */
export function exportSigningKey(key: SigningKey): Uint8Array {
  const write = exporters.get(key);
  if (write === undefined) throw new KedgeError('BUG', 'this signing key cannot be exported');
  return write();
}

function signingKey(alg: Algorithm, object: KeyObject): SigningKey {
  const spki = createPublicKey(object).export({ format: 'der', type: 'spki' });
  const scheme = SCHEMES[alg];
  const key: SigningKey = {
    publicKey: importPublicKey({ alg, spki }),
    sign: (message) =>
      copyBytes(sign(scheme.hash, message, { key: object, dsaEncoding: 'ieee-p1363' })),
  };
  exporters.set(key, () => copyBytes(object.export({ format: 'der', type: 'pkcs8' })));
  return key;
}

function latticeKey(alg: MlDsa, seed: Uint8Array): SigningKey {
  const pair = mlDsaPair(alg, seed);
  const spki = concatBytes(SCHEMES[alg].prefix, pair.publicKey);
  const publicKey = importPublicKey({ alg, spki });
  const key: SigningKey = { publicKey, sign: (message) => pair.sign(message) };
  exporters.set(key, () => mlDsaPkcs8(alg, seed));
  return key;
}

/** KEY-2 to KEY-6: fixed prefix, exact length, a valid point; compressed points are expanded. */
function canonicalSpki(alg: Algorithm, spki: Uint8Array): Uint8Array {
  const { prefix, pointBytes, curve, lattice } = SCHEMES[alg];
  if (curve === undefined) {
    const point = afterPrefix(spki, prefix, pointBytes);
    if (point === undefined) throw notSpki(alg, spki);
    if (lattice === undefined) requireEdwardsPoint(point);
    return copyBytes(spki);
  }
  const point =
    afterPrefix(spki, prefix, pointBytes) ??
    afterPrefix(spki, curve.compressedPrefix, curve.compressedBytes);
  const forms = point?.length === pointBytes ? [UNCOMPRESSED] : [COMPRESSED_EVEN, COMPRESSED_ODD];
  if (point === undefined || !forms.includes(point[0] ?? 0)) throw notSpki(alg, spki);
  return concatBytes(prefix, expandPoint(point, curve.name));
}

function afterPrefix(
  spki: Uint8Array,
  prefix: Uint8Array,
  pointBytes: number,
): Uint8Array | undefined {
  if (spki.length !== prefix.length + pointBytes) return undefined;
  if (!equalBytes(spki.subarray(0, prefix.length), prefix)) return undefined;
  return spki.subarray(prefix.length);
}

/** KEY-3: gives the uncompressed form and refuses a point that is not on the curve. */
function expandPoint(point: Uint8Array, curve: string): Uint8Array {
  try {
    return parseHex(ECDH.convertKey(point, curve, undefined, 'hex', 'uncompressed').toString());
  } catch (cause) {
    throw new KedgeError('KEY', 'the public key is not a point of its curve', { cause });
  }
}

function notSpki(alg: Algorithm, spki: Uint8Array): KedgeError {
  return new KedgeError('KEY', `not the canonical SPKI DER of an ${alg} public key`, {
    detail: { alg, size: spki.length },
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
