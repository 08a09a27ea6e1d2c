import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { type CliRun, kedge } from './support.ts';

let dir: TempDir;
beforeEach(async () => {
  dir = await createTempDir('kedge-doctor-');
});
afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

async function doctor(openFiles: number, ...argv: readonly string[]): Promise<CliRun> {
  const file = dir.join('root/proc/self/limits');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `Max open files  ${String(openFiles)}  ${String(openFiles)}  files\n`);
  return kedge(['doctor', '--system-root', 'root', ...argv], { cwd: dir.path });
}

describe('kedge doctor', () => {
  it('says what to do about each finding, and ends with 0 when nothing fails', async () => {
    const { code, stdout } = await doctor(65_536);
    expect(code).toBe(0);
    expect(stdout).toContain('warn  config');
    expect(stdout).toContain('do: kedge doctor --config <file>');
    expect(stdout).toMatch(/0 failures, \d+ warnings/);
  });

  it('ends with 1 when something fails, with every finding as JSON', async () => {
    const { code, stdout, stderr } = await doctor(1024, '--output', 'json');
    expect(code).toBe(1);
    expect(stderr).toBe('');
    const { fail, findings } = JSON.parse(stdout) as {
      readonly fail: number;
      readonly findings: readonly { readonly check: string; readonly verdict: string }[];
    };
    expect(fail).toBe(1);
    expect(findings.find(({ check }) => check === 'open-files')?.verdict).toBe('fail');
  });

  it('examines the host also when the configuration is wrong', async () => {
    await dir.write('node.yaml', 'node: {id: a, region: b}\nrelm: x\n');
    const { code, stdout } = await doctor(65_536);
    expect(code).toBe(1);
    expect(stdout).toContain('did you mean realm');
    expect(stdout).toContain('ok    open-files');
  });

  it('refuses a process that is no number', async () => {
    expect((await doctor(65_536, '--pid', '../1')).code).toBe(2);
  });
});
