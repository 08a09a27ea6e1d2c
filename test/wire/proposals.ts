/**
 * Random but well-formed values of what is said about proposals.
 *
 * @module
 */
import fc from 'fast-check';
import type { ProposalStatus } from '../../src/core/admin/proposals.ts';
import { encodeHex } from '../../src/core/bytes.ts';
import {
  parseRegionName,
  parseSequence,
  parseSha256,
  parseSignerId,
  parseStreamName,
} from '../../src/core/ids.ts';
import type { ProposalFrame } from '../../src/core/proposals/frames.ts';
import type { Proposal, Withdrawal } from '../../src/core/proposals/model.ts';

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const shortHash = bytes(8, 8).map(encodeHex);
const digest = bytes(32, 32).map(encodeHex).map(parseSha256);
const signature = fc.record({
  keyId: bytes(0, 32).map(encodeHex),
  signature: bytes(0, 40),
});
const statement = fc.record({
  payload: bytes(1, 60),
  signatures: fc.array(signature, { maxLength: 3 }),
});
const origin = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/).map(parseRegionName);
const signer = fc.stringMatching(/^[a-z0-9][a-z0-9._@-]{0,20}$/).map(parseSignerId);
const turn = fc.constantFrom('answer' as const, 'last' as const);
const plain = { noNullPrototype: true } as const;

/** A document with few signatures. */
export const proposal: fc.Arbitrary<Proposal> = fc.record({
  document: fc.record({ statement, body: bytes(1, 40) }),
  blobs: fc.array(bytes(1, 40), { maxLength: 3 }),
});

/** A withdrawal. */
export const withdrawal: fc.Arbitrary<Withdrawal> = fc.record({ statement, signature });

/** How a proposal is. */
export const proposalStatus: fc.Arbitrary<ProposalStatus> = fc.record(
  {
    stream: fc.constantFrom('charter', 'release/a.example').map(parseStreamName),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(parseSequence),
    digest,
    standing: fc.constantFrom(
      'open' as const,
      'published',
      'conflict',
      'expired',
      'withdrawn',
      'void',
    ),
    signers: fc.array(signer, { maxLength: 3 }),
    endsAtMs: fc.integer({ min: 1, max: Date.UTC(10_000, 0) - 1 }),
    refusal: fc.record(
      {
        code: fc.constantFrom('POLICY' as const, 'EXPIRED'),
        reason: fc.string({ maxLength: 30 }),
      },
      plain,
    ),
    withdrawnBy: signer,
  },
  { requiredKeys: ['stream', 'sequence', 'digest', 'standing', 'signers'], ...plain },
);

/** A frame about proposals. */
export const proposalFrame: fc.Arbitrary<ProposalFrame> = fc.oneof(
  fc.record(
    { kind: fc.constant('proposal' as const), proposal, origin },
    { requiredKeys: ['kind', 'proposal'], ...plain },
  ),
  fc.record(
    { kind: fc.constant('proposal-signed' as const), statement, origin },
    { requiredKeys: ['kind', 'statement'], ...plain },
  ),
  fc.record(
    { kind: fc.constant('proposal-withdrawn' as const), withdrawal, origin },
    { requiredKeys: ['kind', 'withdrawal'], ...plain },
  ),
  fc.record({ kind: fc.constant('proposal-digest' as const), root: shortHash }),
  fc.record({
    kind: fc.constant('proposal-vector' as const),
    versions: fc.array(fc.record({ digest, signatures: shortHash }), { maxLength: 3 }),
    turn,
  }),
);
