/**
 * Names of the algorithms that sign certificates.
 *
 * Read from the bytes, because `node:crypto` of Node 20 does not tell and the X.509 library maps
 * several identifiers to one name. Source: RFC 8017, RFC 5758, RFC 8410.
 *
 * @module
 */
import { DER_TAG, type DerElement, oidHex, readChildren, readElement } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';

const NAMES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010102', 'rsa-md2'],
  ['2a864886f70d010104', 'rsa-md5'],
  ['2a864886f70d010105', 'rsa-sha1'],
  ['2a864886f70d01010e', 'rsa-sha224'],
  ['2a864886f70d01010b', 'rsa-sha256'],
  ['2a864886f70d01010c', 'rsa-sha384'],
  ['2a864886f70d01010d', 'rsa-sha512'],
  ['2a864886f70d01010a', 'rsa-pss'],
  ['2a8648ce380403', 'dsa-sha1'],
  ['2a8648ce3d0401', 'ecdsa-sha1'],
  ['2a8648ce3d040301', 'ecdsa-sha224'],
  ['2a8648ce3d040302', 'ecdsa-sha256'],
  ['2a8648ce3d040303', 'ecdsa-sha384'],
  ['2a8648ce3d040304', 'ecdsa-sha512'],
  ['2b6570', 'ed25519'],
  ['2b6571', 'ed448'],
]);

/** Signatures that can be forged, so that one of these under a certificate proves nothing. */
export const BROKEN_SIGNATURE_ALGS: ReadonlySet<string> = new Set([
  'rsa-md2',
  'rsa-md5',
  'rsa-sha1',
  'dsa-sha1',
  'ecdsa-sha1',
]);

/** The name of the algorithm that signed a certificate; the identifier in hex when unknown. */
export function readSignatureAlg(der: Uint8Array): string {
  const [, algorithm] = readChildren(der, readElement(der, 0));
  return nameSignatureAlg(der, algorithm);
}

/** The name that an AlgorithmIdentifier has here. Errors: `PARSE`. */
export function nameSignatureAlg(der: Uint8Array, algorithm: DerElement | undefined): string {
  const [oid] = algorithm === undefined ? [] : readChildren(der, algorithm);
  if (oid?.tag !== DER_TAG.oid) {
    throw new KedgeError('PARSE', 'not a DER certificate: it names no signature algorithm');
  }
  const hex = oidHex(der, oid);
  return NAMES.get(hex) ?? `oid-${hex}`;
}
