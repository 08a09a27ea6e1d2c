/**
 * `npm run mutate -- <area>`: changes the code of one area, in which a silent error would be an
 * error of security, one place at a time, and lists the changes that no test notices.
 *
 * Stryker makes the changes and finds most of what dies. It does not count a test file that cannot
 * be loaded any more, although that is how a broken guard shows when the fixtures at the top of the
 * file need it. So every survivor is tried again here, alone, and the exit code of vitest decides.
 * `-- <area> --again` tries those of the area's last report again without a new Stryker run.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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

/**
 * What is changed, and the tests that look: the quick suites first; the others only see what those
 * let pass.
 *
 * @type {Record<string, { mutate: string[], suites: string[][] }>}
 */
const AREAS = {
  statements: {
    mutate: ['src/core/statements/**/*.ts', 'src/core/charter/**/*.ts'],
    suites: [['test/core/statements', 'test/core/charter'], ['test/core/trusted']],
  },
  releases: {
    mutate: ['src/core/releases/**/*.ts'],
    suites: [['test/core/releases'], ['test/core/trusted']],
  },
  trusted: {
    mutate: ['src/core/trusted/**/*.ts'],
    suites: [['test/core/trusted'], ['test/conformance/core.test.ts']],
  },
  anchors: {
    mutate: ['src/core/anchors/**/*.ts'],
    suites: [['test/core/anchors'], ['test/core/releases']],
  },
  log: {
    mutate: ['src/core/log/**/*.ts'],
    suites: [['test/core/log'], ['test/conformance/core.test.ts']],
  },
  rollouts: {
    mutate: ['src/core/rollouts/**/*.ts'],
    suites: [['test/core/rollouts']],
  },
  proposals: {
    mutate: ['src/core/proposals/**/*.ts'],
    suites: [['test/core/proposals'], ['test/core/gossip/proposals']],
  },
  verified: {
    mutate: ['src/client/verified/**/*.ts'],
    suites: [
      ['test/client/verified', 'test/client/recovered.test.ts'],
      ['test/conformance/client.test.ts', 'test/client/regions-waiting.test.ts'],
      ['test/client/regions.test.ts', 'test/client/source.test.ts'],
    ],
  },
  live: {
    mutate: ['authorities', 'connections', 'distrust'].map((file) => `src/client/live/${file}.ts`),
    suites: [['test/client/live']],
  },
  tls: {
    mutate: ['certificate-names', 'authorities'].map((file) => `src/grpc/tls/${file}.ts`),
    suites: [['test/grpc/tls']],
  },
};

const [name = '', ...args] = process.argv.slice(2);
const { mutate, suites: SUITES } = requireArea();
const REPORT = join(ROOT, `reports/mutation-${name}.json`);
/** What `vitest.mutate.config.ts` reads. */
const ENVIRONMENT = { ...process.env, KEDGE_MUTATE_SUITES: SUITES.flat().join(',') };

if (!args.includes('--again')) runStryker();
process.exitCode = tryAgain(readSurvivors()) === 0 ? 0 : 1;

/** @returns {{ mutate: string[], suites: string[][] }} */
function requireArea() {
  const area = AREAS[name];
  if (area !== undefined) return area;
  console.error(`say which area to change: ${Object.keys(AREAS).join(', ')}`);
  process.exit(2);
}

function runStryker() {
  const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const options = ['run', '--mutate', mutate.join(','), ...args];
  const result = spawnSync(process.execPath, [stryker, ...options], {
    cwd: ROOT,
    env: ENVIRONMENT,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  renameSync(join(ROOT, 'reports/mutation.json'), REPORT);
}

/** @returns {Survivor[]} */
function readSurvivors() {
  /** @type {{ files: Record<string, { source: string, mutants: Mutant[] }> }} */
  const report = JSON.parse(readFileSync(REPORT, 'utf8'));
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
    env: ENVIRONMENT,
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
