/**
 * Hashes, public keys and signatures: the only importer of `node:crypto` in the core.
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
  sign,
  verify,
} from 'node:crypto';
import { concatBytes, copyBytes, encodeUtf8, equalBytes, parseHex } from './bytes.ts';
import { requireEdwardsPoint } from './edwards.ts';
import { KedgeError } from './errors.ts';
import { type KeyId, parseSha256, type Sha256 } from './ids.ts';
import { Memo } from './memo.ts';

/** A signature algorithm that this verifier knows. ECDSA signatures are IEEE P1363 (`r ‖ s`). */
export type Algorithm = 'ed25519' | 'ecdsa-p256-sha256' | 'ecdsa-p384-sha384';

/** The algorithms, in the order of the specification. */
export const ALGORITHMS: readonly Algorithm[] = [
  'ed25519',
  'ecdsa-p256-sha256',
  'ecdsa-p384-sha384',
];

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

interface Scheme {
  readonly hash: string | null;
  readonly signatureBytes: number;
  /** What verifying costs, with Ed25519 and P-256 (some 0.1 ms) as the unit. */
  readonly verifyCost: number;
  /** DER up to the key or point; the rest of the SPKI has exactly `pointBytes`. */
  readonly prefix: Uint8Array;
  readonly pointBytes: number;
  readonly curve?: {
    readonly name: string;
    readonly compressedPrefix: Uint8Array;
    readonly compressedBytes: number;
  };
}

const SCHEMES: Readonly<Record<Algorithm, Scheme>> = {
  ed25519: {
    hash: null,
    signatureBytes: 64,
    verifyCost: 1,
    prefix: parseHex('302a300506032b6570032100'),
    pointBytes: 32,
  },
  'ecdsa-p256-sha256': {
    hash: 'sha256',
    signatureBytes: 64,
    verifyCost: 1,
    prefix: parseHex('3059301306072a8648ce3d020106082a8648ce3d030107034200'),
    pointBytes: 65,
    curve: {
      name: 'prime256v1',
      compressedPrefix: parseHex('3039301306072a8648ce3d020106082a8648ce3d030107032200'),
      compressedBytes: 33,
    },
  },
  'ecdsa-p384-sha384': {
    hash: 'sha384',
    signatureBytes: 96,
    // Measured with OpenSSL 3 on x86-64.
    verifyCost: 6,
    prefix: parseHex('3076301006072a8648ce3d020106052b81040022036200'),
    pointBytes: 97,
    curve: {
      name: 'secp384r1',
      compressedPrefix: parseHex('3046301006072a8648ce3d020106052b81040022033200'),
      compressedBytes: 49,
    },
  },
};

const VERIFIED_MAX = 4096;
const IMPORTED_MAX = 1024;
const COMPRESSED_EVEN = 2;
const COMPRESSED_ODD = 3;
const UNCOMPRESSED = 4;

// A KeyObject is made once per imported key; an entry here is also the proof of the import.
const publicObjects = new WeakMap<PublicKey, KeyObject>();
const privateObjects = new WeakMap<SigningKey, KeyObject>();
// Apart, so that garbage never pushes out what was found good.
const good = new Memo<boolean>(VERIFIED_MAX);
const bad = new Memo<boolean>(VERIFIED_MAX);
const imported = new Memo<PublicKey>(IMPORTED_MAX);

/** SHA-256 as hex. */
export function sha256(bytes: Uint8Array): Sha256 {
  return parseSha256(hash('sha256', bytes, 'hex'));
}

/** SHA-256 as 32 bytes. */
export function sha256Bytes(bytes: Uint8Array): Uint8Array {
  return copyBytes(hash('sha256', bytes, 'buffer'));
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
  publicObjects.set(key, createPublicKey({ key: asBuffer(spki), format: 'der', type: 'spki' }));
  return key;
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
  const object = publicObjects.get(key);
  if (object === undefined) throw new KedgeError('BUG', 'a key was used that was not imported');
  const scheme = SCHEMES[key.alg];
  if (signature.length !== scheme.signatureBytes) return false;
  // Signatures of one key have one length, so that no two inputs share a name.
  const input = key.keyId + hash('sha256', concatBytes(signature, message), 'hex');
  const known = good.get(input) ?? bad.get(input);
  if (known !== undefined) return known;
  const isValid = verify(
    scheme.hash,
    message,
    { key: object, dsaEncoding: 'ieee-p1363' },
    signature,
  );
  return (isValid ? good : bad).set(input, isValid, 1);
}

/** What one verification with this key costs, in checks with Ed25519. Rule SIG-5. */
export function verifyCost({ alg }: PublicKey): number {
  return SCHEMES[alg].verifyCost;
}

/** Makes a new key. */
export function generateSigningKey(alg: Algorithm): SigningKey {
  const { curve } = SCHEMES[alg];
  if (curve === undefined) return signingKey(alg, generateKeyPairSync('ed25519').privateKey);
  return signingKey(alg, generateKeyPairSync('ec', { namedCurve: curve.name }).privateKey);
}

/** Opens a private key from PKCS#8 DER. Errors: `KEY`; the message never quotes the key. */
export function importSigningKey(alg: Algorithm, pkcs8: Uint8Array): SigningKey {
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
  const object = privateObjects.get(key);
  if (object === undefined) throw new KedgeError('BUG', 'this signing key cannot be exported');
  return copyBytes(object.export({ format: 'der', type: 'pkcs8' }));
}

function signingKey(alg: Algorithm, object: KeyObject): SigningKey {
  const spki = createPublicKey(object).export({ format: 'der', type: 'spki' });
  const scheme = SCHEMES[alg];
  const key: SigningKey = {
    publicKey: importPublicKey({ alg, spki }),
    sign: (message) =>
      copyBytes(sign(scheme.hash, message, { key: object, dsaEncoding: 'ieee-p1363' })),
  };
  privateObjects.set(key, object);
  return key;
}

/** KEY-2 to KEY-6: fixed prefix, exact length, a valid point; compressed points are expanded. */
function canonicalSpki(alg: Algorithm, spki: Uint8Array): Uint8Array {
  const { prefix, pointBytes, curve } = SCHEMES[alg];
  if (curve === undefined) {
    const point = afterPrefix(spki, prefix, pointBytes);
    if (point === undefined) throw notSpki(alg, spki);
    requireEdwardsPoint(point);
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
