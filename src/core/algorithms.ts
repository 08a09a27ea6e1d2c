/**
 * The signature algorithms and their fixed sizes and bytes. Spec section 2.
 *
 * @module
 */
import { parseHex } from './bytes.ts';
import { type MlDsa, SPKI_PREFIXES } from './ml-dsa.ts';

/** A signature algorithm that this verifier knows. ECDSA signatures are IEEE P1363 (`r ‖ s`). */
export type Algorithm = 'ed25519' | 'ecdsa-p256-sha256' | 'ecdsa-p384-sha384' | MlDsa;

/** The algorithms, in the order of the specification. */
export const ALGORITHMS: readonly Algorithm[] = [
  'ed25519',
  'ecdsa-p256-sha256',
  'ecdsa-p384-sha384',
  'ml-dsa-44',
  'ml-dsa-65',
];

/** What checks of keys and signatures need to know of an algorithm. */
export interface Scheme {
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
  /** One that Node does not have. */
  readonly lattice?: MlDsa;
}

/** All of them. Their prefixes are those of the specification, section 2. */
export const SCHEMES: Readonly<Record<Algorithm, Scheme>> = {
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
  'ml-dsa-44': {
    hash: null,
    signatureBytes: 2420,
    // Measured in JavaScript, beside Ed25519 in OpenSSL; so is the next one.
    verifyCost: 14,
    prefix: SPKI_PREFIXES['ml-dsa-44'],
    pointBytes: 1312,
    lattice: 'ml-dsa-44',
  },
  'ml-dsa-65': {
    hash: null,
    signatureBytes: 3309,
    verifyCost: 18,
    prefix: SPKI_PREFIXES['ml-dsa-65'],
    pointBytes: 1952,
    lattice: 'ml-dsa-65',
  },
};
