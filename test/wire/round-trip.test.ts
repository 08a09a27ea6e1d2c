import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import {
  decodeBlobsAnswer,
  decodeBlobsQuery,
  decodeCheckpointAnswer,
  decodeDocumentAnswer,
  decodeDocumentQuery,
  decodeHistoryPage,
  decodeHistoryQuery,
  decodeStreamList,
  decodeSubmission,
  decodeSubmitReceipt,
  encodeBlobsAnswer,
  encodeBlobsQuery,
  encodeCheckpointAnswer,
  encodeDocumentAnswer,
  encodeDocumentQuery,
  encodeHistoryPage,
  encodeHistoryQuery,
  encodeStreamList,
  encodeSubmission,
  encodeSubmitReceipt,
} from '../../src/wire/admin.ts';
import { decodeAdoption, encodeAdoption } from '../../src/wire/adoption.ts';
import {
  decodeAuditPage,
  decodeAuditProof,
  decodeAuditProofQuery,
  decodeAuditQuery,
  encodeAuditPage,
  encodeAuditProof,
  encodeAuditProofQuery,
  encodeAuditQuery,
} from '../../src/wire/audit.ts';
import {
  decodeClientList,
  decodeClientPage,
  decodeClientsQuery,
  decodeListQuery,
  encodeClientList,
  encodeClientPage,
  encodeClientsQuery,
  encodeListQuery,
} from '../../src/wire/clients.ts';
import {
  decodeFetchItem,
  decodeFetchRequest,
  decodeFrame,
  encodeFetchItem,
  encodeFetchRequest,
  encodeFrame,
} from '../../src/wire/gossip.ts';
import { decodeNodeStatus, encodeNodeStatus } from '../../src/wire/node-status.ts';
import {
  decodeProposalAnswer,
  decodeProposalList,
  decodeProposeAnswer,
  decodeProposeRequest,
  decodeWithdrawal,
  encodeProposalAnswer,
  encodeProposalList,
  encodeProposeAnswer,
  encodeProposeRequest,
  encodeWithdrawal,
} from '../../src/wire/proposals.ts';
import {
  decodeWatchRequest,
  decodeWatchResponse,
  encodeWatchRequest,
  encodeWatchResponse,
} from '../../src/wire/watch.ts';
import { adoption, clientList, clientPage, clientsQuery, listQuery } from './adoption.ts';
import * as any from './arbitraries.ts';
import { streamAttestation } from './attestations.ts';
import { auditPage, auditProof, auditProofQuery, auditQuery } from './audit.ts';
import { proposal, proposalStatus, withdrawal } from './proposals.ts';

interface Family<T> {
  readonly name: string;
  readonly values: fc.Arbitrary<T>;
  encode(value: T): Buffer;
  decode(bytes: Uint8Array): T;
}

const blobsQuery = fc.record({ ids: fc.array(any.digest, { maxLength: 5 }) });

/** Hides the type of the values, so that all families fit one table. */
function family<T>({ name, values, encode, decode }: Family<T>): {
  readonly name: string;
  roundTrips(): void;
  copies(): void;
  survivesAnyBytes(): void;
} {
  return {
    name,
    roundTrips: () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(decode(encode(value))).toEqual(value);
        }),
      );
    },
    copies: () => {
      fc.assert(
        fc.property(values, (value) => {
          const received = Buffer.from(encode(value));
          const decoded = decode(received);
          received.fill(0xff);
          expect(decoded).toEqual(value);
        }),
      );
    },
    survivesAnyBytes: () => {
      const attempt = (bytes: Uint8Array): void => {
        try {
          decode(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(KedgeError);
          expect(['PARSE', 'LIMIT']).toContain(KedgeError.from(thrown).code);
        }
      };
      fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), attempt));
      fc.assert(
        fc.property(values, fc.nat(), fc.nat({ max: 255 }), (value, at, byte) => {
          const bytes = Buffer.from(encode(value));
          if (bytes.length > 0) bytes[at % bytes.length] = byte;
          attempt(bytes);
          attempt(bytes.subarray(0, at % (bytes.length + 1)));
        }),
      );
    },
  };
}

const FAMILIES = [
  family({
    name: 'checkpoint answer',
    values: streamAttestation,
    encode: encodeCheckpointAnswer,
    decode: decodeCheckpointAnswer,
  }),
  family({
    name: 'watch request',
    values: any.watchRequest,
    encode: encodeWatchRequest,
    decode: decodeWatchRequest,
  }),
  family({
    name: 'watch response',
    values: any.watchResponse,
    encode: encodeWatchResponse,
    decode: decodeWatchResponse,
  }),
  family({ name: 'link frame', values: any.frame, encode: encodeFrame, decode: decodeFrame }),
  family({
    name: 'fetch request',
    values: any.fetchRequest,
    encode: encodeFetchRequest,
    decode: decodeFetchRequest,
  }),
  family({
    name: 'fetch item',
    values: any.fetchItem,
    encode: encodeFetchItem,
    decode: decodeFetchItem,
  }),
  family({
    name: 'submission',
    values: any.documentAnswer,
    encode: encodeSubmission,
    decode: decodeSubmission,
  }),
  family({
    name: 'submit receipt',
    values: any.submitReceipt,
    encode: encodeSubmitReceipt,
    decode: decodeSubmitReceipt,
  }),
  family({
    name: 'document query',
    values: any.documentQuery,
    encode: encodeDocumentQuery,
    decode: decodeDocumentQuery,
  }),
  family({
    name: 'document answer',
    values: any.documentAnswer,
    encode: encodeDocumentAnswer,
    decode: decodeDocumentAnswer,
  }),
  family({
    name: 'stream list',
    values: fc.array(any.streamStatus, { maxLength: 4 }),
    encode: encodeStreamList,
    decode: (bytes) => [...decodeStreamList(bytes)],
  }),
  family({
    name: 'history query',
    values: any.historyQuery,
    encode: encodeHistoryQuery,
    decode: decodeHistoryQuery,
  }),
  family({
    name: 'history page',
    values: fc.array(any.statement, { maxLength: 4 }),
    encode: encodeHistoryPage,
    decode: (bytes) => [...decodeHistoryPage(bytes)],
  }),
  family({
    name: 'blobs query',
    values: blobsQuery,
    encode: encodeBlobsQuery,
    decode: (bytes) => ({ ids: [...decodeBlobsQuery(bytes).ids] }),
  }),
  family({
    name: 'blobs answer',
    values: any.blobs,
    encode: encodeBlobsAnswer,
    decode: decodeBlobsAnswer,
  }),
  family({
    name: 'node status',
    values: any.nodeStatus,
    encode: encodeNodeStatus,
    decode: decodeNodeStatus,
  }),
  family({
    name: 'proposal',
    values: proposal,
    encode: encodeProposeRequest,
    decode: decodeProposeRequest,
  }),
  family({
    name: 'proposal status',
    values: proposalStatus,
    encode: encodeProposeAnswer,
    decode: decodeProposeAnswer,
  }),
  family({
    name: 'proposal list',
    values: fc.array(proposalStatus, { maxLength: 3 }),
    encode: encodeProposalList,
    decode: decodeProposalList,
  }),
  family({
    name: 'proposal answer',
    values: fc.oneof(
      fc.record({ status: proposalStatus }),
      fc.record({ status: proposalStatus, proposal }),
    ),
    encode: encodeProposalAnswer,
    decode: decodeProposalAnswer,
  }),
  family({
    name: 'withdrawal',
    values: withdrawal,
    encode: encodeWithdrawal,
    decode: decodeWithdrawal,
  }),
  family({ name: 'adoption', values: adoption, encode: encodeAdoption, decode: decodeAdoption }),
  family({
    name: 'clients query',
    values: clientsQuery,
    encode: encodeClientsQuery,
    decode: decodeClientsQuery,
  }),
  family({
    name: 'client page',
    values: clientPage,
    encode: encodeClientPage,
    decode: decodeClientPage,
  }),
  family({
    name: 'list query',
    values: listQuery,
    encode: encodeListQuery,
    decode: decodeListQuery,
  }),
  family({
    name: 'client list',
    values: clientList,
    encode: encodeClientList,
    decode: decodeClientList,
  }),
  family({
    name: 'audit query',
    values: auditQuery,
    encode: encodeAuditQuery,
    decode: decodeAuditQuery,
  }),
  family({
    name: 'audit page',
    values: auditPage,
    encode: encodeAuditPage,
    decode: decodeAuditPage,
  }),
  family({
    name: 'audit proof query',
    values: auditProofQuery,
    encode: encodeAuditProofQuery,
    decode: decodeAuditProofQuery,
  }),
  family({
    name: 'audit proof',
    values: auditProof,
    encode: encodeAuditProof,
    decode: decodeAuditProof,
  }),
];

describe('wire messages', () => {
  it.each(FAMILIES)('come back as they were encoded: $name', ({ roundTrips }) => roundTrips());
  it.each(FAMILIES)('keep no view on the received bytes: $name', ({ copies }) => copies());
  it.each(FAMILIES)('refuse broken bytes with PARSE or LIMIT: $name', (one) =>
    one.survivesAnyBytes(),
  );
});
