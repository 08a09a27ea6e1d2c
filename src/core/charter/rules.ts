/**
 * The policy of a charter as data: rules that admins gave themselves, which go further than what
 * the specification demands.
 *
 * The core carries them and never evaluates them: whoever proposes a change is held to them
 * (signing tools, the node where it is handed in), while acceptance, replication and clients are
 * not. So a rule can neither fork a stream nor stop a client. Spec section 4, rules PO-1 to PO-4.
 *
 * @module
 */
import type { CanonicalValue } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import { POLICY_RULE_MAX_CHARS, POLICY_RULES_MAX, SIGNERS_MAX } from '../limits.ts';
import { readObject, requireAscending } from '../reader.ts';

/** What a rule judges. */
export type RuleSubject = 'release' | 'charter' | 'rollout';

/** The subjects. */
export const RULE_SUBJECTS: readonly RuleSubject[] = ['release', 'charter', 'rollout'];

/** One rule. */
export interface PolicyRule {
  /** Names it in refusals; unique in the policy. */
  readonly name: string;
  readonly for: RuleSubject;
  /** What must be true: an expression of the Common Expression Language. Not parsed here. */
  readonly that: string;
  /** What whoever breaks it reads. */
  readonly message: string;
  /** Where `that` is false, so many signers are enough instead. Absent: nothing is. */
  readonly approvals?: number;
}

/** The rules of a charter; sorted by name, at least one. */
export interface Policy {
  readonly rules: readonly PolicyRule[];
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Reads a policy. Rules PO-1 to PO-3. Errors: `PARSE`, `LIMIT`. */
export function readPolicy(value: CanonicalValue, path: string): Policy {
  const policy = readObject(value, path, { required: ['rules'] });
  const rules = policy.list('rules', { min: 1, max: POLICY_RULES_MAX }, readRule);
  requireAscending(
    rules.map(({ name }) => name),
    `${path}.rules`,
  );
  return { rules };
}

/** Writes a policy as {@link readPolicy} reads it; rules are sorted here. */
export function policyValue({ rules }: Policy): CanonicalValue {
  return {
    rules: rules
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ approvals, message, name, that, ...rule }) => ({
        ...(approvals !== undefined && { approvals }),
        for: rule.for,
        message,
        name,
        that,
      })),
  };
}

function readRule(value: CanonicalValue, path: string): PolicyRule {
  const rule = readObject(value, path, {
    required: ['for', 'message', 'name', 'that'],
    optional: ['approvals'],
  });
  const that = rule.string('that');
  if (that.length > POLICY_RULE_MAX_CHARS) {
    throw new KedgeError(
      'LIMIT',
      `${path}.that: ${that.length} characters, at most ${POLICY_RULE_MAX_CHARS} are allowed`,
    );
  }
  return {
    name: rule.parsed('name', parseRuleName),
    for: rule.oneOf('for', RULE_SUBJECTS),
    that,
    message: rule.text('message'),
    ...(rule.has('approvals') && {
      approvals: rule.integer('approvals', { min: 1, max: SIGNERS_MAX }),
    }),
  };
}

function parseRuleName(text: string): string {
  if (NAME.test(text)) return text;
  throw new KedgeError('PARSE', 'must be 1 to 64 of a-z, 0-9 and -, no - first or last');
}
