import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emptyFacts, VARIABLES, variablesFor } from '../../src/policy/environment.ts';

const PAGE = new URL('../../docs/policy.md', import.meta.url);

/** The table of variables as docs/policy.md has it. */
function reference(): string {
  return Object.entries(VARIABLES)
    .map(([name, variable]) => {
      const rows = Object.entries(variable.fields).map(
        ([field, { type, what }]) => `| \`${name}.${field}\` | \`${type}\` | ${what} |`,
      );
      const title = `### ${name}\n\nFor ${variable.for.join(', ')}: ${variable.what}.`;
      return [title, '', '| field | type | what |', '|---|---|---|', ...rows, ''].join('\n');
    })
    .join('\n');
}

describe('docs/policy.md', () => {
  it('lists every variable with its fields', async () => {
    const page = readFileSync(PAGE, 'utf8');
    const head = page.slice(0, page.indexOf('### change'));
    await expect(`${head}${reference()}`).toMatchFileSnapshot(PAGE.pathname);
  });
});

describe('emptyFacts', () => {
  it.each(['release', 'charter', 'rollout'] as const)('has every field for a %s', (subject) => {
    const facts = emptyFacts(subject);
    expect(Object.keys(facts)).toEqual(variablesFor(subject).map(([name]) => name));
    for (const [name, { fields }] of variablesFor(subject)) {
      expect(Object.keys(facts[name] ?? {})).toEqual(Object.keys(fields));
    }
  });
});
