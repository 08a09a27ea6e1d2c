import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS, type CommandEntry } from '../../src/cli/table/commands.ts';
import { kedge } from './support.ts';

function pathsOf(entries: readonly CommandEntry[], before: readonly string[] = []): string[][] {
  return entries.flatMap((entry) =>
    entry.kind === 'group'
      ? pathsOf(entry.commands, [...before, entry.name])
      : [[...before, entry.name], ...pathsOf(entry.commands ?? [], [...before, entry.name])],
  );
}

const commands = pathsOf(COMMANDS);

describe('kedge --help', () => {
  it('lists every group and shows examples', async () => {
    const { code, stdout } = await kedge(['--help']);
    expect(code).toBe(0);
    for (const { name } of COMMANDS) expect(stdout).toContain(`${name} `);
    for (const { summary } of COMMANDS) expect(stdout).toContain(summary);
    expect(stdout).toContain('Examples:');
  });

  it.each(commands.map((path) => [path.join(' '), path] as const))(
    '%s: has a description, and examples of this very command',
    async (name, path) => {
      const { code, stdout } = await kedge([...path, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain(`Usage: kedge ${name}`);
      expect(stdout).toMatch(/Examples:\n {2}\S/);
      expect(stdout.split('Examples:')[1]).toContain(`kedge ${name}`);
      expect(stdout.split('\n').filter((line) => line.length > 110)).toEqual([]);
    },
  );

  it('answers `kedge help <command>` like `kedge <command> --help`', async () => {
    const help = await kedge(['help', 'release', 'sign']);
    const option = await kedge(['release', 'sign', '--help']);
    expect(help).toEqual(option);
  });

  it('prints the version', async () => {
    expect(await kedge(['--version'])).toMatchObject({ code: 0, stdout: '0.0.0-test\n' });
  });
});

describe('docs/cli.md', () => {
  const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

  it.each(commands.map((path) => path.join(' ')))('explains kedge %s', (name) => {
    expect(text).toContain(`kedge ${name}`);
  });
});

describe('runCli', () => {
  it('says which command was meant', async () => {
    const { code, stderr, stdout } = await kedge(['anchor', 'stge']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain("error: unknown command 'stge'");
    expect(stderr).toContain('Did you mean stage?');
    expect(stderr).toContain('what to do: see kedge anchor --help');
  });

  it('shows the commands of a group when one is missing, on stderr', async () => {
    const { code, stderr, stdout } = await kedge(['bundle']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('export');
    expect(stderr).toContain('error: a command is missing');
  });

  it('calls a sequence that is none by what was written', async () => {
    const { code, stderr } = await kedge(['release', 'rollback', 'x', '--bundle', 'b.example.org']);
    expect(code).toBe(2);
    expect(stderr).toContain('not a sequence: "x"');
  });

  it('refuses unknown options before anything is done', async () => {
    const { code, stderr } = await kedge(['node', 'init', '--id', 'a', '--region', 'b', '--nope']);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option '--nope'");
  });

  it('prints errors as one line of JSON when asked to', async () => {
    const { code, stderr } = await kedge(['charter', 'show', '--output', 'json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'CONFIG', exitCode: 2, hint: expect.stringContaining('pin') as string },
    });
  });

  it('colours errors on a terminal, and not when NO_COLOR or --no-color says so', async () => {
    const argv = ['charter', 'show'];
    expect((await kedge(argv, { tty: true, env: {} })).stderr).toContain('\u001b[31merror:');
    expect((await kedge(argv, { tty: true, env: { NO_COLOR: '1' } })).stderr).toMatch(/^error:/);
    expect((await kedge([...argv, '--no-color'], { tty: true, env: {} })).stderr).toMatch(
      /^error:/,
    );
    expect((await kedge(argv, { env: {} })).stderr).toMatch(/^error:/);
  });
});
