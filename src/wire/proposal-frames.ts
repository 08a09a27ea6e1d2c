/**
 * What nodes say about proposals: messages ⇄ the frames of `core/proposals/frames.ts`. Errors:
 * `PARSE`, `LIMIT`.
 *
 * @module
 */
import { encodeHex } from '../core/bytes.ts';
import { parseRegionName, type RegionName } from '../core/ids.ts';
import { BODY_MAX_BYTES, PROPOSAL_BLOBS_MAX_BYTES, PROPOSALS_MAX } from '../core/limits.ts';
import type { ProposalFrame } from '../core/proposals/frames.ts';
import type { ProposalVersion } from '../core/proposals/model.ts';
import {
  decodeBytes,
  decodeSha256,
  encodeHexBytes,
  requireCount,
  requireMessage,
} from './fields.ts';
import type { FrameInput, FrameOutput } from './gen/kedge/v1/Frame.ts';
import type { ProposalNewsOutput } from './gen/kedge/v1/ProposalNews.ts';
import type { ProposalVersionOutput } from './gen/kedge/v1/ProposalVersion.ts';
import {
  decodeBlobs,
  decodeSignature,
  decodeStatement,
  encodeBlobs,
  encodeSignature,
  encodeStatement,
} from './statements.ts';

/** The members of a frame's oneof that are about proposals. */
type ProposalMember =
  | 'proposal'
  | 'proposalSigned'
  | 'proposalWithdrawn'
  | 'proposalDigest'
  | 'proposalVector';

const SHORT_HASH = { min: 8, max: 8 };
const BODY = { min: 1, max: BODY_MAX_BYTES };
/** What is kept, and what is not taken. */
const VERSIONS_MAX = 2 * PROPOSALS_MAX;

/** Reads the frame about proposals that a message holds. */
export function decodeProposalFrame(frame: FrameOutput, member: ProposalMember): ProposalFrame {
  switch (member) {
    case 'proposal':
      return decodeProposal(requireMessage(frame.proposal, 'proposal'));
    case 'proposalSigned': {
      const { statement, origin } = requireMessage(frame.proposalSigned, 'signed proposal');
      const signed = decodeStatement(statement, 'signed proposal');
      return { kind: 'proposal-signed', statement: signed, ...decodeOrigin(origin) };
    }
    case 'proposalWithdrawn': {
      const message = requireMessage(frame.proposalWithdrawn, 'withdrawal');
      const withdrawal = {
        statement: decodeStatement(message.statement, 'withdrawn statement'),
        signature: decodeSignature(requireMessage(message.signature, 'withdrawal')),
      };
      return { kind: 'proposal-withdrawn', withdrawal, ...decodeOrigin(message.origin) };
    }
    case 'proposalDigest': {
      const { root } = requireMessage(frame.proposalDigest, 'proposal digest');
      return { kind: 'proposal-digest', root: decodeShortHash(root, 'proposal root') };
    }
    case 'proposalVector': {
      const { versions, answer } = requireMessage(frame.proposalVector, 'proposal vector');
      const bounded = requireCount(versions, VERSIONS_MAX, 'versions of proposals');
      const turn = answer ? 'answer' : 'last';
      return { kind: 'proposal-vector', versions: bounded.map(decodeVersion), turn };
    }
  }
}

/** The message of a frame about proposals. */
export function proposalMessage(frame: ProposalFrame): FrameInput {
  switch (frame.kind) {
    case 'proposal': {
      const { document, blobs } = frame.proposal;
      const statement = encodeStatement(document.statement);
      const { origin = '' } = frame;
      return {
        proposal: { statement, body: document.body, blobs: encodeBlobs(blobs), origin },
      };
    }
    case 'proposal-signed': {
      const { origin = '' } = frame;
      return { proposalSigned: { statement: encodeStatement(frame.statement), origin } };
    }
    case 'proposal-withdrawn': {
      const { statement, signature } = frame.withdrawal;
      const { origin = '' } = frame;
      return {
        proposalWithdrawn: {
          statement: encodeStatement(statement),
          signature: encodeSignature(signature),
          origin,
        },
      };
    }
    case 'proposal-digest':
      return { proposalDigest: { root: encodeHexBytes(frame.root) } };
    case 'proposal-vector': {
      const versions = frame.versions.map(({ digest, signatures }) => ({
        digest: encodeHexBytes(digest),
        signatures: encodeHexBytes(signatures),
      }));
      return { proposalVector: { versions, answer: frame.turn === 'answer' } };
    }
  }
}

function decodeProposal({ statement, body, blobs, origin }: ProposalNewsOutput): ProposalFrame {
  const document = {
    statement: decodeStatement(statement, 'proposal'),
    body: decodeBytes(body, BODY, 'proposal body'),
  };
  const proposal = { document, blobs: decodeBlobs(blobs, PROPOSAL_BLOBS_MAX_BYTES) };
  return { kind: 'proposal', proposal, ...decodeOrigin(origin) };
}

function decodeOrigin(origin: string): { readonly origin?: RegionName } {
  return origin === '' ? {} : { origin: parseRegionName(origin) };
}

function decodeVersion({ digest, signatures }: ProposalVersionOutput): ProposalVersion {
  return {
    digest: decodeSha256(digest, 'proposal digest'),
    signatures: decodeShortHash(signatures, 'proposal signatures'),
  };
}

function decodeShortHash(bytes: Uint8Array, what: string): string {
  return encodeHex(decodeBytes(bytes, SHORT_HASH, what));
}
