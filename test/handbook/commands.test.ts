import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMMANDS, type CommandEntry } from '../../src/cli/table/commands.ts';
import * as sdk from '../../src/index.ts';
import { runProcess } from '../../src/testing/processes.ts';
import { kedge } from '../cli/support.ts';
import { BOOK, kedgeWords } from './support/book.ts';

const page = await readFile(new URL('../../docs/handbook.md', import.meta.url), 'utf8');
const typed = [...BOOK.values()].flat(2).map(({ text }) => text);
const said = [...page.matchAll(/^kedge .*$|`(kedge [^`]+)`/gm)].map(([all, one]) => one ?? all);

/** The words that name the command. */
function pathOf(words: readonly string[]): readonly string[] {
  const path: string[] = [];
  let level: readonly CommandEntry[] = COMMANDS;
  for (const word of words) {
    const entry = level.find(({ name }) => name === word);
    if (entry === undefined) break;
    path.push(word);
    level = entry.commands ?? [];
  }
  return path;
}

// The first of each command loads what it needs.
describe('docs/handbook.md', { timeout: 60_000 }, () => {
  const all = [...new Set([...typed, ...said])].flatMap((text) => {
    const words = kedgeWords(text);
    return words === undefined ? [] : [[text, words] as const];
  });
  it.each(all)('says a command that exists: %s', async (_, words) => {
    const path = pathOf(words);
    expect(path).not.toEqual([]);
    const { code, stdout } = await kedge([...path, '--help']);
    expect(code).toBe(0);
    for (const option of words.filter((word) => word.startsWith('--'))) {
      expect(stdout).toContain(`${option} `);
    }
  });
});

it.each(['docs/handbook.md', 'README.md'])('shows a whole program: %s', async (file) => {
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
  const [, program = ''] = /^cat > hello\.mjs <<'END'\n(.*?)^END$/ms.exec(text) ?? [];
  const [, names = ''] = /^import \{(.*)\} from 'kedge';$/m.exec(program) ?? [];
  expect(names.split(',').filter((name) => !(name.trim() in sdk))).toEqual([]);
  const folder = await mkdtemp(join(tmpdir(), 'kedge-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'hello.mjs');
  await writeFile(path, program);
  const { code, stderr } = await runProcess({ argv: ['--check', path] });
  expect(code, stderr).toBe(0);
});
