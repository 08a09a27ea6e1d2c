/**
 * `npm run interop`: builds clients of other makers and h2spec, and runs them against nodes.
 *
 * It takes Go, Python, a JDK with Maven, and the registries of their packages; what cannot be built
 * is said, and its suites are skipped. Everything that it makes is in tmp/interop.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

const SOURCES = join(ROOT, 'test/interop');
const BUILT = join(ROOT, 'tmp/interop');
const PYTHON = join(BUILT, 'python');
const POM = join(SOURCES, 'java/pom.xml');

/** @type {Record<string, string[][]>} */
const STEPS = {
  'grpc-go and h2spec': [
    ['go', 'build', '-C', join(SOURCES, 'go'), '-o', join(BUILT, 'peer-go'), '.'],
  ],
  grpcio: [
    ['python3', '-m', 'venv', PYTHON],
    [join(PYTHON, 'bin/pip'), 'install', '-q', '-r', join(SOURCES, 'python/requirements.txt')],
  ],
  'grpc-java': [['mvn', '-q', '-f', POM, 'compile', 'dependency:copy-dependencies']],
};

mkdirSync(BUILT, { recursive: true });
await prepare();
const failed = Object.entries(STEPS).filter(([, steps]) => !steps.every(run));
for (const [name] of failed) process.stderr.write(`interop: ${name} was not built\n`);
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
const suites = spawnSync(
  process.execPath,
  [vitest, 'run', 'test/interop', ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, KEDGE_INTEROP: '1' } },
);
process.exitCode = failed.length > 0 ? 1 : (suites.status ?? 1);

/** @param {string[]} command */
function run([program = '', ...argv]) {
  return spawnSync(program, argv, { stdio: 'inherit' }).status === 0;
}
