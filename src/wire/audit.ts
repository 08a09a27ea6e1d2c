/**
 * The audit log for admins: messages ⇄ the values of `core/audit/messages.ts`. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import { AUDIT_KINDS, type AuditKind } from '../core/audit/entry.ts';
import type { AuditPage, AuditProofQuery, AuditQuery } from '../core/audit/messages.ts';
import { KedgeError } from '../core/errors.ts';
import { parseStreamName } from '../core/ids.ts';
import {
  AUDIT_ENTRY_MAX_BYTES,
  AUDIT_PAGE_MAX,
  MESSAGE_MAX_BYTES,
  NOTE_MAX_BYTES,
  PROOF_HASHES_MAX,
} from '../core/limits.ts';
import type { ProofHashes } from '../core/log/proof.ts';
import { TREE_HASH_BYTES } from '../core/log/tree.ts';
import { decodeBytes, decodeUint, requireCount, requireSize } from './fields.ts';
import { messageCodec } from './protos.ts';

const QUERY_MAX_BYTES = 4096;
const PROOF_MAX_BYTES = 4096;
const PAGE_DEFAULT = 100;
const HASH = { min: TREE_HASH_BYTES, max: TREE_HASH_BYTES };
const PROOF_KINDS = {
  inclusion: 'AUDIT_PROOF_KIND_INCLUSION',
  consistency: 'AUDIT_PROOF_KIND_CONSISTENCY',
  peaks: 'AUDIT_PROOF_KIND_PEAKS',
} as const satisfies Record<AuditProofQuery['kind'], string>;
const listRequest = messageCodec('admin', 'ListAuditRequest');
const listResponse = messageCodec('admin', 'ListAuditResponse');
const proofRequest = messageCodec('admin', 'GetAuditProofRequest');
const proofResponse = messageCodec('admin', 'GetAuditProofResponse');

/** Reads which entries are wanted; without a limit, 100. */
export function decodeAuditQuery(bytes: Uint8Array): AuditQuery {
  requireSize(bytes, QUERY_MAX_BYTES, 'audit request');
  const message = listRequest.deserialize(bytes);
  const start = decodeUint(message.start, 'audit start');
  const sinceMs = decodeUint(message.sinceMs, 'audit since_ms');
  const limit = message.limit === 0 ? PAGE_DEFAULT : message.limit;
  if (limit > AUDIT_PAGE_MAX) {
    throw new KedgeError('LIMIT', `audit limit is above ${String(AUDIT_PAGE_MAX)}`);
  }
  return {
    order: message.newestFirst ? 'newest-first' : 'oldest-first',
    limit,
    kinds: requireCount(message.kinds, AUDIT_KINDS.length, 'audit kinds').map(decodeKind),
    ...(start > 0 && { start }),
    ...(message.stream !== '' && { stream: parseStreamName(message.stream) }),
    ...(sinceMs > 0 && { sinceMs }),
  };
}

/** Writes which entries are wanted. */
export function encodeAuditQuery(query: AuditQuery): Buffer {
  const { order, start = 0, limit, stream = '', kinds, sinceMs = 0 } = query;
  return listRequest.serialize({
    newestFirst: order === 'newest-first',
    start: String(start),
    limit,
    stream,
    kinds: [...kinds],
    sinceMs: String(sinceMs),
  });
}

/** Reads a page of entries; nothing of it is verified. */
export function decodeAuditPage(bytes: Uint8Array): AuditPage {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'audit page');
  const message = listResponse.deserialize(bytes);
  const next = decodeUint(message.next, 'audit next');
  return {
    checkpoint: decodeBytes(message.checkpoint, { min: 1, max: NOTE_MAX_BYTES }, 'checkpoint'),
    first: decodeUint(message.first, 'audit first'),
    items: requireCount(message.items, AUDIT_PAGE_MAX, 'audit items').map(({ index, entry }) => ({
      index: decodeUint(index, 'audit index'),
      bytes: decodeBytes(entry, { min: 2, max: AUDIT_ENTRY_MAX_BYTES }, 'audit entry'),
    })),
    ...(next > 0 && { next }),
  };
}

/** Writes a page of entries. Errors: `LIMIT`. */
export function encodeAuditPage({ checkpoint, first, items, next = 0 }: AuditPage): Buffer {
  const bytes = listResponse.serialize({
    checkpoint: Buffer.from(checkpoint),
    first: String(first),
    items: items.map(({ index, bytes: entry }) => ({
      index: String(index),
      entry: Buffer.from(entry),
    })),
    next: String(next),
  });
  requireSize(bytes, MESSAGE_MAX_BYTES, 'audit page');
  return bytes;
}

/** Reads which proof is wanted. */
export function decodeAuditProofQuery(bytes: Uint8Array): AuditProofQuery {
  requireSize(bytes, QUERY_MAX_BYTES, 'audit proof request');
  const message = proofRequest.deserialize(bytes);
  const size = decodeUint(message.size, 'size of the audit log');
  const place = decodeUint(message.place, 'place in the audit log');
  switch (message.kind) {
    case PROOF_KINDS.inclusion:
      return { kind: 'inclusion', index: place, size };
    case PROOF_KINDS.consistency:
      return { kind: 'consistency', from: place, size };
    case PROOF_KINDS.peaks:
      return { kind: 'peaks', size };
    case 'AUDIT_PROOF_KIND_UNSPECIFIED':
      throw new KedgeError('PARSE', 'the kind of proof is unknown');
  }
}

/** Writes which proof is wanted. */
export function encodeAuditProofQuery(query: AuditProofQuery): Buffer {
  const { kind, size } = query;
  const place = kind === 'inclusion' ? query.index : kind === 'consistency' ? query.from : 0;
  return proofRequest.serialize({
    kind: PROOF_KINDS[kind],
    size: String(size),
    place: String(place),
  });
}

/** Reads the hashes of a proof; whether it proves anything is the reader's business. */
export function decodeAuditProof(bytes: Uint8Array): ProofHashes {
  requireSize(bytes, PROOF_MAX_BYTES, 'audit proof');
  const { hashes } = proofResponse.deserialize(bytes);
  return requireCount(hashes, PROOF_HASHES_MAX, 'hashes').map((hash) =>
    decodeBytes(hash, HASH, 'hash'),
  );
}

/** Writes the hashes of a proof. */
export function encodeAuditProof(hashes: ProofHashes): Buffer {
  return proofResponse.serialize({ hashes: hashes.map((hash) => Buffer.from(hash)) });
}

function decodeKind(text: string): AuditKind {
  const kind = AUDIT_KINDS.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new KedgeError('PARSE', 'a kind of entry is unknown to this node');
}
