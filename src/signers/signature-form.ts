/**
 * Signatures as other tools print them, in the one form that statements carry.
 *
 * Tools give raw bytes or base64, and ECDSA either as `r ‖ s` (IEEE P1363, also JOSE) or as DER
 * (X9.62, also OpenSSL and most key services). The forms have different sizes. A wrong guess cannot
 * do harm: `sign.ts` verifies what comes out.
 *
 * @module
 */
import { concatBytes, parseBase64 } from '../core/bytes.ts';
import type { Algorithm } from '../core/crypto.ts';
import {
  DER_TAG,
  type DerElement,
  elementContent,
  readChildren,
  readElement,
} from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';

/** Bytes of a signature. Text of base64 never has the size of the signature that it encodes. */
const SIGNATURE_BYTES: ReadonlyMap<string, number> = new Map([
  ['ed25519', 64],
  ['ecdsa-p256-sha256', 64],
  ['ecdsa-p384-sha384', 96],
  ['ml-dsa-44', 2420],
  ['ml-dsa-65', 3309],
]);
const BASE64 = /^[A-Za-z0-9+/\-_]+={0,2}$/;

/** Finds the signature in what a tool printed. Errors: `PARSE`; the message gives sizes only. */
export function parseSignatureOutput(alg: Algorithm, output: Uint8Array): Uint8Array {
  const signature = formOf(alg, output) ?? formOf(alg, base64Of(output));
  if (signature !== undefined) return signature;
  throw new KedgeError(
    'PARSE',
    `the output of ${output.length} bytes is not a signature of ${alg}, raw, DER or base64`,
    {
      detail: {
        alg,
        size: output.length,
        hint: 'nothing was signed; standard output is for the signature alone, in one such form',
      },
    },
  );
}

function formOf(alg: Algorithm, bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  const size = SIGNATURE_BYTES.get(alg);
  if (size === undefined || bytes.length === size) return bytes;
  return alg.startsWith('ecdsa-') ? p1363Of(bytes, size / 2) : undefined;
}

/** `SEQUENCE { INTEGER r, INTEGER s }` as `r ‖ s`; absent when it is not exactly that. */
function p1363Of(der: Uint8Array, half: number): Uint8Array | undefined {
  try {
    const whole = readElement(der, 0);
    if (whole.tag !== DER_TAG.sequence || whole.end !== der.length) return undefined;
    const [r, s, ...rest] = readChildren(der, whole);
    if (r === undefined || s === undefined || rest.length > 0) return undefined;
    const [first, second] = [fixed(der, r, half), fixed(der, s, half)];
    return first === undefined || second === undefined ? undefined : concatBytes(first, second);
  } catch {
    // Not DER: the caller tries the next form.
    return undefined;
  }
}

/** A positive INTEGER in the shortest form, as `size` bytes. */
function fixed(der: Uint8Array, element: DerElement, size: number): Uint8Array | undefined {
  const content = elementContent(der, element);
  const [first = 0x80, second = 0] = content;
  if (element.tag !== DER_TAG.integer || first >= 0x80) return undefined;
  if (first === 0 && content.length > 1 && second < 0x80) return undefined;
  const value = first === 0 ? content.subarray(1) : content;
  if (value.length > size) return undefined;
  return concatBytes(new Uint8Array(size - value.length), value);
}

/** Base64 or base64url, with or without padding, in one piece or in lines. */
function base64Of(output: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(output).toString('latin1').replace(/\s+/g, '');
  if (!BASE64.test(text)) return undefined;
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  try {
    return parseBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '='));
  } catch {
    return undefined;
  }
}
