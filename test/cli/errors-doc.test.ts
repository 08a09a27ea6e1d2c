import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { ERROR_CODES, isErrorCode, KedgeError } from '../../src/core/errors.ts';
import { encodeError } from '../../src/wire/status.ts';

const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const sections = text.split(/^## /m).slice(1);
/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const STATUS_NAMES = new Map([
  [3, 'INVALID_ARGUMENT'],
  [7, 'PERMISSION_DENIED'],
  [8, 'RESOURCE_EXHAUSTED'],
  [9, 'FAILED_PRECONDITION'],
  [10, 'ABORTED'],
  [13, 'INTERNAL'],
  [14, 'UNAVAILABLE'],
]);

describe('docs/errors.md', () => {
  it('has one section for each code, in the order of the code', () => {
    expect(sections.map((section) => section.split('\n')[0])).toEqual(Object.keys(ERROR_CODES));
  });

  it.each(sections.map((section) => [section.split('\n')[0] ?? '', section] as const))(
    '%s: agrees with the tables of the code',
    (code, section) => {
      if (!isErrorCode(code)) throw new Error(`no such code: ${code}`);
      const meaning = ERROR_CODES[code];
      const status = STATUS_NAMES.get(encodeError(new KedgeError(code, 'x')).code);
      const lines = section.split('\n');
      expect(lines[2]?.toLowerCase()).toBe(`${meaning}.`.toLowerCase());
      expect(section).toMatch(/^- Effect: \S/m);
      expect(section).toMatch(/^- What to do: \S/m);
      expect(lines).toContain(`- Exit code: ${EXIT_CODES[code]}`);
      expect(lines).toContain(`- gRPC status: \`${status ?? ''}\``);
      const cells = [
        `[\`${code}\`](#${code.toLowerCase()})`,
        EXIT_CODES[code],
        `\`${status ?? ''}\``,
      ];
      expect(text).toContain(`| ${cells.join(' | ')} |`);
    },
  );

  it('names only commands that exist', async () => {
    const { COMMANDS } = await import('../../src/cli/table/commands.ts');
    const known = COMMANDS.flatMap(({ kind, name, commands = [] }) => [
      ...(kind === 'command' ? [name] : []),
      ...commands.map((below) => `${name} ${below.name}`),
    ]);
    const named = [...text.replace(/\s+/g, ' ').matchAll(/`kedge ([a-z]+(?: [a-z]+)?)/g)];
    const unknown = named.map(([, name = '']) => name).filter((name) => !known.includes(name));
    expect(unknown).toEqual([]);
  });
});
