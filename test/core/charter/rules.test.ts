import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { type Charter, encodeCharter, parseCharter } from '../../../src/core/charter/charter.ts';
import type { PolicyRule } from '../../../src/core/charter/rules.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';

const { charter: base } = createTestRealm().charter;
const RULE: PolicyRule = {
  name: 'tickets',
  for: 'release',
  that: "release.note.matches('CHG-[0-9]+')",
  message: 'name the ticket',
};

const withRules = (...rules: readonly PolicyRule[]): Charter => ({ ...base, policy: { rules } });

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (thrown) {
    return KedgeError.from(thrown).code;
  }
}

/** The bytes of a charter with one rule, as somebody else may have written it. */
function written(rule: Readonly<Record<string, unknown>>): Uint8Array {
  const text = parseUtf8(encodeCharter(withRules(RULE)));
  const sorted = Object.fromEntries(Object.entries(rule).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const start = text.indexOf('"rules":[') + '"rules":['.length;
  const original = text.slice(start, text.indexOf('}]', start) + 1);
  return encodeUtf8(text.replace(original, JSON.stringify(sorted)));
}

describe('a policy in a charter', () => {
  it('comes back as it was written, sorted by name', () => {
    const asking = { ...RULE, name: 'approvals', approvals: 3 };
    const parsed = parseCharter(encodeCharter(withRules(RULE, asking)));
    expect(parsed.policy).toEqual({ rules: [asking, RULE] });
  });

  it('is absent where there is none, and leaves no key behind (PO-1)', () => {
    expect(parseCharter(encodeCharter(base)).policy).toBeUndefined();
    expect(parseUtf8(encodeCharter(base))).not.toContain('policy');
    expect(codeOf(() => encodeCharter(withRules()))).toBe('PARSE');
  });

  it('is read as data: an expression need not even parse (PO-4)', () => {
    const parsed = parseCharter(encodeCharter(withRules({ ...RULE, that: '((' })));
    expect(parsed.policy?.rules[0]?.that).toBe('((');
  });

  it('reads what others wrote in the one form', () => {
    expect(parseCharter(written({ ...RULE })).policy).toEqual({ rules: [RULE] });
  });

  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['an unknown subject', { for: 'bundle' }, 'PARSE'],
    ['an unknown key', { override: true }, 'PARSE'],
    ['a name in capitals', { name: 'Tickets' }, 'PARSE'],
    ['a name that is not ASCII', { name: 'größe' }, 'PARSE'],
    ['no message', { message: undefined }, 'PARSE'],
    ['an expression that is no text', { that: true }, 'PARSE'],
    ['an expression of 1001 characters', { that: 'x'.repeat(1001) }, 'LIMIT'],
    ['a message of 501 characters', { message: 'x'.repeat(501) }, 'LIMIT'],
    ['no approvals at all', { approvals: 0 }, 'PARSE'],
    ['more approvals than signers may be', { approvals: 101 }, 'PARSE'],
  ])('is refused with %s (PO-2)', (_what, change, code) => {
    expect(codeOf(() => parseCharter(written({ ...RULE, ...change })))).toBe(code);
  });

  it('has at most 64 rules, each name once (PO-3)', () => {
    const many = Array.from({ length: 65 }, (_, index) => ({
      ...RULE,
      name: `r${String(index).padStart(2, '0')}`,
    }));
    expect(codeOf(() => encodeCharter(withRules(...many.slice(1))))).toBe('ok');
    expect(codeOf(() => encodeCharter(withRules(...many)))).toBe('LIMIT');
    expect(codeOf(() => encodeCharter(withRules(RULE, RULE)))).toBe('PARSE');
  });
});
