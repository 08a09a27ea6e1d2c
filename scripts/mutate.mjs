/**
 * `npm run mutate`: changes the code that guards signatures, thresholds, sequences and digests, and
 * lists the changes that no test notices.
 *
 * Stryker makes the changes and finds most of what dies. It does not count a test file that cannot
 * be loaded any more, although that is how a broken guard shows when the fixtures at the top of the
 * file need it. So every survivor is tried again here, alone, and the exit code of vitest decides.
 * `-- --again` tries those of the last report again without a new Stryker run.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';

/**
 * @typedef {{ line: number, column: number }} Place one-based
 * @typedef {object} Mutant
 * @property {string} mutatorName
 * @property {string} replacement
 * @property {string} status
 * @property {{ start: Place, end: Place }} location
 * @typedef {{ file: string, source: string, mutant: Mutant }} Survivor
 */

const COPIED = ['src', 'test', 'proto', 'package.json', 'tsconfig.json', 'vitest.mutate.config.ts'];
/** The quick suites first; the others only see what those let pass. */
const SUITES = [['test/core/statements', 'test/core/charter'], ['test/core/trusted']];

const args = process.argv.slice(2);
if (!args.includes('--again')) {
  const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const result = spawnSync(process.execPath, [stryker, 'run', ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
process.exitCode = tryAgain(readSurvivors()) === 0 ? 0 : 1;

/** @returns {Survivor[]} */
function readSurvivors() {
  /** @type {{ files: Record<string, { source: string, mutants: Mutant[] }> }} */
  const report = JSON.parse(readFileSync(join(ROOT, 'reports/mutation.json'), 'utf8'));
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map((mutant) => ({ file, source, mutant })),
  );
}

/**
 * Tries every survivor alone and prints those that no test notices.
 *
 * @param {Survivor[]} survivors
 * @returns {number} how many are left
 */
function tryAgain(survivors) {
  const sandbox = mkdtempSync(join(tmpdir(), 'kedge-mutate-'));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(sandbox, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(sandbox, 'node_modules'));
    if (!SUITES.every((suites) => passes(sandbox, suites))) {
      throw new Error('the tests fail without any change: repair them first');
    }
    console.log(`trying ${survivors.length} survivors again`);
    const left = survivors.filter((survivor) => survives(sandbox, survivor));
    console.log(`${survivors.length - left.length} die, ${left.length} are left`);
    return left.length;
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
}

/**
 * @param {string} sandbox
 * @param {Survivor} survivor
 */
function survives(sandbox, { file, source, mutant }) {
  const path = join(sandbox, file);
  const original = readFileSync(join(ROOT, file), 'utf8');
  if (original !== source) throw new Error(`${file} changed after the report was made`);
  const { start, end } = mutant.location;
  const from = offsetOf(source, start);
  const to = offsetOf(source, end);
  writeFileSync(path, source.slice(0, from) + mutant.replacement + source.slice(to));
  const survived = SUITES.every((suites) => passes(sandbox, suites));
  writeFileSync(path, original);
  if (survived) {
    const was = source.slice(from, to).replace(/\s+/g, ' ').slice(0, 120);
    const is = mutant.replacement.replace(/\s+/g, ' ').slice(0, 120);
    console.log(`${file}:${start.line} ${mutant.mutatorName}\n  - ${was}\n  + ${is}`);
  }
  return survived;
}

/**
 * @param {string} sandbox
 * @param {string[]} suites
 */
function passes(sandbox, suites) {
  const vitest = join(sandbox, 'node_modules/vitest/vitest.mjs');
  const options = ['--config', 'vitest.mutate.config.ts', '--bail', '1', '--reporter', 'dot'];
  const result = spawnSync(process.execPath, [vitest, 'run', ...options, ...suites], {
    cwd: sandbox,
    stdio: 'ignore',
    // A change can make a loop endless.
    timeout: 180_000,
    killSignal: 'SIGKILL',
  });
  return result.status === 0;
}

/**
 * @param {string} source
 * @param {Place} place
 */
function offsetOf(source, { line, column }) {
  let offset = 0;
  for (let passed = 1; passed < line; passed += 1) offset = source.indexOf('\n', offset) + 1;
  return offset + column - 1;
}
