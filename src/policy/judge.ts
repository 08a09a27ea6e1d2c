/**
 * Rules applied to facts: what they say about one proposed change.
 *
 * @module
 */
import type { Policy, RuleSubject } from '../core/charter/rules.ts';
import { KedgeError } from '../core/errors.ts';
import type { PolicyPhase } from '../ports/policy.ts';
import { compileRule } from './compile.ts';
import type { Facts } from './environment.ts';

/** A rule that does not hold for some facts. */
export interface Finding {
  readonly rule: string;
  readonly message: string;
  /** What it is about: an anchor by label and fingerprint; absent when about the whole. */
  readonly anchor?: string;
  /** So many signers are enough instead; absent: none are. */
  readonly approvals?: number;
  /** How many signed so far. */
  readonly approved: number;
}

const FINGERPRINT_SHOWN_CHARS = 16;

/**
 * Evaluates the rules for a subject over all facts; the findings are in the order of the rules,
 * each rule once per anchor. Errors: `POLICY` when a rule cannot be compiled or evaluated.
 */
export function judge(
  policy: Policy,
  subject: RuleSubject,
  facts: readonly Facts[],
): readonly Finding[] {
  return policy.rules
    .filter((rule) => rule.for === subject)
    .flatMap((rule) => {
      const compiled = compileRule(rule);
      return facts
        .filter((one) => !compiled.holds(one))
        .map((one): Finding => {
          const anchor = anchorOf(one);
          return {
            rule: rule.name,
            message: rule.message,
            ...(anchor === undefined ? {} : { anchor }),
            ...(rule.approvals === undefined ? {} : { approvals: rule.approvals }),
            approved: Number(one['approvals']?.['count'] ?? 0),
          };
        });
    });
}

/**
 * The findings that refuse. While people sign, one that asks for more approvals does not: they are
 * still coming.
 */
export function refusals(findings: readonly Finding[], phase: PolicyPhase): readonly KedgeError[] {
  return findings
    .filter(({ approvals, approved }) =>
      approvals === undefined ? true : phase === 'submission' && approved < approvals,
    )
    .map(refusal);
}

/** A rule that more signers have to approve. */
export interface OpenApproval {
  readonly rule: string;
  /** How many signers are missing. */
  readonly missing: number;
  /** The same in words. */
  readonly text: string;
}

/** What still has to be approved; each rule once. */
export function openApprovals(findings: readonly Finding[]): readonly OpenApproval[] {
  const open = new Map<string, OpenApproval>();
  for (const { rule, approvals = 0, approved, message } of findings) {
    if (approved >= approvals) continue;
    const text = `the rule ${rule} wants ${approvals} signers, ${approved} signed: ${message}`;
    open.set(rule, { rule, missing: approvals - approved, text });
  }
  return [...open.values()];
}

function refusal({ rule, message, anchor, approvals, approved }: Finding): KedgeError {
  const about = anchor === undefined ? '' : `, for the anchor ${anchor}`;
  const wants =
    approvals === undefined ? '' : ` (or ${approvals} signers; ${approved} signed so far)`;
  return new KedgeError('POLICY', `the rule ${rule} refuses it${about}: ${message}${wants}`, {
    detail: {
      rule,
      ...(anchor === undefined ? {} : { anchor }),
      hint: 'see kedge policy show; a rule is changed by a charter (kedge charter rotate --policy)',
    },
  });
}

function anchorOf(facts: Facts): string | undefined {
  const { fingerprint, label } = facts['anchor'] ?? {};
  if (typeof fingerprint !== 'string' || fingerprint === '') return undefined;
  return `${JSON.stringify(label)} (${fingerprint.slice(0, FINGERPRINT_SHOWN_CHARS)}…)`;
}
