/**
 * The admins' methods: bytes ⇄ the values of `core/admin/messages.ts`.
 *
 * Decoding checks every field, bounds every list and copies every byte string. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import type {
  BlobsQuery,
  DocumentAnswer,
  DocumentQuery,
  HistoryQuery,
  StreamStatus,
  Submission,
  SubmitReceipt,
} from '../core/admin/messages.ts';
import { KedgeError } from '../core/errors.ts';
import { parseStreamName, type StreamName } from '../core/ids.ts';
import {
  ANCHORS_MAX,
  HISTORY_PAGE_MAX,
  MESSAGE_MAX_BYTES,
  REGIONS_MAX,
  ROWS_MAX,
} from '../core/limits.ts';
import type { StreamAttestation } from '../core/log/attested.ts';
import type { SignedStatement } from '../core/statements/envelope.ts';
import {
  decodeAttestedRows,
  decodeCosignedLeaf,
  encodeAttestedRows,
  encodeCosignedLeaf,
} from './attestations.ts';
import {
  decodeOptionalSequence,
  decodeSequence,
  decodeSha256,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireSize,
} from './fields.ts';
import type { StreamStatusInput, StreamStatusOutput } from './gen/kedge/v1/StreamStatus.ts';
import { messageCodec } from './protos.ts';
import {
  decodeBlobs,
  decodeDocument,
  decodeEvidence,
  decodeStatement,
  encodeBlobs,
  encodeDocument,
  encodeEvidence,
  encodeStatement,
} from './statements.ts';

const submitRequest = messageCodec('admin', 'SubmitRequest');
const submitResponse = messageCodec('admin', 'SubmitResponse');
const documentRequest = messageCodec('admin', 'GetDocumentRequest');
const documentResponse = messageCodec('admin', 'GetDocumentResponse');
const streamsResponse = messageCodec('admin', 'ListStreamsResponse');
const historyRequest = messageCodec('admin', 'ListHistoryRequest');
const historyResponse = messageCodec('admin', 'ListHistoryResponse');
const blobsRequest = messageCodec('admin', 'GetBlobsRequest');
const blobsResponse = messageCodec('admin', 'GetBlobsResponse');

const checkpointRequest = messageCodec('admin', 'GetCheckpointRequest');
const checkpointResponse = messageCodec('admin', 'GetCheckpointResponse');

const HISTORY_PAGE_DEFAULT = 50;
const QUERY_MAX_BYTES = 1024;
const BLOBS_QUERY_MAX_BYTES = 64 * 1024;

/** Reads a submission. */
export function decodeSubmission(bytes: Uint8Array): Submission {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'submission');
  const message = submitRequest.deserialize(bytes);
  return {
    document: decodeDocument(message.document, 'submitted document'),
    blobs: decodeBlobs(message.blobs, MESSAGE_MAX_BYTES),
  };
}

/** Writes a submission. Errors: `LIMIT` when it does not fit one message. */
export function encodeSubmission({ document, blobs }: Submission): Buffer {
  const message = { document: encodeDocument(document), blobs: encodeBlobs(blobs) };
  return bounded(submitRequest.serialize(message), 'submission');
}

/** Reads the answer to a submission. */
export function decodeSubmitReceipt(bytes: Uint8Array): SubmitReceipt {
  requireSize(bytes, QUERY_MAX_BYTES, 'submit response');
  const message = submitResponse.deserialize(bytes);
  return {
    stream: parseStreamName(message.stream),
    sequence: decodeSequence(message.sequence, 'submitted sequence'),
    digest: decodeSha256(message.digest, 'submitted digest'),
    novelty: message.alreadyHeld ? 'held' : 'new',
  };
}

/** Writes the answer to a submission. */
export function encodeSubmitReceipt(receipt: SubmitReceipt): Buffer {
  return submitResponse.serialize({
    stream: receipt.stream,
    sequence: String(receipt.sequence),
    digest: encodeHexBytes(receipt.digest),
    alreadyHeld: receipt.novelty === 'held',
  });
}

/** Reads which document is wanted. */
export function decodeDocumentQuery(bytes: Uint8Array): DocumentQuery {
  requireSize(bytes, QUERY_MAX_BYTES, 'document request');
  const message = documentRequest.deserialize(bytes);
  const stream = parseStreamName(message.stream);
  const sequence = decodeOptionalSequence(message.sequence, 'document sequence');
  const blobs = message.withBlobs ? 'with' : 'without';
  return sequence === undefined ? { stream, blobs } : { stream, sequence, blobs };
}

/** Writes which document is wanted. */
export function encodeDocumentQuery(query: DocumentQuery): Buffer {
  return documentRequest.serialize({
    stream: query.stream,
    sequence: String(query.sequence ?? 0),
    withBlobs: query.blobs === 'with',
  });
}

/** Reads a document. */
export function decodeDocumentAnswer(bytes: Uint8Array): DocumentAnswer {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'document response');
  const message = documentResponse.deserialize(bytes);
  return {
    document: decodeDocument(message.document, 'document'),
    blobs: decodeBlobs(message.blobs, MESSAGE_MAX_BYTES),
  };
}

/** Writes a document. Errors: `LIMIT` when the blobs do not fit beside it. */
export function encodeDocumentAnswer({ document, blobs }: DocumentAnswer): Buffer {
  const message = { document: encodeDocument(document), blobs: encodeBlobs(blobs) };
  return bounded(documentResponse.serialize(message), 'document with its anchors');
}

/** Reads the heads of all streams. */
export function decodeStreamList(bytes: Uint8Array): readonly StreamStatus[] {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'stream list');
  const { streams } = streamsResponse.deserialize(bytes);
  return requireCount(streams, ROWS_MAX, 'streams').map(decodeStreamStatus);
}

/** Writes the heads of all streams. Errors: `LIMIT`. */
export function encodeStreamList(streams: readonly StreamStatus[]): Buffer {
  const message = { streams: streams.map(encodeStreamStatus) };
  return bounded(streamsResponse.serialize(message), 'stream list');
}

/** Checks the head of one stream. */
export function decodeStreamStatus(status: StreamStatusOutput): StreamStatus {
  const plain = {
    stream: parseStreamName(status.stream),
    sequence: decodeUint(status.sequence, 'stream sequence'),
    digest: decodeSha256(status.digest, 'stream digest'),
  };
  return status.fork === null ? plain : { ...plain, fork: decodeEvidence(status.fork) };
}

/** The message of the head of one stream. */
export function encodeStreamStatus(status: StreamStatus): StreamStatusInput {
  return {
    stream: status.stream,
    sequence: String(status.sequence),
    digest: encodeHexBytes(status.digest),
    fork: status.fork === undefined ? null : encodeEvidence(status.fork),
  };
}

/** Reads which statements to list; without a limit, 50. */
export function decodeHistoryQuery(bytes: Uint8Array): HistoryQuery {
  requireSize(bytes, QUERY_MAX_BYTES, 'history request');
  const message = historyRequest.deserialize(bytes);
  const stream = parseStreamName(message.stream);
  const before = decodeOptionalSequence(message.beforeSequence, 'history before_sequence');
  const limit = message.limit === 0 ? HISTORY_PAGE_DEFAULT : message.limit;
  if (limit > HISTORY_PAGE_MAX) {
    throw new KedgeError('LIMIT', `history limit is above ${String(HISTORY_PAGE_MAX)}`);
  }
  return before === undefined ? { stream, limit } : { stream, before, limit };
}

/** Writes which statements to list. */
export function encodeHistoryQuery(query: HistoryQuery): Buffer {
  return historyRequest.serialize({
    stream: query.stream,
    beforeSequence: String(query.before ?? 0),
    limit: query.limit,
  });
}

/** Reads a page of statements. */
export function decodeHistoryPage(bytes: Uint8Array): readonly SignedStatement[] {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'history page');
  const { statements } = historyResponse.deserialize(bytes);
  return requireCount(statements, HISTORY_PAGE_MAX, 'statements').map((statement) =>
    decodeStatement(statement, 'listed statement'),
  );
}

/** Writes a page of statements. Errors: `LIMIT`. */
export function encodeHistoryPage(statements: readonly SignedStatement[]): Buffer {
  const message = { statements: statements.map(encodeStatement) };
  return bounded(historyResponse.serialize(message), 'history page');
}

/** Reads which anchors are wanted. */
export function decodeBlobsQuery(bytes: Uint8Array): BlobsQuery {
  requireSize(bytes, BLOBS_QUERY_MAX_BYTES, 'blobs request');
  const { ids } = blobsRequest.deserialize(bytes);
  return {
    ids: requireCount(ids, ANCHORS_MAX, 'anchor ids').map((id) => decodeSha256(id, 'anchor id')),
  };
}

/** Writes which anchors are wanted. */
export function encodeBlobsQuery(query: BlobsQuery): Buffer {
  return blobsRequest.serialize({ ids: query.ids.map((id) => Buffer.from(encodeHexBytes(id))) });
}

/** Reads anchors. */
export function decodeBlobsAnswer(bytes: Uint8Array): readonly Uint8Array[] {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'blobs response');
  return decodeBlobs(blobsResponse.deserialize(bytes).blobs, MESSAGE_MAX_BYTES);
}

/** Writes anchors. Errors: `LIMIT` when they do not fit one message: ask for fewer at a time. */
export function encodeBlobsAnswer(blobs: readonly Uint8Array[]): Buffer {
  return bounded(blobsResponse.serialize({ blobs: encodeBlobs(blobs) }), 'anchors');
}

/** Reads which stream's checkpoint is wanted. */
export function decodeCheckpointQuery(bytes: Uint8Array): StreamName {
  requireSize(bytes, QUERY_MAX_BYTES, 'checkpoint request');
  return parseStreamName(checkpointRequest.deserialize(bytes).stream);
}

/** Writes which stream's checkpoint is wanted. */
export function encodeCheckpointQuery(stream: StreamName): Buffer {
  return checkpointRequest.serialize({ stream });
}

/** Reads what regions attest of a stream; whether it is true is the reader's business. */
export function decodeCheckpointAnswer(bytes: Uint8Array): StreamAttestation {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'checkpoint response');
  const answer = checkpointResponse.deserialize(bytes);
  const heartbeats = requireCount(answer.heartbeats, REGIONS_MAX, 'heartbeats');
  return { leaf: decodeCosignedLeaf(answer), heartbeats: heartbeats.map(decodeAttestedRows) };
}

/** Writes what regions attest of a stream. */
export function encodeCheckpointAnswer({ leaf, heartbeats }: StreamAttestation): Buffer {
  return checkpointResponse.serialize({
    ...encodeCosignedLeaf(leaf),
    heartbeats: heartbeats.map(encodeAttestedRows),
  });
}

function bounded(bytes: Buffer, what: string): Buffer {
  requireSize(bytes, MESSAGE_MAX_BYTES, what);
  return bytes;
}
