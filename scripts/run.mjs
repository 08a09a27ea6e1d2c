/**
 * The commands of a clone: `npm start`, `npm test`, `npm run bench`, `npm run sim`,
 * `npm run build`.
 *
 * Each first installs and builds what is missing, so that a fresh clone needs nothing else. The
 * arguments go on to the program unchanged, and so do its exit code and the signals for it.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { build, prepare, ROOT } from './prepare.mjs';

/** @type {Record<string, string[]>} */
const PROGRAMS = {
  start: ['dist/demo/main.js'],
  bench: ['dist/bench/main.js'],
  // Most of what a simulation makes lives for one event: a larger nursery collects less often.
  sim: ['--max-semi-space-size=64', 'dist/sim/main.js'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
};

const [command = '', ...args] = process.argv.slice(2);

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`kedge: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** @returns {Promise<number>} */
async function main() {
  const program = PROGRAMS[command];
  if (program === undefined && command !== 'build') {
    process.stderr.write('usage: node scripts/run.mjs start|test|bench|sim|build [arguments]\n');
    return 2;
  }
  if (Number(process.versions.node.split('.')[0]) < 20) {
    process.stderr.write(`kedge: needs Node 20.19 or newer, this is ${process.version}\n`);
    return 2;
  }
  await prepare();
  if (program === undefined) {
    if (args.includes('--force')) build();
    return 0;
  }
  return runProgram([...program, ...args]);
}

/**
 * @param {string[]} argv
 * @returns {Promise<number>}
 */
function runProgram(argv) {
  const child = spawn(process.execPath, argv, { cwd: ROOT, stdio: 'inherit' });
  // A terminal sends Ctrl-C to the whole process group, so the child has it already.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 130));
  });
}
