/**
 * Judging a release that is new and in its place: who signed it, then what it says.
 *
 * The second half of spec section 7; `accept-release.ts` is the first.
 *
 * @module
 */
import { verifyLifecycle } from '../anchors/lifecycle.ts';
import type { Charter } from '../charter/charter.ts';
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { BundleName } from '../ids.ts';
import { parseReleaseBody, type ReleaseBody } from '../releases/body.ts';
import { narrowsOnly } from '../releases/narrowing.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import { requireValidity, type Statement } from '../statements/statement.ts';
import {
  findAuthority,
  findPastAuthority,
  type ReleaseAuthority,
  requirePastQuorum,
} from './authority.ts';
import { decisionAt } from './decisions.ts';
import type { Accepted, Link } from './offer.ts';
import { currentCharter, type Head, type TrustedState, withStream } from './state.ts';

/** In whose name a head was signed; `isDecided`: not under the current charter, which names it. */
interface HeadAuthority extends ReleaseAuthority {
  readonly isDecided?: boolean;
}

/** A release that follows what is held. */
export interface Candidate {
  readonly state: TrustedState;
  readonly bundle: BundleName;
  readonly head: Head | undefined;
  /** What is new, ascending, in a chain; the first follows `head` or jumps over a gap. */
  readonly chain: readonly Link[];
  readonly last: Link;
  /** The bodies of all but the last, verified, when they are known. */
  readonly history: readonly Uint8Array[] | undefined;
  /** The body of the last one. */
  readonly body: Uint8Array;
}

/** Judges signatures and content; the caller has judged place and time. See `acceptDocument`. */
export function judgeRelease(candidate: Candidate): Accepted {
  const { state, bundle, chain, last, body: bytes } = candidate;
  const { statement } = last;
  // AR-13: history is signed by a quorum of its time; the hash chain binds it to the head.
  const history = chain
    .slice(0, -1)
    .map((link) => requirePastQuorum(state, bundle, link.statement, link.signed));
  const charter = requireCharter(state);
  const authority = requireHeadAuthority(candidate, charter);
  requireRoleValidity(statement, charter, authority);
  // AR-16: the body is read only after it is known to be the one that was signed.
  requireDigest(statement, bytes);
  const body = requireBundle(parseReleaseBody(bytes), bundle);
  requireContent(candidate, charter, authority, body);
  const head = makeHead(statement, body, bytes, authority.statement);
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

/** Makes the head that a verified release becomes. */
export function makeHead(
  statement: Statement,
  body: ReleaseBody,
  bodyBytes: Uint8Array,
  signed: SignedStatement,
): Head {
  const { sequence, digest, previous, charterVersion } = statement;
  const { issuedMs, expiresMs, bodyDigest } = statement;
  const names = { sequence, digest, previous, charterVersion };
  return { ...names, issuedMs, expiresMs, bodyDigest, body, bodyBytes, statement: signed };
}

/** AR-16: length and digest are those that were signed. Errors: `DIGEST`. */
export function requireDigest(statement: Statement, body: Uint8Array): void {
  const { stream, sequence, bodyBytes, bodyDigest } = statement;
  if (body.length === bodyBytes && sha256(body) === bodyDigest) return;
  throw new KedgeError(
    'DIGEST',
    `the body offered for sequence ${sequence} of ${stream} is not the one that was signed`,
    { detail: { stream, sequence, bytes: body.length, signedBytes: bodyBytes } },
  );
}

/** AR-17: the body is of the bundle whose stream it is in. Errors: `TYPE`. */
export function requireBundle(body: ReleaseBody, bundle: BundleName): ReleaseBody {
  if (body.bundle === bundle) return body;
  throw new KedgeError(
    'TYPE',
    `the body is of bundle ${body.bundle}, the statement of bundle ${bundle}`,
    { detail: { bundle: body.bundle, expected: bundle } },
  );
}

/** AR-14: the head has a quorum of the current charter: of release, or of revoke alone. */
function requireHeadAuthority(candidate: Candidate, charter: Charter): HeadAuthority {
  const { state, bundle, last } = candidate;
  const checks = new SignatureChecks(last.signed);
  const authority = findAuthority(charter, bundle, last.signed, checks);
  if (authority.quorums.has('release') || authority.quorums.has('revoke')) return authority;
  const { stream, sequence, digest } = last.statement;
  const { role, signers } = authority;
  const past = findPastAuthority(state, bundle, last.statement, last.signed, checks);
  // RF-7: the charter quorum has named it, which counts like its signature; who signed it may have
  // had to leave for signing twice.
  if (past !== undefined && decisionAt(state, last.statement)?.digest === digest) {
    return { ...past, quorums: new Set([...past.quorums, 'charter']), isDecided: true };
  }
  const advice = past
    ? 'it was signed under an older charter: re-sign by publishing a new sequence under the ' +
      'current charter'
    : 'collect the missing signatures';
  throw new KedgeError(
    'THRESHOLD',
    `${signers.length} of the ${role.threshold} needed signers of the release role (charter ` +
      `version ${charter.version}) signed sequence ${sequence} of ${stream}; ${advice}`,
    {
      detail: {
        stream,
        sequence,
        needed: role.threshold,
        signed: signers,
        standing: past === undefined ? 'nothing' : 'history',
      },
    },
  );
}

/** AR-15: it is valid for some time, and no longer than the role that carries it may say. */
function requireRoleValidity(
  statement: Statement,
  charter: Charter,
  { quorums, role, isDecided = false }: HeadAuthority,
): void {
  if (isDecided) return;
  const { revoke } = charter.roles;
  const carrier = quorums.has('release') ? role : (revoke ?? role);
  requireValidity(statement, carrier.expiryDays);
}

/** AR-18 and AR-19: the revoke role only narrows; what changes follows the lifecycle. */
function requireContent(
  candidate: Candidate,
  charter: Charter,
  { quorums }: ReleaseAuthority,
  body: ReleaseBody,
): void {
  const { head, last } = candidate;
  const before = bodyBefore(candidate);
  if (!quorums.has('release') && (before.body === undefined || !narrowsOnly(before.body, body))) {
    throw new KedgeError(
      'THRESHOLD',
      'only the revoke role signed, which may revoke and narrow but not add or widen; it can be ' +
        'judged only on top of the release before, and not otherwise',
      { detail: { stream: last.statement.stream, sequence: last.statement.sequence } },
    );
  }
  const { lifecycle } = charter;
  const authority = quorums.has('charter') ? 'charter' : 'release';
  if (before.kind === 'unknown' || before.body !== head?.body) {
    verifyLifecycle(head?.body, body, last.statement, { lifecycle, gap: 'jump', authority });
  }
  if (before.kind === 'unknown') return;
  verifyLifecycle(before.body, body, last.statement, { lifecycle, gap: 'linked', authority });
}

/** The body that the last one directly follows; without a body: it is the stream's first one. */
function bodyBefore({
  head,
  chain,
  last,
  history,
  bundle,
}: Candidate):
  | { readonly kind: 'known'; readonly body: ReleaseBody | undefined }
  | { readonly kind: 'unknown'; readonly body: undefined } {
  const bytes = history?.at(-1);
  if (bytes !== undefined) {
    return { kind: 'known', body: requireBundle(parseReleaseBody(bytes), bundle) };
  }
  const isNext = chain.length === 1 && last.statement.sequence === (head?.sequence ?? 0) + 1;
  return isNext ? { kind: 'known', body: head?.body } : { kind: 'unknown', body: undefined };
}

function withBodies(
  statements: readonly SignedStatement[],
  bodies: readonly Uint8Array[] | undefined,
): readonly SignedDocument[] {
  if (bodies === undefined) return [];
  return statements.flatMap((statement, index) => {
    const body = bodies[index];
    return body === undefined ? [] : [{ statement, body }];
  });
}

function requireCharter(state: TrustedState): Charter {
  const current = currentCharter(state);
  if (current === undefined) throw new KedgeError('BUG', 'a release was judged without a charter');
  return current.charter;
}

function withHead(state: TrustedState, { stream }: Statement, head: Head): TrustedState {
  const before = state.streams.get(stream);
  if (before?.kind === 'forked') {
    return withStream(state, { ...before, head, heldSequence: head.sequence });
  }
  return withStream(state, { stream, kind: 'open', head });
}
