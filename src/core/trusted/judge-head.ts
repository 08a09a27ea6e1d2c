/**
 * Judging a statement that is new and in its place: who signed it, then what it says.
 *
 * The third part of spec section 7. What a release may say is in `judge-release.ts`, what a rollout
 * may say in `judge-rollout.ts`.
 *
 * @module
 */
import type { Charter } from '../charter/charter.ts';
import { KedgeError } from '../errors.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import { requireValidity, type Statement } from '../statements/statement.ts';
import {
  type Authority,
  findAuthority,
  findPastAuthority,
  isByRevokeAlone,
  isCarried,
  requirePastQuorum,
} from './authority.ts';
import type { Candidate } from './candidate.ts';
import { decisionAt } from './decisions.ts';
import { readHead } from './heads.ts';
import { requireReleaseContent } from './judge-release.ts';
import { requireRolloutContent } from './judge-rollout.ts';
import type { Accepted } from './offer.ts';
import { currentCharter, type Head, type TrustedState, withStream } from './state.ts';

/** In whose name a head was signed; `isDecided`: a charter names it. */
interface HeadAuthority extends Authority {
  readonly isDecided?: boolean;
}

/** Judges signatures and content; the caller has judged place and time. See `acceptDocument`. */
export function judgeHead(candidate: Candidate): Accepted {
  const { state, chain, last, body: bytes } = candidate;
  const { statement } = last;
  // AR-13: history is signed by a quorum of its time; the hash chain binds it to the head.
  const history = chain
    .slice(0, -1)
    .map((link) => requirePastQuorum(state, link.statement, link.signed));
  const charter = requireCharter(state);
  const authority = requireHeadAuthority(candidate, charter);
  requireRoleValidity(statement, charter, authority);
  const head = readSigned(statement, authority.statement, bytes);
  requireContent(candidate, charter, authority, head);
  const document = { statement: authority.statement, body: bytes };
  return {
    outcome: 'accepted',
    state: withHead(state, statement, head),
    statement,
    document,
    chain: [...history, authority.statement],
    documents: [...withBodies(history, candidate.history), document],
    moved: [],
  };
}

/** A body that a quorum signed and that cannot be read speaks against nobody who passes it on. */
function readSigned(statement: Statement, signed: SignedStatement, bytes: Uint8Array): Head {
  try {
    return readHead(statement, signed, bytes);
  } catch (thrown) {
    const { code, message, detail } = KedgeError.from(thrown);
    if (code !== 'PARSE') throw thrown;
    throw new KedgeError(
      code,
      `${message}; ${statement.kind} ${statement.sequence} has a quorum, so its signers may use ` +
        'a later version: upgrade',
      { detail: { ...detail, standing: 'history' }, cause: thrown },
    );
  }
}

function requireContent(
  candidate: Candidate,
  charter: Charter,
  authority: HeadAuthority,
  head: Head,
): void {
  switch (head.kind) {
    case 'release':
      return requireReleaseContent(candidate, charter, authority, head.body);
    case 'rollout':
      return requireRolloutContent(candidate, head);
  }
}

/** AR-14: the head has a quorum of the current charter: of its role, or of revoke alone. */
function requireHeadAuthority(candidate: Candidate, charter: Charter): HeadAuthority {
  const { state, last } = candidate;
  const checks = new SignatureChecks(last.signed);
  const authority = findAuthority(charter, last.statement, last.signed, checks);
  const isCurrent = isCarried(authority);
  const some = isCurrent
    ? authority
    : findPastAuthority(state, last.statement, last.signed, checks);
  // RF-7: the charter quorum has named it, which counts like its signature, whether those who
  // signed it are in office or had to leave for signing twice.
  if (some !== undefined && decisionAt(state, last.statement)?.digest === last.statement.digest) {
    return { ...some, quorums: new Set([...some.quorums, 'charter']), isDecided: true };
  }
  if (isCurrent) return authority;
  throw tooFew(last.statement, charter, authority, some);
}

function tooFew(
  { kind, stream, sequence }: Statement,
  { version }: Charter,
  { role, signers }: Authority,
  past: Authority | undefined,
): KedgeError {
  const advice = past
    ? 'it was signed under an older charter: re-sign by publishing a new sequence under the ' +
      'current charter'
    : 'collect the missing signatures';
  const message =
    role.signers.length === 0
      ? `charter version ${version} has no role ${kind}, so nobody may sign sequence ${sequence} ` +
        `of ${stream}: a new charter can name signers for it`
      : `${signers.length} of the ${role.threshold} needed signers of the ${kind} role (charter ` +
        `version ${version}) signed sequence ${sequence} of ${stream}; ${advice}`;
  return new KedgeError('THRESHOLD', message, {
    detail: {
      stream,
      sequence,
      needed: role.threshold,
      signed: signers,
      standing: past === undefined ? 'nothing' : 'history',
    },
  });
}

/** AR-15: it is valid for some time, and no longer than the role that carries it may say. */
function requireRoleValidity(
  statement: Statement,
  charter: Charter,
  authority: HeadAuthority,
): void {
  const { role, isDecided = false } = authority;
  if (isDecided) return;
  const carrier = isByRevokeAlone(authority) ? (charter.roles.revoke ?? role) : role;
  requireValidity(statement, carrier.expiryDays);
}

function withBodies(
  statements: readonly SignedStatement[],
  bodies: Candidate['history'],
): readonly SignedDocument[] {
  if (bodies === undefined) return [];
  return statements.flatMap((statement, index) => {
    const body = bodies[index];
    return body === undefined ? [] : [{ statement, body }];
  });
}

function requireCharter(state: TrustedState): Charter {
  const current = currentCharter(state);
  if (current === undefined) throw new KedgeError('BUG', 'a head was judged without a charter');
  return current.charter;
}

function withHead(state: TrustedState, { stream }: Statement, head: Head): TrustedState {
  const before = state.streams.get(stream);
  if (before?.kind === 'forked') {
    return withStream(state, { ...before, head, heldSequence: head.sequence });
  }
  return withStream(state, { stream, kind: 'open', head });
}
