/**
 * Whether a document may gather signatures: all that accepting it would ask, but for their number.
 *
 * Judged by the code that accepts, on a copy of the state in which no role needs signers, so that
 * what is proposed is refused for the same reasons as what is submitted, while nobody else has
 * signed. What comes of the copy is thrown away. Spec section 12.
 *
 * @module
 */
import { anchorName } from '../anchors/refusal.ts';
import { verifyProposedCharter } from '../charter/chain.ts';
import type { Charter, Role } from '../charter/charter.ts';
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { type AnchorId, CHARTER_STREAM, formatTimestamp, releaseStream } from '../ids.ts';
import {
  CLOCK_SKEW_MAX_MS,
  PROPOSAL_BLOBS_MAX_BYTES,
  PROPOSAL_LIFE_MS,
  SIGNATURES_MAX,
} from '../limits.ts';
import { parseReleaseBody } from '../releases/body.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { acceptDocument } from '../trusted/accept.ts';
import {
  type AcceptedCharter,
  currentCharter,
  expectedNext,
  forked,
  forkOf,
  headOf,
  type TrustedState,
} from '../trusted/state.ts';
import { type Electorates, electoratesOf, type Support, supportOf } from './electorate.ts';
import type { Proposal } from './model.ts';

/** A proposal that was judged. */
export interface JudgedProposal {
  readonly statement: Statement;
  /** Without garbage among the signatures, and with no blobs but those that it needs. */
  readonly proposal: Proposal;
  /** What a proposed charter says. */
  readonly next: Charter | undefined;
  readonly support: Support;
}

/**
 * Judges a proposal. Errors: those of `acceptDocument`; `CONFLICT` (the place is taken), `EXPIRED`
 * (also: it was issued too long ago), `LIMIT`, `DIGEST` (a certificate is missing), `THRESHOLD`
 * (nobody who may has signed). Rules PP-1 to PP-4.
 */
export function judgeProposal(
  state: TrustedState,
  { document, blobs }: Proposal,
  nowMs: number,
): JudgedProposal {
  requireBounded(document, blobs);
  const statement = parseStatement(document.statement.payload);
  if (statement.realm !== state.realm) {
    throw new KedgeError('REALM', `the statement belongs to realm ${statement.realm}`, {
      detail: { realm: statement.realm, expected: state.realm },
    });
  }
  const ruling = requireCharter(state);
  requirePlace(state, statement);
  requireAlive(statement, nowMs);
  // Before the body is read: somebody who may has signed for it.
  const ruled = electoratesOf(ruling.charter, statement);
  requireSupport(supportOf(ruled, document.statement), statement, ruled);
  const isCharter = statement.kind === 'charter';
  const next = isCharter ? judgeCharter(ruling, statement, document, nowMs) : undefined;
  if (!isCharter) judgeTrial(state, document, nowMs);
  const support = supportOf(electoratesOf(ruling.charter, statement, next), document.statement);
  const needed = statement.kind === 'release' ? newBlobs(state, statement, document, blobs) : [];
  const signed = { payload: document.statement.payload, signatures: support.signatures };
  return {
    statement,
    proposal: { document: { statement: signed, body: document.body }, blobs: needed },
    next,
    support,
  };
}

/** When a proposal ends by itself. Rule PP-5. */
export function proposalEndsAtMs({ issuedMs, expiresMs }: Statement): number {
  return Math.min(expiresMs, issuedMs + PROPOSAL_LIFE_MS);
}

/** Says whether no clock speaks against a proposal: else `judgeProposal` says `EXPIRED`. */
export function isTimely(state: TrustedState, statement: Statement, nowMs: number): boolean {
  const { issuedMs, kind } = statement;
  // A charter may replace one that has expired.
  const ruledUntilMs = kind === 'charter' ? Infinity : (currentCharter(state)?.expiresMs ?? 0);
  const endsAtMs = Math.min(ruledUntilMs, proposalEndsAtMs(statement));
  return issuedMs <= nowMs + CLOCK_SKEW_MAX_MS && nowMs < endsAtMs;
}

/**
 * Says whether a document would be accepted with the signatures that it has, by a clock that is
 * right: by the time of its own issue, since that of this machine may be set at any time.
 */
export function isComplete(state: TrustedState, document: SignedDocument): boolean {
  try {
    const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
    const { issuedMs } = parseStatement(document.statement.payload);
    return acceptDocument(state, offer, issuedMs).outcome === 'accepted';
  } catch {
    return false;
  }
}

/** PP-1: sizes and counts, before anything is parsed. */
function requireBounded({ statement }: SignedDocument, blobs: readonly Uint8Array[]): void {
  if (statement.signatures.length > SIGNATURES_MAX) {
    throw new KedgeError('LIMIT', `more than ${SIGNATURES_MAX} signatures on a statement`);
  }
  const bytes = blobs.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= PROPOSAL_BLOBS_MAX_BYTES) return;
  throw new KedgeError(
    'LIMIT',
    `the new certificates have ${bytes} bytes; ${PROPOSAL_BLOBS_MAX_BYTES} may be proposed: pass ` +
      'the draft file from signer to signer and submit it with all signatures',
    { detail: { size: bytes, max: PROPOSAL_BLOBS_MAX_BYTES } },
  );
}

/** PP-2: it takes the next place of its stream. */
function requirePlace(state: TrustedState, statement: Statement): void {
  const { stream, sequence, digest } = statement;
  const realmFork = forkOf(state, CHARTER_STREAM);
  if (realmFork !== undefined) throw forked(realmFork);
  const expected = expectedNext(state, stream);
  const detail = { stream, sequence, next: expected.sequence };
  if (sequence > expected.sequence) {
    const missing = `sequences ${expected.sequence} to ${sequence - 1} of ${stream} are missing`;
    throw new KedgeError('GAP', missing, { detail });
  }
  if (sequence < expected.sequence) {
    const isIt = expected.sequence - 1 === sequence && expected.previous === digest;
    throw new KedgeError(
      'CONFLICT',
      isIt
        ? `this is already published as sequence ${sequence} of ${stream}`
        : `sequence ${sequence} of ${stream} is taken: draft again on top of sequence ` +
            String(expected.sequence - 1),
      { detail },
    );
  }
  if (statement.previous === expected.previous) return;
  throw new KedgeError('PREVIOUS', `sequence ${sequence} of ${stream} follows another one`, {
    detail,
  });
}

/** PP-3: neither the statement nor its time as a proposal is over. */
function requireAlive(statement: Statement, nowMs: number): void {
  const endsAtMs = proposalEndsAtMs(statement);
  if (endsAtMs > nowMs) return;
  const isOwn = statement.expiresMs <= nowMs;
  throw new KedgeError(
    'EXPIRED',
    isOwn
      ? `the statement expired at ${formatTimestamp(endsAtMs)}: draft and sign it again`
      : `proposals end 14 days after they were issued, this one at ${formatTimestamp(endsAtMs)}: ` +
          'draft it again, or submit the draft file with all signatures',
    { detail: { stream: statement.stream, sequence: statement.sequence } },
  );
}

function judgeCharter(
  ruling: AcceptedCharter,
  { issuedMs, sequence, stream }: Statement,
  document: SignedDocument,
  nowMs: number,
): Charter {
  if (issuedMs > nowMs + CLOCK_SKEW_MAX_MS) {
    const detail = { stream, sequence, issued: formatTimestamp(issuedMs) };
    throw new KedgeError('EXPIRED', 'the charter is issued in the future of this machine', {
      detail,
    });
  }
  return verifyProposedCharter(ruling, document);
}

/** Accepts the document as if every quorum were there, and forgets it. */
function judgeTrial(state: TrustedState, document: SignedDocument, nowMs: number): void {
  const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
  acceptDocument(withoutThresholds(state), offer, nowMs);
}

function withoutThresholds(state: TrustedState): TrustedState {
  const ruling = requireCharter(state);
  const { charter } = ruling;
  const { release, rollout, revoke } = charter.roles;
  const roles = {
    ...charter.roles,
    charter: open(charter.roles.charter),
    release: open(release),
    ...(rollout && { rollout: open(rollout) }),
    ...(revoke && { revoke: open(revoke) }),
  };
  const delegations = charter.delegations.map((one) => ({ ...one, role: open(one.role) }));
  const trial = { ...ruling, charter: { ...charter, roles, delegations } };
  return { ...state, charters: [...state.charters.slice(0, -1), trial] };
}

function open(role: Role): Role {
  return { ...role, threshold: 0 };
}

/** PP-4: somebody who may sign it did. */
function requireSupport(
  { signers }: Support,
  { stream, sequence }: Statement,
  [ruling]: Electorates,
): void {
  if (signers.length > 0) return;
  throw new KedgeError(
    'THRESHOLD',
    `a proposal needs the signature of one who may sign it; for sequence ${sequence} of ` +
      `${stream} that is one of ${ruling.signers.join(', ')}`,
    { detail: { stream, sequence } },
  );
}

/** PP-1: the certificates that are new in the body, and no others. Errors: `DIGEST`. */
function newBlobs(
  state: TrustedState,
  { stream, bundle }: Statement,
  { body }: SignedDocument,
  blobs: readonly Uint8Array[],
): readonly Uint8Array[] {
  const head = bundle && headOf(state, releaseStream(bundle));
  const known = new Set((head?.body.anchors ?? []).map(({ id }) => id));
  const given = new Map(blobs.map((der): [AnchorId, Uint8Array] => [sha256(der), der]));
  return parseReleaseBody(body).anchors.flatMap((anchor) => {
    const { id } = anchor;
    if (known.has(id)) return [];
    const der = given.get(id);
    if (der !== undefined) return [der];
    throw new KedgeError('DIGEST', `the bytes of ${anchorName(anchor)} are missing`, {
      detail: { anchor: id, stream },
    });
  });
}

function requireCharter(state: TrustedState): AcceptedCharter {
  const ruling = currentCharter(state);
  if (ruling !== undefined) return ruling;
  throw new KedgeError('GAP', 'no charter is held: fetch the charters first');
}
