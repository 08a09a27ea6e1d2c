/**
 * ML-DSA-44 and ML-DSA-65 (FIPS 204), pure and with the empty context, for keys that shall hold
 * against quantum computers. Public keys are SPKI and private ones PKCS#8 seeds as in RFC 9881.
 *
 * The implementation takes some 20 ms to load, and most programs never see such a key: it is loaded
 * when the first one is used, synchronously, as everything in the core is synchronous. `crypto.ts`
 * alone uses this file.
 *
 * @module
 */
import { createRequire } from 'node:module';
import type * as Lattice from '@noble/post-quantum/ml-dsa.js';
import { concatBytes, copyBytes, equalBytes, parseHex } from './bytes.ts';

/** A parameter set. */
export type MlDsa = 'ml-dsa-44' | 'ml-dsa-65';

/** What an SPKI of this kind begins with; the rest is the key. */
export const SPKI_PREFIXES: Readonly<Record<MlDsa, Uint8Array>> = {
  'ml-dsa-44': parseHex('30820532300b06096086480165030403110382052100'),
  'ml-dsa-65': parseHex('308207b2300b0609608648016503040312038207a100'),
};

/** A key pair in memory. */
export interface MlDsaPair {
  readonly publicKey: Uint8Array;
  /** Signs the message itself. */
  sign(message: Uint8Array): Uint8Array;
}

/** The seed that a private key is made of, bytes. */
export const SEED_BYTES: number = 32;

const PKCS8_PREFIXES: Readonly<Record<MlDsa, Uint8Array>> = {
  'ml-dsa-44': parseHex('3034020100300b060960864801650304031104228020'),
  'ml-dsa-65': parseHex('3034020100300b060960864801650304031204228020'),
};

let loaded: typeof Lattice | undefined;

/** Says whether a signature of the right length over a message is by a key of the right length. */
export function verifyMlDsa(
  set: MlDsa,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return schemeOf(set).verify(signature, message, publicKey);
}

/** Makes the key pair of a seed. */
export function mlDsaPair(set: MlDsa, seed: Uint8Array): MlDsaPair {
  const scheme = schemeOf(set);
  const { publicKey, secretKey } = scheme.keygen(seed);
  return {
    publicKey: copyBytes(publicKey),
    sign: (message) => copyBytes(scheme.sign(message, secretKey)),
  };
}

/** PKCS#8 DER of a seed: a secret. */
export function mlDsaPkcs8(set: MlDsa, seed: Uint8Array): Uint8Array {
  return concatBytes(PKCS8_PREFIXES[set], seed);
}

/** The seed in PKCS#8 DER; absent when it is something else. */
export function seedOf(set: MlDsa, pkcs8: Uint8Array): Uint8Array | undefined {
  const prefix = PKCS8_PREFIXES[set];
  if (pkcs8.length !== prefix.length + SEED_BYTES) return undefined;
  if (!equalBytes(pkcs8.subarray(0, prefix.length), prefix)) return undefined;
  return copyBytes(pkcs8.subarray(prefix.length));
}

function schemeOf(set: MlDsa): typeof Lattice.ml_dsa44 {
  loaded ??= load();
  return set === 'ml-dsa-44' ? loaded.ml_dsa44 : loaded.ml_dsa65;
}

function load(): typeof Lattice {
  const loadNow: (id: string) => typeof Lattice = createRequire(import.meta.url);
  return loadNow('@noble/post-quantum/ml-dsa.js');
}
