/**
 * What the policy of the charter in force says about a draft, for whoever is about to sign it.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import { type OpenApproval, openApprovals, refusals } from '../../policy/judge.ts';
import { findingsOf } from '../../policy/submission.ts';
import type { Draft } from '../draft/file.ts';

/** The outcome. */
export interface PolicyReview {
  /** Rules that the draft breaks; nobody signs it then. */
  readonly problems: readonly KedgeError[];
  /** Rules that want more signers than have signed. */
  readonly approvals: readonly OpenApproval[];
}

/** How many signatures are missing: for the role, and for rules that want more. */
export function missingSignatures(
  forRole: number,
  { approvals }: Pick<PolicyReview, 'approvals'>,
): number {
  return Math.max(0, forRole, ...approvals.map(({ missing }) => missing));
}

/** Judges a draft; a rule that cannot be evaluated is a problem like any other. */
export function judgeByPolicy(draft: Draft, state: TrustedState, nowMs: number): PolicyReview {
  const { document, blobs: certificates } = draft;
  try {
    const findings = findingsOf({ state, document, certificates, nowMs });
    return { problems: refusals(findings, 'signing'), approvals: openApprovals(findings) };
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    if (error.code !== 'POLICY') throw error;
    return { problems: [error], approvals: [] };
  }
}
