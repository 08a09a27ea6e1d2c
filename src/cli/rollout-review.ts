/**
 * What a draft of a rollout says, judged before anybody signs it, and handed in.
 *
 * The draft carries the release that it rolls out and the rollout before: whoever signs sees what
 * programs would get, verified from the pin down, without a network.
 *
 * @module
 */
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { type BundleName, formatTimestamp, releaseStream, rolloutStream } from '../core/ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../core/limits.ts';
import { parseRolloutBody, type RolloutBody } from '../core/rollouts/body.ts';
import { parseStatement, type Statement } from '../core/statements/statement.ts';
import { acceptDocument } from '../core/trusted/accept.ts';
import { type Authority, findAuthority } from '../core/trusted/authority.ts';
import {
  expectedNext,
  headOf,
  type ReleaseHead,
  type RolloutHead,
  type TrustedState,
} from '../core/trusted/state.ts';
import type { Draft } from './draft-file.ts';
import { fileError, fileExists } from './files.ts';
import { openNode } from './node-admin.ts';
import { judgeByPolicy, missingSignatures, type PolicyReview } from './policy-review.ts';
import type { OpenedDraft } from './publishing.ts';
import type { RealmOptions } from './realm-options.ts';
import { type Pin, requireCharter, verifyRealm } from './realm-trust.ts';
import { formatRolloutReview } from './rollout-review-view.ts';
import type { Session } from './session.ts';
import type { Signable } from './signing.ts';
import { warnIfAlone } from './spreading.ts';

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
    throw new KedgeError('TYPE', `this is a draft for the stream ${statement.stream}`, {
      detail: { hint: 'releases and charters have their own commands: kedge release sign' },
    });
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
  const { version } = requireCharter(state);
  if (statement.charterVersion !== version) {
    throw new KedgeError(
      'PREVIOUS',
      `the draft names charter version ${statement.charterVersion}; it carries ${version}`,
    );
  }
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

/** Makes a reviewed draft ready to be signed. */
export function signableRollout(
  session: Session,
  opened: OpenedDraft,
  review: RolloutReview,
): Signable {
  return {
    path: opened.path,
    draft: opened.draft,
    statement: review.statement,
    charters: [requireCharter(review.state).charter],
    eligible: new Set(review.authority.role.signers),
    summary: formatRolloutReview(session, review),
    problems: review.problems,
    ...(opened.saveAs !== undefined && { saveAs: opened.saveAs }),
  };
}

/** How many signatures a draft still needs. */
export function missingOf(review: RolloutReview): number {
  const { role, signers } = review.authority;
  return missingSignatures(role.threshold - signers.length, review);
}

/**
 * Judges a signed draft as a node will, hands it in, and keeps the file under the number of the
 * rollout. Errors: what makes it unacceptable, before the node is asked; those of the node.
 */
export async function submitRollout(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<void> {
  const { draft, path, pin } = opened;
  const nowMs = session.context.nowMs();
  const { statement, bundle, state, body, problems } = reviewRollout(draft, pin, nowMs);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const { document } = draft;
  acceptDocument(
    state,
    { chain: [document.statement], body: document.body, mode: 'linked' },
    nowMs,
  );
  using node = await openNode(session, options);
  const receipt = await node.submit({ document, blobs: [] });
  if (receipt.digest !== statement.digest || receipt.sequence !== statement.sequence) {
    throw new KedgeError('PROOF', 'the node confirmed another rollout than the one handed in');
  }
  const record = join(dirname(path), `${bundle}.rollout-${String(statement.sequence)}.json`);
  const kept = await keep(path, record);
  await warnIfAlone(session, node, kept);
  const held = receipt.novelty === 'held';
  session.output.result(
    {
      bundle,
      sequence: statement.sequence,
      digest: statement.digest,
      state: body.state,
      alreadyHeld: held,
      record: kept,
    },
    `${held ? 'The node had' : 'Published'} rollout ${String(statement.sequence)} of ${bundle}` +
      `${held ? ' already' : ''}: release ${String(body.to.sequence)}, ${body.state}.\n` +
      `Kept in ${session.shown(kept)}. See it go: kedge rollout status ${bundle} --watch`,
  );
}

async function keep(path: string, record: string): Promise<string> {
  if (path === record || (await fileExists(record))) return path;
  try {
    await rename(path, record);
    return record;
  } catch (cause) {
    throw fileError(cause, `the rollout is published, but its file ${path} was not renamed`);
  }
}
