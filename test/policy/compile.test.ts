import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../src/core/charter/rules.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { compileRule } from '../../src/policy/compile.ts';
import { emptyFacts, type Facts, type FactValue } from '../../src/policy/environment.ts';
import { timeFacts } from '../../src/policy/shared-facts.ts';

const rule = (that: string, subject: PolicyRule['for'] = 'release'): PolicyRule => ({
  name: 'one',
  for: subject,
  that,
  message: 'no',
});

function facts(given: Readonly<Record<string, Readonly<Record<string, FactValue>>>>): Facts {
  const all: Record<string, Readonly<Record<string, FactValue>>> = { ...emptyFacts('release') };
  for (const [name, fields] of Object.entries(given)) all[name] = { ...all[name], ...fields };
  return all;
}

const errorOf = (action: () => unknown): KedgeError => {
  try {
    action();
  } catch (thrown) {
    return KedgeError.from(thrown);
  }
  throw new Error('it went well');
};

// A Thursday, 09:30 in Berlin and 03:30 in New York.
const NOW = Date.UTC(2026, 10, 26, 8, 30);

describe('compileRule', () => {
  it.each<[string, Facts, boolean]>([
    ['anchor.keyBits >= 2048', facts({ anchor: { keyBits: 2048 } }), true],
    ['anchor.keyBits >= 2048', facts({ anchor: { keyBits: 1024 } }), false],
    ["anchor.keyType in ['rsa', 'ec']", facts({ anchor: { keyType: 'ec' } }), true],
    [
      "anchor.purposes.all(p, p in ['tls-server', 'tls-client'])",
      facts({ anchor: { purposes: ['tls-server', 'jwt'] } }),
      false,
    ],
    ["release.note.matches('CHG-[0-9]+')", facts({ release: { note: 'CHG-77' } }), true],
    [
      "anchor.notAfter - anchor.notBefore <= duration('87600h')",
      facts({ anchor: { notBefore: new Date(0), notAfter: new Date(86_400_000) } }),
      true,
    ],
    ["time.weekday in ['mon', 'tue', 'wed', 'thu']", facts({ time: timeFacts(NOW) }), true],
    ['time.hour >= 9', facts({ time: timeFacts(NOW) }), false],
    ["time.now.getHours('Europe/Berlin') >= 9", facts({ time: timeFacts(NOW) }), true],
    ["time.now.getHours('America/New_York') >= 9", facts({ time: timeFacts(NOW) }), false],
    ["change.narrows || time.weekday != 'thu'", facts({ change: { narrows: true } }), true],
  ])('evaluates %s', (that, given, expected) => {
    expect(compileRule(rule(that)).holds(given)).toBe(expected);
  });

  it.each([
    ['an unknown variable', 'bundle == "x"', 'bundle'],
    ['an unknown field', 'anchor.colour == "red"', 'colour'],
    ['two types', 'anchor.keyBits > "2048"', 'no such overload'],
    ['no bool', 'anchor.keyBits', 'it gives int, not bool'],
    ['half an expression', 'anchor.keyBits >', ''],
    ['a variable of another subject', 'charter.version > 1', 'charter'],
    ['a list inside of a list', '[1].all(a, [1].all(b, a == b))', 'would take too long'],
    ['a walk in what is walked over', '[1].map(a, [a].exists(b, b == 1)).size() == 1', 'too long'],
  ])('refuses %s, and says which rule', (_what, that, text) => {
    const error = errorOf(() => compileRule(rule(that)));
    expect([error.code, error.detail['rule']]).toEqual(['POLICY', 'one']);
    expect(error.message).toContain('the rule one is wrong');
    expect(error.message).toContain(text);
  });

  it('gives each subject its own variables', () => {
    expect(() => compileRule(rule('charter.signers.size() >= 3', 'charter'))).not.toThrow();
    expect(() => compileRule(rule('rollout.firstPercent <= 10', 'rollout'))).not.toThrow();
    expect(errorOf(() => compileRule(rule('anchor.isCa', 'charter'))).code).toBe('POLICY');
  });

  it.each([
    ['divides by zero', '10 / anchor.keyBits == 1', 'division'],
    ['has a wrong pattern', "release.note.matches('(')", 'not a pattern'],
    ['reads past a list', "anchor.purposes[3] == 'x'", ''],
    ['names no time zone', "time.now.getHours('Mars/Olympus') == 1", ''],
  ])('refuses what it cannot evaluate, for example when it %s', (_what, that, text) => {
    const compiled = compileRule(rule(that));
    const error = errorOf(() => compiled.holds(emptyFacts('release')));
    expect(error.code).toBe('POLICY');
    expect(error.message).toContain('cannot be evaluated, so it refuses');
    expect(error.message).toContain(text);
  });

  it('runs no pattern on the engine of JavaScript', () => {
    // There this takes longer than anybody waits; also inside of other calls.
    const note = `${'a'.repeat(400)}!`;
    const inner = "[1].exists(n, release.note.matches('^(a+)+$') && n == 1)";
    const that = `${inner} || release.note.matches('^(a|a)*$')`;
    expect(compileRule(rule(that)).holds(facts({ release: { note } }))).toBe(false);
  });
});
