/**
 * `npm run check`: every static check of the project, each also a script of its own.
 *
 * All steps run even when one fails, so that one look shows everything; the exit code says whether
 * all passed. Arguments name the steps to run, for example `npm run check -- lint layers`.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDependencies, ROOT } from './prepare.mjs';

const STEPS = [
  'format',
  'lint',
  'types',
  'layers',
  'dead-code',
  'protos',
  'proto-lint',
  'package',
  'tidy',
];

/** @type {{ scripts: Record<string, string> }} */
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const wanted = process.argv.length > 2 ? process.argv.slice(2) : STEPS;
const unknown = wanted.filter((step) => !STEPS.includes(step));

if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}; there are: ${STEPS.join(', ')}`);
  process.exitCode = 2;
} else {
  await prepareDependencies();
  const failed = wanted.filter((step) => !run(step));
  console.log(`check: ${wanted.length - failed.length} passed, ${failed.length} failed`);
  if (failed.length > 0) {
    console.log(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

/**
 * Runs one step with the tools of node_modules/.bin and prints its output when it fails.
 *
 * @param {string} step
 * @returns {boolean}
 */
function run(step) {
  const startedMs = Date.now();
  const command = scripts[`check:${step}`] ?? 'false';
  const result = spawnSync(command, {
    cwd: ROOT,
    shell: true,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
  const passed = result.status === 0;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(6);
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${step.padEnd(12)} ${seconds} s   ${command}`);
  if (!passed) console.log(`${result.stdout}${result.stderr}`.trimEnd());
  return passed;
}
