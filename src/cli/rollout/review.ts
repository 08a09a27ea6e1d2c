/**
 * What a draft of a rollout says, judged before anybody signs it.
 *
 * The draft carries the release that it rolls out and the rollout before: whoever signs sees what
 * programs would get, verified from the pin down, without a network.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, formatTimestamp, releaseStream, rolloutStream } from '../../core/ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../../core/limits.ts';
import { parseRolloutBody, type RolloutBody } from '../../core/rollouts/body.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { type Authority, findAuthority } from '../../core/trusted/authority.ts';
import {
  expectedNext,
  headOf,
  type ReleaseHead,
  type RolloutHead,
  type TrustedState,
} from '../../core/trusted/state.ts';
import { requireNamedCharter } from '../draft/charters.ts';
import type { Draft } from '../draft/file.ts';
import { otherKind, signedKind } from '../file-kind.ts';
import { judgeByPolicy, missingSignatures, type PolicyReview } from '../policy/review.ts';
import { type Pin, requireCharter, verifyRealm } from '../realm/trust.ts';

/** A draft of a rollout that fits together. */
export interface RolloutReview {
  readonly statement: Statement;
  readonly bundle: BundleName;
  readonly body: RolloutBody;
  readonly state: TrustedState;
  /** The rollout that this one follows. */
  readonly previous: RolloutHead | undefined;
  /** The release that it rolls out. */
  readonly release: ReleaseHead;
  /** Who signed so far, counted as nodes will. */
  readonly authority: Authority;
  /** Why nodes would refuse it as it stands, apart from missing signatures. */
  readonly problems: readonly KedgeError[];
  /** Rules of the policy that want more signers than have signed. */
  readonly approvals: PolicyReview['approvals'];
}

/** Judges a draft of a rollout. Errors: whatever makes it not fit together. */
export function reviewRollout(draft: Draft, pin: Pin, nowMs: number): RolloutReview {
  const { charters, base, rollout, document } = draft;
  const state = verifyRealm(pin, { charters, release: base, rollout }, nowMs);
  const statement = parseStatement(document.statement.payload);
  const { bundle } = statement;
  if (statement.kind !== 'rollout' || bundle === undefined) {
    throw otherKind('draft', signedKind(statement, 'draft'));
  }
  requireFit(statement, state, draft);
  const body = parseRolloutBody(document.body);
  if (body.bundle !== bundle) {
    throw new KedgeError('TYPE', `the draft is for ${bundle}, its content for ${body.bundle}`);
  }
  const release = requireRelease(state, body);
  const authority = findAuthority(requireCharter(state).charter, statement, document.statement);
  const judged = judgeByPolicy(draft, state, nowMs);
  return {
    statement,
    bundle,
    body,
    state,
    previous: headOf(state, rolloutStream(bundle)),
    release,
    authority,
    problems: [
      ...roleProblems(authority),
      ...timeProblems(statement, state, authority, nowMs),
      ...judged.problems,
    ],
    approvals: judged.approvals,
  };
}

function requireFit(statement: Statement, state: TrustedState, { document }: Draft): void {
  if (statement.realm !== state.realm) {
    throw new KedgeError('REALM', `the draft is for realm ${statement.realm}, not ${state.realm}`);
  }
  const expected = expectedNext(state, statement.stream);
  if (statement.sequence !== expected.sequence || statement.previous !== expected.previous) {
    throw new KedgeError('PREVIOUS', 'the draft does not follow the rollout that it carries');
  }
  requireNamedCharter(statement, requireCharter(state), headOf(state, statement.stream));
  const { body } = document;
  if (body.length === statement.bodyBytes && sha256(body) === statement.bodyDigest) return;
  throw new KedgeError('DIGEST', 'the content of the draft is not what its statement names');
}

/** The release that is rolled out is the one that the draft carries. */
function requireRelease(state: TrustedState, { bundle, to, from }: RolloutBody): ReleaseHead {
  const head = headOf(state, releaseStream(bundle));
  if (head?.digest !== to.digest || head.sequence !== to.sequence) {
    throw new KedgeError('DIGEST', `the draft does not carry release ${String(to.sequence)}`);
  }
  if (from === undefined || from.sequence < to.sequence) return head;
  throw new KedgeError('ROLLBACK', `the draft goes back to release ${String(to.sequence)}`);
}

function roleProblems({ role }: Authority): readonly KedgeError[] {
  if (role.signers.length > 0) return [];
  const hint = 'give the role to signers of its own: kedge charter rotate --role rollout=1:deploy';
  return [
    new KedgeError('THRESHOLD', 'the charter has no rollout role, so nobody can sign rollouts', {
      detail: { hint },
    }),
  ];
}

function timeProblems(
  statement: Statement,
  state: TrustedState,
  { role }: Authority,
  nowMs: number,
): readonly KedgeError[] {
  const { issuedMs, expiresMs } = statement;
  const problems: KedgeError[] = [];
  if (issuedMs > nowMs + CLOCK_SKEW_MAX_MS) {
    const at = formatTimestamp(issuedMs);
    problems.push(new KedgeError('EXPIRED', `the draft was issued at ${at}, which is to come`));
  }
  const ends = Math.min(expiresMs, requireCharter(state).expiresMs);
  if (ends <= nowMs) {
    problems.push(new KedgeError('EXPIRED', `the draft expired at ${formatTimestamp(ends)}`));
  }
  if (role.signers.length > 0 && expiresMs > issuedMs + role.expiryDays * 86_400_000) {
    const days = role.expiryDays;
    problems.push(new KedgeError('POLICY', `the draft is valid for longer than ${days} days`));
  }
  return problems;
}

/** How many signatures a draft still needs. */
export function missingOf(review: RolloutReview): number {
  const { role, signers } = review.authority;
  return missingSignatures(role.threshold - signers.length, review);
}
