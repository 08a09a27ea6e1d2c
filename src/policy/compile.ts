/**
 * Rules compiled: parsed, type-checked against the variables of their subject, and bounded.
 *
 * An expression has 1000 characters at most. What could take long all the same is refused: one walk
 * over a list inside of another, and patterns of the engine of JavaScript, which are replaced by
 * `pattern.ts`. So an evaluation costs at most some thousand steps and the length of a few texts
 * times that of their patterns. A rule that cannot be evaluated refuses: fail closed.
 *
 * @module
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Policy, PolicyRule, RuleSubject } from '../core/charter/rules.ts';
import { RULE_SUBJECTS } from '../core/charter/rules.ts';
import { KedgeError } from '../core/errors.ts';
import { Memo } from '../core/memo.ts';
import { type Facts, type FactValue, type FieldType, variablesFor } from './environment.ts';
import { compilePattern, type Pattern } from './pattern.ts';

/** A rule that can be evaluated. */
export interface CompiledRule {
  readonly rule: PolicyRule;
  /** Says whether the rule holds. Errors: `POLICY` when it cannot be evaluated. */
  holds(facts: Facts): boolean;
}

const LIMITS = {
  maxAstNodes: 500,
  maxDepth: 40,
  maxListElements: 100,
  maxMapEntries: 20,
  maxCallArguments: 8,
};
/** Compiled patterns that are kept. */
const PATTERNS_MAX = 256;
/** Macros that walk over a list. */
const WALKS: readonly string[] = ['all', 'exists', 'exists_one', 'map', 'filter'];
const CEL_TYPES: Readonly<Record<FieldType, string>> = {
  string: 'string',
  int: 'int',
  bool: 'bool',
  timestamp: 'google.protobuf.Timestamp',
  'list<string>': 'list<string>',
};
/** Instead of `matches`, which would run on the engine of JavaScript. */
const MATCHES = 'matchesInBoundedTime';

/** Compiles all rules. Errors: `POLICY`, for the first that is wrong. */
export function compilePolicy(policy: Policy): readonly CompiledRule[] {
  return policy.rules.map(compileRule);
}

const compiled = new WeakMap<PolicyRule, CompiledRule>();

/** Compiles one rule, once. Errors: `POLICY` with what is wrong in its expression. */
export function compileRule(rule: PolicyRule): CompiledRule {
  const known = compiled.get(rule) ?? makeRule(rule);
  compiled.set(rule, known);
  return known;
}

function makeRule(rule: PolicyRule): CompiledRule {
  const environment = environmentFor(rule.for);
  try {
    const parsed = environment.parse(rule.that);
    bound(parsed.ast, 0);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error ?? new Error('it does not fit its types');
    if (checked.type !== 'bool') throw new Error(`it gives ${checked.type ?? '?'}, not bool`);
    return { rule, holds: (facts) => evaluate(rule, facts, parsed) };
  } catch (cause) {
    throw wrong(rule, 'is wrong', cause);
  }
}

function evaluate(rule: PolicyRule, facts: Facts, run: (context: object) => unknown): boolean {
  let result: unknown;
  try {
    result = run(celFacts(facts));
  } catch (cause) {
    throw wrong(rule, 'cannot be evaluated, so it refuses', cause);
  }
  if (typeof result === 'boolean') return result;
  throw wrong(rule, 'cannot be evaluated, so it refuses', new Error('it gave no bool'));
}

const environments: Map<RuleSubject, Environment> = new Map(
  RULE_SUBJECTS.map((subject) => [subject, makeEnvironment(subject)]),
);

function environmentFor(subject: RuleSubject): Environment {
  return environments.get(subject) ?? makeEnvironment(subject);
}

function makeEnvironment(subject: RuleSubject): Environment {
  const environment = new Environment({ limits: LIMITS, unlistedVariablesAreDyn: false });
  for (const [name, { fields, what }] of variablesFor(subject)) {
    const schema = Object.fromEntries(
      Object.entries(fields).map(([key, { type }]) => [key, CEL_TYPES[type]]),
    );
    environment.registerVariable({ name, schema, description: what });
  }
  environment.registerFunction(`string.${MATCHES}(string): bool`, (text: string, pattern: string) =>
    patternOf(pattern).test(text),
  );
  return environment;
}

const patterns = new Memo<Pattern>(PATTERNS_MAX);

function patternOf(source: string): Pattern {
  return patterns.get(source) ?? patterns.set(source, compilePattern(source), 1);
}

/** Walks the tree: no list inside of a list, and every `matches` is ours. */
function bound(node: unknown, depth: number): void {
  if (Array.isArray(node)) {
    for (const part of node) bound(part, depth);
    return;
  }
  if (!isNode(node)) return;
  const { args } = node;
  const isCall = node.op === 'rcall' || node.op === 'call';
  const name: unknown = isCall && Array.isArray(args) ? args[0] : undefined;
  if (Array.isArray(args) && name === 'matches') args[0] = MATCHES;
  const isWalk = typeof name === 'string' && WALKS.includes(name);
  if (isWalk && depth > 0) throw new Error(`${name} inside of another one would take too long`);
  bound(args, isWalk ? depth + 1 : depth);
}

interface Node {
  readonly op: unknown;
  readonly args: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function celFacts(facts: Facts): object {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fields]) => [
      name,
      Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, celValue(value)])),
    ]),
  );
}

function celValue(value: FactValue): unknown {
  return typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
}

function wrong(rule: PolicyRule, what: string, cause: unknown): KedgeError {
  const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return new KedgeError('POLICY', `the rule ${rule.name} ${what}: ${reason.slice(0, 300)}`, {
    detail: {
      rule: rule.name,
      reason: 'not-evaluated',
      hint: 'docs/policy.md lists what rules see; check them with kedge policy show --file <file>',
    },
    cause,
  });
}
