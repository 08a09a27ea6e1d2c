/**
 * Statements, documents, evidence, bodies and blobs: the parts that every service shares.
 *
 * Nothing is verified here, only bounded and copied: whether a payload parses and who signed it is
 * decided in `core/`.
 *
 * @module
 */
import { encodeHex } from '../core/bytes.ts';
import { importPublicKey, type PublicKey } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { parseStreamName } from '../core/ids.ts';
import {
  ANCHOR_MAX_BYTES,
  ANCHORS_MAX,
  BLOB_CHUNK_MAX_BYTES,
  BODY_MAX_BYTES,
  SIGNATURE_MAX_BYTES,
  SIGNATURES_MAX,
  SIGNERS_MAX,
  SPKI_MAX_BYTES,
  STATEMENT_MAX_BYTES,
} from '../core/limits.ts';
import type { BodyContent, BodyDelta } from '../core/statements/body-content.ts';
import type { Signature, SignedDocument, SignedStatement } from '../core/statements/envelope.ts';
import type { Evidence } from '../core/trusted/state.ts';
import {
  decodeBytes,
  decodeSequence,
  decodeSha256,
  encodeHexBytes,
  requireCount,
  requireMessage,
  unknownMember,
} from './fields.ts';
import type { BlobInput, BlobOutput } from './gen/kedge/v1/Blob.ts';
import type { BodyDeltaInput, BodyDeltaOutput } from './gen/kedge/v1/BodyDelta.ts';
import type { ForkEvidenceInput, ForkEvidenceOutput } from './gen/kedge/v1/ForkEvidence.ts';
import type { RevealedKeyOutput } from './gen/kedge/v1/RevealedKey.ts';
import type { SignatureInput, SignatureOutput } from './gen/kedge/v1/Signature.ts';
import type { SignedDocumentInput, SignedDocumentOutput } from './gen/kedge/v1/SignedDocument.ts';
import type {
  SignedStatementInput,
  SignedStatementOutput,
} from './gen/kedge/v1/SignedStatement.ts';

const KEY_HINT_MAX_BYTES = 32;
const KEY_HINT = /^(?:[0-9a-f]{2}){0,32}$/;

/** Checks and copies a statement with its signatures. */
export function decodeStatement(
  message: SignedStatementOutput | null | undefined,
  what: string,
): SignedStatement {
  const { payload, signatures } = requireMessage(message, what);
  requireCount(signatures, SIGNATURES_MAX, `${what} signatures`);
  return {
    payload: decodeBytes(payload, { min: 1, max: STATEMENT_MAX_BYTES }, `${what} payload`),
    signatures: signatures.map(decodeSignature),
  };
}

/** The message of a statement. */
export function encodeStatement(statement: SignedStatement): SignedStatementInput {
  return {
    payload: statement.payload,
    signatures: statement.signatures.map(encodeSignature),
  };
}

/** Checks and copies a statement with its body. */
export function decodeDocument(
  message: SignedDocumentOutput | null | undefined,
  what: string,
): SignedDocument {
  const { statement, body } = requireMessage(message, what);
  return {
    statement: decodeStatement(statement, `${what} statement`),
    body: decodeBytes(body, { min: 1, max: BODY_MAX_BYTES }, `${what} body`),
  };
}

/** The message of a document. */
export function encodeDocument(document: SignedDocument): SignedDocumentInput {
  return { statement: encodeStatement(document.statement), body: document.body };
}

/** Checks and copies evidence of a fork. */
export function decodeEvidence(message: ForkEvidenceOutput | null | undefined): Evidence {
  const what = 'fork evidence';
  const { stream, sequence, first, second, revealed, recovered } = requireMessage(message, what);
  requireCount(revealed, SIGNERS_MAX, `${what} keys`);
  return {
    stream: parseStreamName(stream),
    sequence: decodeSequence(sequence, `${what} sequence`),
    first: decodeStatement(first, `${what} first statement`),
    second: decodeStatement(second, `${what} second statement`),
    ...(recovered && { recovered: decodeStatement(recovered, `${what} recovery`) }),
    ...(revealed.length > 0 && { revealed: revealed.map(decodeKey) }),
  };
}

/** The message of evidence. */
export function encodeEvidence(evidence: Evidence): ForkEvidenceInput {
  return {
    stream: evidence.stream,
    sequence: String(evidence.sequence),
    first: encodeStatement(evidence.first),
    second: encodeStatement(evidence.second),
    ...(evidence.recovered && { recovered: encodeStatement(evidence.recovered) }),
    ...(evidence.revealed && {
      revealed: evidence.revealed.map(({ alg, spki }) => ({ alg, spki })),
    }),
  };
}

/** A key that is none cannot have signed anything. */
function decodeKey({ alg, spki }: RevealedKeyOutput): PublicKey {
  const der = decodeBytes(spki, { min: 1, max: SPKI_MAX_BYTES }, 'fork evidence key');
  try {
    return importPublicKey({ alg, spki: der });
  } catch (cause) {
    throw new KedgeError('PARSE', 'fork evidence has a key that is none', { cause });
  }
}

/** Checks and copies the DER of anchors; `maxBytes` bounds their sum. */
export function decodeBlobs(
  blobs: readonly BlobOutput[],
  maxBytes: number = BLOB_CHUNK_MAX_BYTES,
): readonly Uint8Array[] {
  let total = 0;
  for (const { der } of requireCount(blobs, ANCHORS_MAX, 'blobs')) total += der.length;
  if (total > maxBytes) {
    const message = `blobs have ${String(total)} bytes together, more than ${String(maxBytes)}`;
    throw new KedgeError('LIMIT', message, { detail: { size: total, max: maxBytes } });
  }
  return blobs.map(({ der }) => decodeBytes(der, { min: 1, max: ANCHOR_MAX_BYTES }, 'blob'));
}

/** The messages of anchors. */
export function encodeBlobs(blobs: readonly Uint8Array[]): BlobInput[] {
  return blobs.map((der) => ({ der }));
}

/** Checks and copies a body, given whole or as a delta. */
export function decodeContent(
  whole: Uint8Array | undefined,
  delta: BodyDeltaOutput | null | undefined,
  what: string,
): BodyContent {
  if (whole !== undefined) {
    const body = decodeBytes(whole, { min: 1, max: BODY_MAX_BYTES }, `${what} body`);
    return { kind: 'whole', body };
  }
  if (delta !== null && delta !== undefined) return { kind: 'delta', delta: decodeDelta(delta) };
  throw unknownMember(`the content of ${what}`);
}

/** The message of a delta. */
export function encodeDelta(delta: BodyDelta): BodyDeltaInput {
  return {
    baseSequence: String(delta.baseSequence),
    baseBodyDigest: encodeHexBytes(delta.baseBodyDigest),
    patch: delta.patch,
  };
}

function decodeDelta(delta: BodyDeltaOutput): BodyDelta {
  return {
    baseSequence: decodeSequence(delta.baseSequence, 'delta base sequence'),
    baseBodyDigest: decodeSha256(delta.baseBodyDigest, 'delta base digest'),
    patch: decodeBytes(delta.patch, { min: 1, max: BODY_MAX_BYTES }, 'delta patch'),
  };
}

/** Checks and copies one signature. */
export function decodeSignature({ keyId, signature }: SignatureOutput): Signature {
  return {
    keyId: encodeHex(decodeBytes(keyId, { min: 0, max: KEY_HINT_MAX_BYTES }, 'key id')),
    signature: decodeBytes(signature, { min: 0, max: SIGNATURE_MAX_BYTES }, 'signature'),
  };
}

/** The message of one signature. A hint that does not fit the field is left out. */
export function encodeSignature({ keyId, signature }: Signature): SignatureInput {
  return { keyId: encodeHexBytes(KEY_HINT.test(keyId) ? keyId : ''), signature };
}
