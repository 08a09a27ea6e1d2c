/**
 * The rules of the charter in force, applied to a signed document that is handed in. Spec rules
 * PO-5 to PO-9.
 *
 * The document is not verified here; who verifies it comes afterwards and refuses more. Signatures
 * that count as approvals are verified.
 *
 * @module
 */
import { type Charter, parseCharter } from '../core/charter/charter.ts';
import type { Policy } from '../core/charter/rules.ts';
import { releaseStream } from '../core/ids.ts';
import { parseReleaseBody } from '../core/releases/body.ts';
import { parseRolloutBody } from '../core/rollouts/body.ts';
import { parseStatement, type Statement } from '../core/statements/statement.ts';
import { findAuthority } from '../core/trusted/authority.ts';
import { currentCharter, headOf } from '../core/trusted/state.ts';
import type { PolicySubmission, SubmissionPolicy } from '../ports/policy.ts';
import { approversOf } from './approvers.ts';
import { charterFacts, type ProposalCase, rolloutFacts } from './charter-facts.ts';
import { compilePolicy } from './compile.ts';
import { type Finding, judge, refusals } from './judge.ts';
import { releaseFacts } from './release-facts.ts';

/** The policy of nodes: what breaks a rule is refused with the first finding. */
export const submissionPolicy: SubmissionPolicy = {
  require(submission, phase) {
    const [refusal] = refusals(findingsOf(submission), phase);
    if (refusal !== undefined) throw refusal;
  },
};

/**
 * What the rules say about a document; nothing without a policy. `instead`: by these rules, to see
 * what they would say.
 *
 * Errors: `POLICY` when a rule cannot be evaluated or a new policy does not compile; those of
 * parsing.
 */
export function findingsOf(submission: PolicySubmission, instead?: Policy): readonly Finding[] {
  const found = currentCharter(submission.state)?.charter;
  if (found === undefined) return [];
  const current = instead === undefined ? found : { ...found, policy: instead };
  const statement = parseStatement(submission.document.statement.payload);
  if (statement.kind === 'charter') {
    return charterFindings(current, statement, submission, instead);
  }
  const { policy } = current;
  if (policy === undefined) return [];
  if (statement.kind === 'release') {
    return releaseFindings(current, policy, statement, submission);
  }
  const facts = rolloutFacts(
    parseRolloutBody(submission.document.body),
    proposal(current, statement, submission),
  );
  return judge(policy, 'rollout', [facts]);
}

function releaseFindings(
  charter: Charter,
  policy: Policy,
  statement: Statement,
  { state, document, certificates, nowMs }: PolicySubmission,
): readonly Finding[] {
  const body = parseReleaseBody(document.body);
  const { role } = findAuthority(charter, statement, document.statement);
  const facts = releaseFacts({
    charter,
    statement,
    previous: headOf(state, releaseStream(body.bundle))?.body,
    body,
    certificates,
    signers: approversOf(charter, role, document.statement),
    threshold: role.threshold,
    nowMs,
  });
  return judge(policy, 'release', facts);
}

/**
 * PO-8: a charter that changes the policy is judged by none of its rules, as a wrong rule could
 * never be taken back otherwise; but the new ones must compile.
 */
function charterFindings(
  current: Charter,
  statement: Statement,
  submission: PolicySubmission,
  instead: Policy | undefined,
): readonly Finding[] {
  const next = parseCharter(submission.document.body);
  if (instead === undefined && !isSamePolicy(current.policy, next.policy)) {
    if (next.policy !== undefined) compilePolicy(next.policy);
    return [];
  }
  if (current.policy === undefined) return [];
  const facts = charterFacts(next, proposal(current, statement, submission));
  return judge(current.policy, 'charter', [facts]);
}

function proposal(
  charter: Charter,
  statement: Statement,
  { document, nowMs }: PolicySubmission,
): ProposalCase {
  const { roles } = charter;
  const role = statement.kind === 'charter' ? roles.charter : (roles.rollout ?? roles.release);
  const signers = approversOf(charter, role, document.statement);
  return { charter, statement, signers, threshold: role.threshold, nowMs };
}

/** Policies are read sorted and key by key, so that equal ones have equal text. */
function isSamePolicy(a: Policy | undefined, b: Policy | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}
