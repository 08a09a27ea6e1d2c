/**
 * What a node keeps of one statement that is or was proposed.
 *
 * @module
 */
import { encodeUtf8 } from '../bytes.ts';
import type { Charter } from '../charter/charter.ts';
import { sha256 } from '../crypto.ts';
import type { SignerId, StreamName } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { Statement } from '../statements/statement.ts';
import type { Support } from './electorate.ts';
import type { JudgedProposal } from './judge.ts';
import { type KeptProposal, type Proposal, WITHDRAWN_VERSION, type Withdrawal } from './model.ts';
import type { VerifiedWithdrawal } from './withdrawal.ts';

/** A proposal that is kept. */
export interface OpenProposal {
  readonly kind: 'open';
  readonly statement: Statement;
  readonly stream: StreamName;
  readonly proposal: Proposal;
  /** What a proposed charter says. */
  readonly next: Charter | undefined;
  /** Who signed it, of the ruling charter. */
  readonly signers: readonly SignerId[];
  readonly bytes: number;
}

/** One that is kept out. */
export interface WithdrawnProposal {
  readonly kind: 'withdrawn';
  readonly statement: Statement;
  readonly stream: StreamName;
  readonly withdrawal: Withdrawal;
  readonly by: SignerId;
  readonly signers: readonly SignerId[];
  readonly bytes: number;
}

/** What is kept of a statement. */
export type Entry = OpenProposal | WithdrawnProposal;

/** Bytes of a signature beside itself. */
const SIGNATURE_OVERHEAD_BYTES = 64;

/** Makes the entry of a proposal that was judged. */
export function entryOf({ statement, proposal, next, support }: JudgedProposal): OpenProposal {
  const { signers } = support;
  const { stream } = statement;
  return { kind: 'open', statement, stream, proposal, next, signers, bytes: bytesOf(proposal) };
}

/** The same proposal with other signatures. */
export function withSupport(entry: OpenProposal, { signers, signatures }: Support): OpenProposal {
  const { document, blobs } = entry.proposal;
  const statement = { payload: document.statement.payload, signatures };
  const proposal = { document: { statement, body: document.body }, blobs };
  return { ...entry, proposal, signers, bytes: bytesOf(proposal) };
}

/** Makes the record of a withdrawal. */
export function withdrawnEntry(
  statement: Statement,
  { withdrawal, by, signers }: VerifiedWithdrawal,
): WithdrawnProposal {
  const bytes = statementBytes(withdrawal.statement);
  const { stream } = statement;
  return { kind: 'withdrawn', statement, stream, withdrawal, by, signers, bytes };
}

/** What is kept, in bytes. */
export function bytesOfKept(kept: KeptProposal): number {
  return kept.kind === 'open' ? bytesOf(kept.proposal) : statementBytes(kept.withdrawal.statement);
}

function bytesOf({ document, blobs }: Proposal): number {
  const certificates = blobs.reduce((sum, { length }) => sum + length, 0);
  return statementBytes(document.statement) + document.body.length + certificates;
}

function statementBytes({ payload, signatures }: SignedStatement): number {
  return signatures.reduce(
    (sum, { signature }) => sum + signature.length + SIGNATURE_OVERHEAD_BYTES,
    payload.length,
  );
}

/** What is said of an entry to find out whether two nodes have the same. */
export function versionOf(entry: Entry): string {
  if (entry.kind === 'withdrawn') return WITHDRAWN_VERSION;
  const { signatures } = entry.proposal.document.statement;
  return shortHash(signatures.map(({ keyId }) => keyId).toSorted());
}

/** 16 hex digits of a list of texts. */
export function shortHash(parts: readonly string[]): string {
  return sha256(encodeUtf8(parts.join('\n'))).slice(0, 16);
}
