import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
// The rules in question need no types, and reading the whole project for them takes long.
const eslint = new ESLint({ cwd: root, overrideConfig: [tseslint.configs.disableTypeChecked] });

async function rulesBroken(filePath: string, text: string): Promise<readonly string[]> {
  const [result] = await eslint.lintText(text, { filePath: `${root}/${filePath}` });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? ''}: ${message}`);
}

describe('eslint.config.js', () => {
  it.each([
    ['sign(null, d, { key, context: d });', 'Never use the `context` option'],
    ['crypto.verify(null, d, { key, context: d }, d);', 'Never use the `context` option'],
  ])('J06: refuses %s', async (call, message) => {
    const text = `declare const sign: (...args: unknown[]) => void;
      declare const crypto: { verify(...args: unknown[]): void };
      declare const d: Uint8Array, key: string;
      ${call}\n`;
    const broken = await rulesBroken('src/signers/key-file.ts', text);
    expect(broken.filter((rule) => rule.includes(message)).length).toBe(1);
  });

  it('J06: refuses the word in src/core/crypto.ts even apart from a call', async () => {
    const text = 'export const options: unknown = { context: 1 };\n';
    expect(await rulesBroken('src/core/crypto.ts', text)).toEqual([
      expect.stringContaining('Never use the `context` option'),
    ]);
  });

  it.each([
    ['Date.now()', 'no-restricted-properties'],
    ['Math.random()', 'no-restricted-properties'],
    ['new Date()', 'no-restricted-syntax'],
    ['setTimeout(String, 1)', 'no-restricted-globals'],
    ['process.pid', 'no-restricted-globals'],
    ['performance.now()', 'no-restricted-globals'],
    ['(async () => 1)', 'no-restricted-syntax'],
  ])('keeps %s out of src/core', async (expression, rule) => {
    const text = `export const value: unknown = ${expression};\n`;
    const broken = await rulesBroken('src/core/pem.ts', text);
    expect(broken.filter((one) => one.startsWith(rule)).length).toBe(1);
  });

  it.each(["import 'node:crypto';", "import 'fs';", "import 'node:timers/promises';"])(
    'keeps %s out of src/core',
    async (text) => {
      const broken = await rulesBroken('src/core/pem.ts', `${text}\n`);
      expect(broken).toEqual([expect.stringContaining('no-restricted-imports')]);
    },
  );

  it('lets src/core/crypto.ts import node:crypto', async () => {
    expect(await rulesBroken('src/core/crypto.ts', "import 'node:crypto';\n")).toEqual([]);
  });
});
