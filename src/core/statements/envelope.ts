/**
 * The DSSE v1 envelope: a payload, the signatures over it, and the bytes that are signed.
 *
 * In memory and on the wire the payload type is not carried: it is always `PAYLOAD_TYPE`, so what
 * somebody signed for another purpose never verifies here. Key ids are hints; nothing rests on
 * them. Source: the DSSE protocol and envelope documents; spec section 3.
 *
 * @module
 */
import { concatBytes, encodeBase64, encodeUtf8 } from '../bytes.ts';
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import {
  ENVELOPE_MAX_BYTES,
  SIGNATURE_MAX_BYTES,
  SIGNATURES_MAX,
  STATEMENT_MAX_BYTES,
} from '../limits.ts';
import { readObject } from '../reader.ts';

/** The type of every payload (in-toto). */
export const PAYLOAD_TYPE: string = 'application/vnd.in-toto+json';

/** One signature; whether it is valid, and by whom, only verifying tells. */
export interface Signature {
  /** A hint: the hex key id, or empty. */
  readonly keyId: string;
  readonly signature: Uint8Array;
}

/** The exact bytes that were signed, with what claims to be signatures over their PAE. */
export interface SignedStatement {
  readonly payload: Uint8Array;
  readonly signatures: readonly Signature[];
}

/** A statement with the whole body that it names. */
export interface SignedDocument {
  readonly statement: SignedStatement;
  readonly body: Uint8Array;
}

const KEY_HINT = /^(?:[0-9a-f]{2}){1,32}$/;
const KEY_HINT_MAX_CHARS = 256;

/**
 * Parses an envelope; the payload is not looked into.
 *
 * Errors: `LIMIT` (size, more than 64 signatures, a signature too long), `TYPE` (another payload
 * type), `PARSE` (not canonical JSON, duplicate or unknown keys, base64). Rules ENV-1 to ENV-4.
 */
export function parseEnvelope(bytes: Uint8Array): SignedStatement {
  const value = parseCanonical(bytes, { maxBytes: ENVELOPE_MAX_BYTES, what: 'envelope' });
  const envelope = readObject(value, 'envelope', {
    required: ['payload', 'payloadType', 'signatures'],
  });
  const payloadType = envelope.string('payloadType');
  if (payloadType !== PAYLOAD_TYPE) {
    throw new KedgeError('TYPE', `envelope.payloadType must be ${PAYLOAD_TYPE}`);
  }
  return {
    payload: envelope.bytes('payload', { maxBytes: STATEMENT_MAX_BYTES }),
    signatures: envelope.list('signatures', { max: SIGNATURES_MAX }, readSignature),
  };
}

/** Encodes an envelope as canonical JSON. */
export function encodeEnvelope(statement: SignedStatement): Uint8Array {
  return encodeCanonical({
    payload: encodeBase64(statement.payload),
    payloadType: PAYLOAD_TYPE,
    signatures: statement.signatures.map(({ keyId, signature }) => ({
      keyid: keyId,
      sig: encodeBase64(signature),
    })),
  });
}

/**
 * The bytes that are signed: DSSE's pre-authentication encoding, which no other payload type and
 * no bare payload can equal. Lengths are in bytes. Rule ENV-5.
 */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = encodeUtf8(payloadType);
  return concatBytes(
    encodeUtf8(`DSSEv1 ${type.length} `),
    type,
    encodeUtf8(` ${payload.length} `),
    payload,
  );
}

function readSignature(value: CanonicalValue, path: string): Signature {
  const signature = readObject(value, path, { required: ['sig'], optional: ['keyid'] });
  const hint = signature.has('keyid') ? signature.string('keyid') : '';
  if (hint.length > KEY_HINT_MAX_CHARS) {
    throw new KedgeError('LIMIT', `${path}.keyid has more than ${KEY_HINT_MAX_CHARS} characters`);
  }
  return {
    // Other tools name keys in other ways; such a hint helps nobody and is dropped.
    keyId: KEY_HINT.test(hint) ? hint : '',
    signature: signature.bytes('sig', { maxBytes: SIGNATURE_MAX_BYTES }),
  };
}
