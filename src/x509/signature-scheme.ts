/**
 * How a signature under what CAs publish is checked by `node:crypto`.
 *
 * Node checks those of certificates by itself, not those of revocation lists. What can be forged
 * has no scheme. Source: RFC 4055 section 3.1, RFC 5758, RFC 8410.
 *
 * @module
 */
import { constants, type VerifyKeyObjectInput } from 'node:crypto';
import {
  DER_TAG,
  type DerElement,
  elementContent,
  oidHex,
  readChildren,
  readElement,
} from '../core/der.ts';
import { nameSignatureAlg } from './signature-algs.ts';

/** What `verify` needs beside key, bytes and signature. */
export interface SignatureScheme {
  /** Kinds of keys that sign so, as Node names them. */
  readonly keyTypes: readonly string[];
  /** Null: the scheme says itself. */
  readonly digest: string | null;
  readonly options: Pick<VerifyKeyObjectInput, 'padding' | 'saltLength'>;
}

const DIGESTS = ['sha224', 'sha256', 'sha384', 'sha512'] as const;
/** Object identifiers of digests in hex. */
const DIGEST_OIDS: ReadonlyMap<string, string> = new Map([
  ['608648016503040204', 'sha224'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);
const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  ...DIGESTS.flatMap((digest): readonly (readonly [string, SignatureScheme])[] => [
    [`rsa-${digest}`, { keyTypes: ['rsa'], digest, options: {} }],
    [`ecdsa-${digest}`, { keyTypes: ['ec'], digest, options: {} }],
  ]),
  ['ed25519', { keyTypes: ['ed25519'], digest: null, options: {} }],
  ['ed448', { keyTypes: ['ed448'], digest: null, options: {} }],
]);
/** Of the parameters of RSA-PSS. */
const PSS = { digest: 0xa0, salt: 0xa2, saltDefault: 20 } as const;

/** The scheme that an AlgorithmIdentifier means; none for one that is unknown or can be forged. */
export function readSignatureScheme(
  der: Uint8Array,
  algorithm: DerElement,
): SignatureScheme | undefined {
  const name = nameSignatureAlg(der, algorithm);
  return name === 'rsa-pss' ? readPss(der, algorithm) : SCHEMES.get(name);
}

function readPss(der: Uint8Array, algorithm: DerElement): SignatureScheme | undefined {
  const [, given] = readChildren(der, algorithm);
  if (given?.tag !== DER_TAG.sequence) return undefined;
  const parts = readChildren(der, given);
  const inside = (wanted: number): DerElement | undefined => {
    const part = parts.find(({ tag }) => tag === wanted);
    return part === undefined ? undefined : readElement(der, part.contentStart);
  };
  // Without it, it is SHA-1. The mask is made with the same one; any other does not verify.
  const digestAlg = inside(PSS.digest);
  const [oid] = digestAlg === undefined ? [] : readChildren(der, digestAlg);
  const digest = oid === undefined ? undefined : DIGEST_OIDS.get(oidHex(der, oid));
  if (digest === undefined) return undefined;
  const salt = inside(PSS.salt);
  const saltLength =
    salt === undefined ? PSS.saltDefault : elementContent(der, salt).reduce(bigEndian, 0);
  const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return { keyTypes: ['rsa', 'rsa-pss'], digest, options };
}

function bigEndian(sum: number, byte: number): number {
  return sum * 256 + byte;
}
