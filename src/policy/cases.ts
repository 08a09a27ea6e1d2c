/**
 * Cases of a policy: facts that are made up, alone or over those of a bundle that is there, and
 * what the rules must say about them.
 *
 * @module
 */
import type { CanonicalValue } from '../core/canonical.ts';
import { type Policy, RULE_SUBJECTS, type RuleSubject } from '../core/charter/rules.ts';
import { KedgeError } from '../core/errors.ts';
import { parseTimestamp } from '../core/ids.ts';
import { readObject, readString } from '../core/reader.ts';
import {
  emptyFacts,
  type Facts,
  type FactValue,
  type FieldType,
  variablesFor,
} from './environment.ts';
import { judge } from './judge.ts';
import { timeFacts } from './shared-facts.ts';

/** One case. */
export interface PolicyCase {
  readonly name: string;
  readonly for: RuleSubject;
  /** What is done to the anchors of a bundle; empty: nothing, or no bundle is meant. */
  readonly steps: readonly CaseStep[];
  /** When it is; absent: the case does not say. */
  readonly nowMs?: number;
  /** Facts that the case gives, by variable and field. */
  readonly given: Facts;
  /** Rules that must refuse. */
  readonly refused: readonly string[];
  /** Rules that must ask for more signers. */
  readonly approvals: readonly string[];
}

/** A change of one anchor of a bundle. */
export interface CaseStep {
  readonly kind: (typeof STEPS)[number];
  /** Label, fingerprint or file. */
  readonly anchor: string;
}

/** What became of a case. */
export interface CaseResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed';
  readonly refused: readonly string[];
  readonly approvals: readonly string[];
  /** What was expected and did not come, or came and was not expected; in words. */
  readonly differences: readonly string[];
}

const STEPS = ['activate', 'retire', 'remove', 'revoke'] as const;
const STEPS_MAX = 64;
const CASES_MAX = 1000;
const NAMES_MAX = 64;

/** Reads the cases of a file. Errors: `PARSE`, `LIMIT`. */
export function readCases(value: CanonicalValue, path: string): readonly PolicyCase[] {
  const file = readObject(value, path, { required: ['cases'], optional: ['rules', 'policy'] });
  return file.list('cases', { min: 1, max: CASES_MAX }, readCase);
}

function readCase(value: CanonicalValue, path: string): PolicyCase {
  const reader = readObject(value, path, {
    required: ['name'],
    optional: ['for', 'steps', 'given', 'refused', 'approvals'],
  });
  const subject = reader.has('for') ? reader.oneOf('for', RULE_SUBJECTS) : 'release';
  const names = (key: 'refused' | 'approvals'): readonly string[] =>
    reader.has(key) ? reader.list(key, { max: NAMES_MAX }, readString) : [];
  const given = reader.has('given')
    ? readFacts(reader.value('given'), subject, `${path}.given`)
    : {};
  const now = given['time']?.['now'];
  const steps = reader.has('steps') ? reader.list('steps', { max: STEPS_MAX }, readStep) : [];
  if (steps.length > 0 && subject !== 'release') {
    throw new KedgeError('PARSE', `${path}.steps is for releases, not for a ${subject}`);
  }
  return {
    name: reader.text('name'),
    for: subject,
    steps,
    ...(now instanceof Date && { nowMs: now.getTime() }),
    given,
    refused: names('refused'),
    approvals: names('approvals'),
  };
}

/** One key, which says what is done. */
function readStep(value: CanonicalValue, path: string): CaseStep {
  const reader = readObject(value, path, { required: [], optional: STEPS });
  const [kind, ...more] = STEPS.filter((one) => reader.has(one));
  if (kind !== undefined && more.length === 0) return { kind, anchor: reader.text(kind) };
  throw new KedgeError('PARSE', `${path} must have one of ${STEPS.join(', ')}`);
}

/** `time.now` also sets the other fields of the time. */
function readFacts(value: CanonicalValue, subject: RuleSubject, path: string): Facts {
  const variables = variablesFor(subject);
  const given = readObject(value, path, {
    required: [],
    optional: variables.map(([name]) => name),
  });
  const facts: Record<string, Readonly<Record<string, FactValue>>> = {};
  for (const [name, { fields }] of variables) {
    if (!given.has(name)) continue;
    const table = given.object(name, { required: [], optional: Object.keys(fields) });
    const values: Record<string, FactValue> = {};
    for (const [key, { type }] of Object.entries(fields)) {
      if (table.has(key)) values[key] = readFact(table.value(key), type, `${path}.${name}.${key}`);
    }
    const { now } = values;
    const derived = name === 'time' && now instanceof Date ? timeFacts(now.getTime()) : {};
    facts[name] = { ...derived, ...values };
  }
  return facts;
}

function readFact(value: CanonicalValue, type: FieldType, path: string): FactValue {
  switch (type) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'int':
      if (typeof value === 'number') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'timestamp':
      if (typeof value === 'string') return new Date(parseTimestamp(value));
      break;
    case 'list<string>':
      if (Array.isArray(value)) {
        return value.map((item: CanonicalValue, index) => readString(item, `${path}[${index}]`));
      }
      break;
  }
  throw new KedgeError('PARSE', `${path} must be of the type ${type}`);
}

/**
 * Runs a case over the facts of a bundle, one set for each anchor that changes; absent: over empty
 * ones. Errors: `POLICY` when a rule does not compile.
 */
export function runCase(
  policy: Policy,
  one: PolicyCase,
  under: readonly Facts[] = [emptyFacts(one.for)],
): CaseResult {
  const facts = under.map((each) => overlaid(each, one.given));
  const known = new Set(policy.rules.map(({ name }) => name));
  const unknown = [...one.refused, ...one.approvals].filter((name) => !known.has(name));
  const findings = judge(policy, one.for, facts);
  const open = findings.filter(({ approvals, approved }) => approved < (approvals ?? Infinity));
  const rulesOf = (list: typeof open): readonly string[] => [
    ...new Set(list.map(({ rule }) => rule)),
  ];
  const refused = rulesOf(open.filter((finding) => finding.approvals === undefined));
  const approvals = rulesOf(open.filter((finding) => finding.approvals !== undefined));
  const differences = [
    ...unknown.map((name) => `there is no rule ${name}`),
    ...compared('refuses', one.refused, refused),
    ...compared('asks for more signers', one.approvals, approvals),
  ];
  const outcome = differences.length === 0 ? 'passed' : 'failed';
  return { name: one.name, outcome, refused, approvals, differences };
}

function overlaid(under: Facts, given: Facts): Facts {
  const names = [...new Set([...Object.keys(under), ...Object.keys(given)])];
  return Object.fromEntries(names.map((name) => [name, { ...under[name], ...given[name] }]));
}

function compared(
  what: string,
  expected: readonly string[],
  found: readonly string[],
): readonly string[] {
  return [
    ...expected.filter((rule) => !found.includes(rule)).map((rule) => `${rule} never ${what}`),
    ...found.filter((rule) => !expected.includes(rule)).map((rule) => `${rule} ${what}`),
  ];
}
