/**
 * What a draft says, judged before anybody signs it: everything is recomputed from the bytes, and
 * charters and base are verified from the pin down.
 *
 * Two kinds of trouble: a draft that does not fit together is refused at once (it was damaged or
 * tampered with); one that nodes would refuse as it stands is shown with what they would say,
 * because it may still be edited, or lack signatures only.
 *
 * @module
 */
import { verifyLifecycle } from '../../core/anchors/lifecycle.ts';
import { equalBytes } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, formatTimestamp, releaseStream } from '../../core/ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../../core/limits.ts';
import { parseReleaseBody, type ReleaseBody } from '../../core/releases/body.ts';
import {
  type Change,
  type ChangeCounts,
  countChanges,
  describeChange,
} from '../../core/releases/diff.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { type Authority, findAuthority } from '../../core/trusted/authority.ts';
import {
  expectedNext,
  headOf,
  type ReleaseHead,
  type TrustedState,
} from '../../core/trusted/state.ts';
import { requireNamedCharter } from '../draft/charters.ts';
import type { Draft } from '../draft/file.ts';
import { otherKind, signedKind } from '../file-kind.ts';
import { judgeByPolicy, type PolicyReview } from '../policy/review.ts';
import { type Pin, requireCharter, verifyRealm } from '../realm/trust.ts';

/** A draft of a release that fits together. */
export interface ReleaseReview {
  readonly statement: Statement;
  readonly bundle: BundleName;
  readonly body: ReleaseBody;
  /** Charters and base of the draft, verified. */
  readonly state: TrustedState;
  /** The release that this one follows. */
  readonly previous: ReleaseHead | undefined;
  readonly changes: readonly Change[];
  readonly counts: ChangeCounts;
  /** Who signed so far, counted as nodes will. */
  readonly authority: Authority;
  /** Why nodes would refuse it as it stands, apart from missing signatures. */
  readonly problems: readonly KedgeError[];
  /** What the policy wants to be approved by more signers. */
  readonly approvals: PolicyReview['approvals'];
}

/** Judges a draft of a release. Errors: whatever makes it not fit together. */
export function reviewRelease(draft: Draft, pin: Pin, nowMs: number): ReleaseReview {
  const state = verifyRealm(pin, { charters: draft.charters, release: draft.base }, nowMs);
  const { payload } = draft.document.statement;
  const statement = parseStatement(payload);
  const bundle = requireBundle(statement);
  requireFit(statement, state, draft);
  const body = parseReleaseBody(draft.document.body);
  if (body.bundle !== bundle) {
    throw new KedgeError('TYPE', `the draft is for ${bundle}, its content for ${body.bundle}`);
  }
  const previous = headOf(state, releaseStream(bundle));
  requireBlobs(draft, previous, body);
  const { charter } = requireCharter(state);
  const authority = findAuthority(charter, statement, draft.document.statement);
  const problems = [
    ...timeProblems(statement, state, authority, nowMs),
    ...lifecycleProblems(previous?.body, body, statement, state, authority),
  ];
  const judged = judgeByPolicy(draft, state, nowMs);
  return {
    statement,
    bundle,
    body,
    state,
    previous,
    changes: describeChange(previous?.body, body),
    counts: countChanges(previous?.body, body),
    authority,
    problems: [...problems, ...judged.problems],
    approvals: judged.approvals,
  };
}

function requireBundle(statement: Statement): BundleName {
  if (statement.kind === 'release' && statement.bundle !== undefined) return statement.bundle;
  throw otherKind('draft', signedKind(statement, 'draft'));
}

function requireFit(statement: Statement, state: TrustedState, draft: Draft): void {
  if (statement.realm !== state.realm) {
    throw new KedgeError(
      'REALM',
      `the draft is for the realm ${statement.realm}, not ${state.realm}`,
    );
  }
  const expected = expectedNext(state, statement.stream);
  if (statement.sequence !== expected.sequence || statement.previous !== expected.previous) {
    throw new KedgeError(
      'PREVIOUS',
      `the draft is sequence ${statement.sequence}; after the release in it comes ` +
        `${expected.sequence}`,
    );
  }
  requireNamedCharter(statement, requireCharter(state), headOf(state, statement.stream));
  const { body } = draft.document;
  if (body.length !== statement.bodyBytes || sha256(body) !== statement.bodyDigest) {
    throw new KedgeError(
      'DIGEST',
      'the content of the draft is not the one that its statement names',
    );
  }
}

/** Every anchor that enters must come with its certificate; blobs are named by their own hash. */
function requireBlobs(draft: Draft, previous: ReleaseHead | undefined, body: ReleaseBody): void {
  const known = new Set((previous?.body.anchors ?? []).map(({ id }) => id));
  const missing = body.anchors.filter(({ id }) => !known.has(id) && !draft.blobs.has(id));
  const [first] = missing;
  if (first === undefined) return;
  throw new KedgeError(
    'DIGEST',
    `the draft has no certificate for ${missing.length} of its new anchors, first ${first.id}`,
  );
}

function timeProblems(
  statement: Statement,
  state: TrustedState,
  authority: Authority,
  nowMs: number,
): readonly KedgeError[] {
  const problems: KedgeError[] = [];
  const expired = (message: string): void => {
    problems.push(new KedgeError('EXPIRED', message));
  };
  const current = requireCharter(state);
  if (statement.issuedMs > nowMs + CLOCK_SKEW_MAX_MS) {
    expired(`the draft was issued at ${formatTimestamp(statement.issuedMs)}, which is to come`);
  }
  if (statement.expiresMs <= nowMs) {
    expired(`the draft expired at ${formatTimestamp(statement.expiresMs)}`);
  }
  if (current.expiresMs <= nowMs) {
    expired(`charter ${current.version} expired at ${formatTimestamp(current.expiresMs)}`);
  }
  const maxMs = authority.role.expiryDays * 86_400_000;
  if (statement.expiresMs > statement.issuedMs + maxMs) {
    const days = authority.role.expiryDays;
    problems.push(new KedgeError('POLICY', `the draft is valid for longer than ${days} days`));
  }
  return problems;
}

function lifecycleProblems(
  previous: ReleaseBody | undefined,
  body: ReleaseBody,
  statement: Statement,
  state: TrustedState,
  authority: Authority,
): readonly KedgeError[] {
  try {
    verifyLifecycle(previous, body, statement, {
      lifecycle: requireCharter(state).charter.lifecycle,
      gap: 'linked',
      authority: authority.quorums.has('charter') ? 'charter' : 'release',
    });
    return [];
  } catch (cause) {
    return [KedgeError.from(cause)];
  }
}

/** Says whether two drafts state the same bytes. */
export function isSameStatement(a: Draft, b: Draft): boolean {
  return (
    equalBytes(a.document.statement.payload, b.document.statement.payload) &&
    equalBytes(a.document.body, b.document.body)
  );
}
