import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type ProcessResult, runProcess, startProcess } from '../../src/testing/processes.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// Stand-ins that count their calls in calls.log and do just enough of the real thing.
const NPM = `
  const fs = require('node:fs');
  fs.appendFileSync('calls.log', 'npm ' + process.argv[2] + '\\n');
  fs.mkdirSync('node_modules/typescript/bin', { recursive: true });
  fs.copyFileSync('tsc.js', 'node_modules/typescript/bin/tsc');
  fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
  const future = new Date(Date.now() + 5000);
  fs.utimesSync('node_modules/.package-lock.json', future, future);
`;
const TSC = `
  const fs = require('node:fs');
  fs.appendFileSync('calls.log', 'tsc\\n');
  if (fs.existsSync('broken')) process.exit(2);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  fs.mkdirSync('dist/demo', { recursive: true });
  for (const name of fs.readdirSync('demo')) {
    fs.copyFileSync('demo/' + name, 'dist/demo/' + name.replace('.ts', '.js'));
  }
`;
const MAIN = `
  console.log(JSON.stringify(process.argv.slice(2)));
  process.exitCode = Number(process.argv[2] ?? 0);
`;
const LOCK = { packages: { '': {}, 'node_modules/a': { version: '1.0.0' } } };

async function createProject(): Promise<TempDir> {
  const dir = await createTempDir();
  await cp(join(root, 'scripts'), dir.join('scripts'), { recursive: true });
  await mkdir(dir.join('demo'));
  await dir.write('package.json', '{ "type": "commonjs" }');
  await dir.write('package-lock.json', JSON.stringify(LOCK));
  await dir.write('npm.js', NPM);
  await dir.write('tsc.js', TSC);
  await dir.write('tsconfig.build.json', '{}');
  await dir.write('demo/main.ts', MAIN);
  return dir;
}

function options(dir: TempDir, ...args: readonly string[]): Parameters<typeof runProcess>[0] {
  return {
    argv: [dir.join('scripts', 'run.mjs'), ...args],
    cwd: dir.path,
    env: { npm_execpath: dir.join('npm.js') },
  };
}

async function start(dir: TempDir, ...args: readonly string[]): Promise<ProcessResult> {
  return runProcess(options(dir, 'start', ...args));
}

async function calls(dir: TempDir): Promise<string> {
  const text = await readFile(dir.join('calls.log'), 'utf8').catch(() => '');
  return text.trim().split('\n').join(', ');
}

async function touch(file: string): Promise<void> {
  const future = new Date(Date.now() + 60_000);
  await utimes(file, future, future);
}

describe('scripts/run.mjs', () => {
  it('installs and builds a fresh clone, and says so on stderr alone', async () => {
    await using dir = await createProject();
    const result = await start(dir, '0', '--once');
    expect(result.stdout).toBe('["0","--once"]');
    expect(result.stderr).toContain('installing the locked dependencies');
    expect(await calls(dir)).toBe('npm ci, tsc');
  });

  it('does neither again when nothing changed', async () => {
    await using dir = await createProject();
    await start(dir);
    expect((await start(dir)).stderr).toBe('');
    expect(await calls(dir)).toBe('npm ci, tsc');
  });

  it('ends with the exit code of the program', async () => {
    await using dir = await createProject();
    expect((await start(dir, '7')).code).toBe(7);
  });

  it('builds again when a source is new, changed or gone, and takes its output away', async () => {
    await using dir = await createProject();
    await dir.write('demo/other.ts', '');
    await start(dir);
    expect(existsSync(dir.join('dist/demo/other.js'))).toBe(true);
    await rm(dir.join('demo/other.ts'));
    await start(dir);
    expect(existsSync(dir.join('dist/demo/other.js'))).toBe(false);
    await touch(dir.join('demo/main.ts'));
    await start(dir);
    expect(await calls(dir)).toBe('npm ci, tsc, tsc, tsc');
  });

  it('builds again after a build that failed', async () => {
    await using dir = await createProject();
    await dir.write('broken', '');
    const failed = await start(dir);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('the build failed');
    await rm(dir.join('broken'));
    expect((await start(dir)).code).toBe(0);
  });

  it('installs again for other locked versions, not for a newer date', async () => {
    await using dir = await createProject();
    await start(dir);
    await touch(dir.join('package-lock.json'));
    await start(dir);
    expect(await calls(dir)).toBe('npm ci, tsc');
    const changed = { packages: { ...LOCK.packages, 'node_modules/a': { version: '1.0.1' } } };
    await writeFile(dir.join('package-lock.json'), JSON.stringify(changed));
    await touch(dir.join('package-lock.json'));
    await start(dir);
    expect(await calls(dir)).toBe('npm ci, tsc, npm ci');
  });

  it('lets runs at once take turns', async () => {
    await using dir = await createProject();
    const results = await Promise.all([start(dir), start(dir), start(dir)]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await calls(dir)).toBe('npm ci, tsc');
    expect(existsSync(dir.join('.kedge-prepare.lock'))).toBe(false);
  });

  it('takes over the lock of a process that has died', async () => {
    await using dir = await createProject();
    const dead = await startProcess({ argv: ['-e', ''] });
    await dead.exited;
    await dir.write('.kedge-prepare.lock', String(dead.pid));
    expect((await start(dir)).code).toBe(0);
    expect(existsSync(dir.join('.kedge-prepare.lock'))).toBe(false);
  });

  it('passes a signal on and waits for the program', async () => {
    await using dir = await createProject();
    await dir.write(
      'demo/main.ts',
      `process.on('SIGTERM', () => { console.log('bye'); process.exit(5); });
       setInterval(() => 0, 1000); console.log('up');`,
    );
    await using running = await startProcess(options(dir, 'start'));
    await running.waitForLine('up');
    expect(await running.stop()).toEqual({ code: 5, signal: undefined });
    expect(running.stdout).toEqual(['up', 'bye']);
  });

  it('refuses an unknown command', async () => {
    await using dir = await createProject();
    const result = await runProcess(options(dir, 'fly'));
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('usage:');
  });
});
