/**
 * What admins ask about proposals: bytes ⇄ the values of `core/admin/proposals.ts`.
 *
 * Decoding checks every field, bounds every list and copies every byte string. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import type { ProposalAnswer, ProposalStanding, ProposalStatus } from '../core/admin/proposals.ts';
import { isErrorCode, KedgeError } from '../core/errors.ts';
import { parseSignerId, parseStreamName, type Sha256 } from '../core/ids.ts';
import { MESSAGE_MAX_BYTES, PROPOSALS_MAX, SIGNERS_MAX, TEXT_MAX_CHARS } from '../core/limits.ts';
import type { Proposal, Withdrawal } from '../core/proposals/model.ts';
import {
  decodeSequence,
  decodeSha256,
  decodeTime,
  encodeHexBytes,
  requireCount,
  requireMessage,
  requireSize,
} from './fields.ts';
import type { ProposalStatusInput, ProposalStatusOutput } from './gen/kedge/v1/ProposalStatus.ts';
import { messageCodec } from './protos.ts';
import {
  decodeBlobs,
  decodeDocument,
  decodeSignature,
  decodeStatement,
  encodeBlobs,
  encodeDocument,
  encodeSignature,
  encodeStatement,
} from './statements.ts';

const proposeRequest = messageCodec('admin', 'ProposeRequest');
const proposeResponse = messageCodec('admin', 'ProposeResponse');
const listResponse = messageCodec('admin', 'ListProposalsResponse');
const getRequest = messageCodec('admin', 'GetProposalRequest');
const getResponse = messageCodec('admin', 'GetProposalResponse');
const withdrawRequest = messageCodec('admin', 'WithdrawProposalRequest');

const STATUS_MAX_BYTES = 64 * 1024;
const GET_MAX_BYTES = 1024;
const WITHDRAW_MAX_BYTES = 512 * 1024;
/** Those that gather signatures, and those that have ended. */
const LISTED_MAX = 2 * PROPOSALS_MAX;

const STANDINGS = {
  open: 'PROPOSAL_STANDING_OPEN',
  published: 'PROPOSAL_STANDING_PUBLISHED',
  conflict: 'PROPOSAL_STANDING_CONFLICT',
  expired: 'PROPOSAL_STANDING_EXPIRED',
  withdrawn: 'PROPOSAL_STANDING_WITHDRAWN',
  void: 'PROPOSAL_STANDING_VOID',
} as const satisfies Record<ProposalStanding, string>;

/** Reads what is proposed. */
export function decodeProposeRequest(bytes: Uint8Array): Proposal {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'proposal');
  const { document, blobs } = proposeRequest.deserialize(bytes);
  return {
    document: decodeDocument(document, 'proposed document'),
    blobs: decodeBlobs(blobs, MESSAGE_MAX_BYTES),
  };
}

/** Writes what is proposed. Errors: `LIMIT` when it does not fit one message. */
export function encodeProposeRequest({ document, blobs }: Proposal): Buffer {
  const message = { document: encodeDocument(document), blobs: encodeBlobs(blobs) };
  return bounded(proposeRequest.serialize(message), 'proposal');
}

/** Reads what became of it; the answer to a withdrawal has the same bytes. */
export function decodeProposeAnswer(bytes: Uint8Array): ProposalStatus {
  requireSize(bytes, STATUS_MAX_BYTES, 'answer about a proposal');
  return decodeStatus(requireMessage(proposeResponse.deserialize(bytes).status, 'proposal status'));
}

/** Writes what became of it. */
export function encodeProposeAnswer(status: ProposalStatus): Buffer {
  return proposeResponse.serialize({ status: encodeStatus(status) });
}

/** Reads a list of proposals. */
export function decodeProposalList(bytes: Uint8Array): readonly ProposalStatus[] {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'list of proposals');
  const { proposals } = listResponse.deserialize(bytes);
  return requireCount(proposals, LISTED_MAX, 'proposals').map(decodeStatus);
}

/** Writes a list of proposals. */
export function encodeProposalList(proposals: readonly ProposalStatus[]): Buffer {
  const message = { proposals: proposals.map(encodeStatus) };
  return bounded(listResponse.serialize(message), 'list of proposals');
}

/** Reads which proposal is wanted. */
export function decodeProposalQuery(bytes: Uint8Array): Sha256 {
  requireSize(bytes, GET_MAX_BYTES, 'proposal request');
  return decodeSha256(getRequest.deserialize(bytes).digest, 'proposal digest');
}

/** Writes which proposal is wanted. */
export function encodeProposalQuery(digest: Sha256): Buffer {
  return getRequest.serialize({ digest: encodeHexBytes(digest) });
}

/** Reads a proposal. */
export function decodeProposalAnswer(bytes: Uint8Array): ProposalAnswer {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'proposal');
  const message = getResponse.deserialize(bytes);
  const status = decodeStatus(requireMessage(message.status, 'proposal status'));
  if (message.document === null) return { status };
  const document = decodeDocument(message.document, 'proposed document');
  return { status, proposal: { document, blobs: decodeBlobs(message.blobs, MESSAGE_MAX_BYTES) } };
}

/** Writes a proposal. */
export function encodeProposalAnswer({ status, proposal }: ProposalAnswer): Buffer {
  const content =
    proposal === undefined
      ? {}
      : { document: encodeDocument(proposal.document), blobs: encodeBlobs(proposal.blobs) };
  const message = { status: encodeStatus(status), ...content };
  return bounded(getResponse.serialize(message), 'proposal with its anchors');
}

/** Reads a withdrawal. */
export function decodeWithdrawal(bytes: Uint8Array): Withdrawal {
  requireSize(bytes, WITHDRAW_MAX_BYTES, 'withdrawal');
  const { statement, signature } = withdrawRequest.deserialize(bytes);
  return {
    statement: decodeStatement(statement, 'withdrawn statement'),
    signature: decodeSignature(requireMessage(signature, 'withdrawal')),
  };
}

/** Writes a withdrawal. */
export function encodeWithdrawal({ statement, signature }: Withdrawal): Buffer {
  return withdrawRequest.serialize({
    statement: encodeStatement(statement),
    signature: encodeSignature(signature),
  });
}

function decodeStatus(status: ProposalStatusOutput): ProposalStatus {
  const endsAtMs = decodeTime(status.endsAtMs, 'end of a proposal');
  const signers = requireCount(status.signers, SIGNERS_MAX, 'signers of a proposal');
  return {
    stream: parseStreamName(status.stream),
    sequence: decodeSequence(status.sequence, 'proposal sequence'),
    digest: decodeSha256(status.digest, 'proposal digest'),
    standing: decodeStanding(status.standing),
    signers: signers.map(parseSignerId),
    ...(endsAtMs !== 0 && { endsAtMs }),
    ...(status.withdrawnBy !== '' && { withdrawnBy: parseSignerId(status.withdrawnBy) }),
    ...decodeRefusal(status),
  };
}

function encodeStatus(status: ProposalStatus): ProposalStatusInput {
  return {
    stream: status.stream,
    sequence: String(status.sequence),
    digest: encodeHexBytes(status.digest),
    standing: STANDINGS[status.standing],
    signers: [...status.signers],
    endsAtMs: String(status.endsAtMs ?? 0),
    withdrawnBy: status.withdrawnBy ?? '',
    refusalCode: status.refusal?.code ?? '',
    refusalReason: status.refusal?.reason ?? '',
  };
}

/** A code that this version does not know is told as one that it knows, with the same text. */
function decodeRefusal({
  refusalCode: code,
  refusalReason: reason,
}: ProposalStatusOutput): Pick<ProposalStatus, 'refusal'> {
  if (code === '') return {};
  if (reason.length > TEXT_MAX_CHARS) {
    throw new KedgeError('LIMIT', `a reason has at most ${TEXT_MAX_CHARS} characters`);
  }
  return { refusal: { code: isErrorCode(code) ? code : 'POLICY', reason } };
}

function decodeStanding(standing: string): ProposalStanding {
  const found = Object.entries(STANDINGS).find(([, name]) => name === standing)?.[0];
  if (found !== undefined) return found as ProposalStanding;
  throw new KedgeError('PARSE', 'unknown standing of a proposal', { detail: { standing } });
}

function bounded(bytes: Buffer, what: string): Buffer {
  requireSize(bytes, MESSAGE_MAX_BYTES, what);
  return bytes;
}
