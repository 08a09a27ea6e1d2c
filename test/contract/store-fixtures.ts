/**
 * Documents, blobs and evidence for tests of stores. A store judges nothing, so these are bytes of
 * the right shape and nothing more.
 */
import { encodeUtf8 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/crypto.ts';
import {
  type AnchorId,
  parseSequence,
  parseStreamName,
  type Sequence,
  type StreamName,
} from '../../src/core/ids.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import type { Evidence } from '../../src/core/trusted/state.ts';
import type { StoreBatch, StoredDocument } from '../../src/ports/store.ts';

export const CHARTER: StreamName = parseStreamName('charter');
export const PAYMENTS: StreamName = parseStreamName('release/payments.example.org');
export const PUBLIC: StreamName = parseStreamName('release/public-web');

export function at(sequence: number): Sequence {
  return parseSequence(sequence);
}

/** A document; other `note`s give other bytes for the same place. */
export function documentOf(
  stream: StreamName,
  sequence: number,
  options: { readonly note?: string; readonly bodyBytes?: number } = {},
): StoredDocument {
  const { note = '', bodyBytes = 0 } = options;
  const statement = statementOf(`${stream} ${String(sequence)} ${note}`);
  const body = encodeUtf8(`body of ${stream} ${String(sequence)} ${note}`.padEnd(bodyBytes, '.'));
  return {
    stream,
    sequence: at(sequence),
    digest: sha256(statement.payload),
    document: { statement, body },
  };
}

export function documentsOf(stream: StreamName, first: number, last: number): StoredDocument[] {
  const count = last - first + 1;
  return Array.from({ length: count }, (_, index) => documentOf(stream, first + index));
}

export function batchOf(...documents: readonly StoredDocument[]): StoreBatch {
  return { documents, blobs: [] };
}

export function blobOf(text: string): { readonly id: AnchorId; readonly der: Uint8Array } {
  const der = encodeUtf8(`DER of ${text}`);
  return { id: sha256(der), der };
}

export function evidenceOf(stream: StreamName, sequence: number): Evidence {
  return {
    stream,
    sequence: at(sequence),
    first: statementOf(`${stream} ${String(sequence)} one side`),
    second: statementOf(`${stream} ${String(sequence)} other side`),
  };
}

function statementOf(text: string): SignedStatement {
  const payload = encodeUtf8(`statement ${text}`);
  const signatures = ['0a'.repeat(32), ''].map((keyId, index) => ({
    keyId,
    signature: encodeUtf8(`signature ${String(index)} of ${text}`),
  }));
  return { payload, signatures };
}
