/**
 * Makes a clone ready to run: locked dependencies installed, sources compiled.
 *
 * Plain JavaScript without packages, because it runs before any is installed. Everything it says
 * goes to stderr: stdout belongs to the program that runs afterwards. Two runs at once take turns
 * with a lock file, and the second finds the work done.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const LOCK_POLL_MS = 200;
const LOCK_WAIT_MAX_MS = 15 * 60_000;
const SOURCES = ['src', 'demo', 'bench', 'sim', 'examples', 'proto'];
const STAMP = join(ROOT, 'dist', '.built.json');

/** Installs and builds what is missing or stale. Fails with a message that says what to do. */
export async function prepare() {
  await takeTurns(dependenciesAreStale, installDependencies);
  await takeTurns(buildIsStale, build);
}

/** Installs what is missing, and builds nothing. */
export async function prepareDependencies() {
  await takeTurns(dependenciesAreStale, installDependencies);
}

/**
 * Does a piece of work that several runs at once must not do together; whoever waited for another
 * looks again and finds it done.
 *
 * @param {() => boolean} isNeeded
 * @param {() => void} work
 */
async function takeTurns(isNeeded, work) {
  if (!isNeeded()) return;
  const release = await acquireLock(join(ROOT, '.kedge-prepare.lock'));
  try {
    if (isNeeded()) work();
  } finally {
    release();
  }
}

/**
 * Package versions of a lock file, without the optional ones, which depend on the platform.
 *
 * @param {string} path
 * @returns {Map<string, string>}
 */
function lockedVersions(path) {
  /** @type {{ packages?: Record<string, { version?: string, optional?: boolean }> }} */
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  /** @type {Map<string, string>} */
  const versions = new Map();
  for (const [name, entry] of Object.entries(lock.packages ?? {})) {
    if (name !== '' && entry.optional !== true) versions.set(name, entry.version ?? '');
  }
  return versions;
}

/** A newer date is not enough: an installation that has the locked versions is left alone. */
function dependenciesAreStale() {
  const wanted = join(ROOT, 'package-lock.json');
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return true;
  if (statSync(wanted).mtimeMs <= statSync(installed).mtimeMs) return false;
  const have = lockedVersions(installed);
  for (const [name, version] of lockedVersions(wanted)) {
    if (have.get(name) !== version) return true;
  }
  const now = new Date();
  utimesSync(installed, now, now);
  return false;
}

function installDependencies() {
  // npm empties the folder first, which is that of another clone where this is a link to it.
  if (lstatSync(join(ROOT, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() === true) {
    fail(
      'node_modules is a link to what another lock file asks for; remove it, or run npm ci there.',
    );
  }
  say('installing the locked dependencies (npm ci) ...');
  const npm = process.env['npm_execpath'];
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const started = Date.now();
  const result =
    npm?.endsWith('.js') === true
      ? spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, stdio: ['ignore', 2, 2] })
      : spawnSync('npm', args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    fail('npm ci failed; the lines above say why. It needs the package registry once.');
  }
  say(`dependencies installed in ${seconds(started)}`);
}

/** @returns {string[]} */
function sourceFiles() {
  const files = readdirSync(ROOT)
    .filter((name) => /^tsconfig.*\.json$/.test(name) || name === 'package.json')
    .map((name) => join(ROOT, name));
  for (const folder of SOURCES) {
    if (!existsSync(join(ROOT, folder))) continue;
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
  }
  return files;
}

/** @returns {{ startedMs: number, files: string[] } | undefined} */
function readStamp() {
  try {
    return JSON.parse(readFileSync(STAMP, 'utf8'));
  } catch {
    return undefined;
  }
}

function buildIsStale() {
  const stamp = readStamp();
  if (stamp === undefined) return true;
  const files = sourceFiles();
  if (files.length !== stamp.files.length) return true;
  const known = new Set(stamp.files);
  return files.some(
    (file) => !known.has(relative(ROOT, file)) || statSync(file).mtimeMs >= stamp.startedMs,
  );
}

/** Compiles to dist/; what earlier builds left of deleted sources goes away. */
export function build() {
  say('building (tsc) ...');
  const startedMs = Date.now();
  const files = sourceFiles().map((file) => relative(ROOT, file));
  // An incremental build believes its own notes, also when somebody removed the output.
  if (!existsSync(STAMP)) rmSync(join(ROOT, 'dist', '.tsbuildinfo'), { force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) fail('the build failed; the lines above say where.');
  removeLeftovers(files);
  const draft = `${STAMP}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ startedMs, files }));
  renameSync(draft, STAMP);
  say(`built in ${seconds(startedMs)}`);
}

/**
 * Removes compiled files whose source is gone; programs that run from dist/ keep the rest.
 *
 * @param {readonly string[]} sources
 */
function removeLeftovers(sources) {
  const stems = new Set(sources.map((file) => file.replace(/\.ts$/, '')));
  for (const folder of SOURCES.map((name) => join(ROOT, 'dist', name)).filter(existsSync)) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      const stem = relative(join(ROOT, 'dist'), file).replace(/\.(js|js\.map|d\.ts)$/, '');
      if (entry.isFile() && !stems.has(stem)) rmSync(file, { force: true });
    }
  }
}

/**
 * Takes the lock file or waits for its owner to finish or die.
 *
 * The file appears with its content in one step (link), so that nobody reads it half written.
 *
 * @param {string} path
 * @returns {Promise<() => void>} releases the lock
 */
async function acquireLock(path) {
  const draft = `${path}.${process.pid}`;
  const giveUpAtMs = Date.now() + LOCK_WAIT_MAX_MS;
  let told = false;
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    writeFileSync(draft, String(process.pid));
    try {
      linkSync(draft, path);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const owner = readOwner(path);
    if (owner !== undefined && !isAlive(owner)) {
      removeStale(path, owner);
      continue;
    }
    if (Date.now() > giveUpAtMs) fail(`${path} is held by process ${owner}; is it stuck?`);
    if (!told) say(`waiting for another run that prepares this folder (process ${owner}) ...`);
    told = true;
    await sleep(LOCK_POLL_MS);
  }
}

/**
 * Removes the lock of a dead process. Between reading and removing it, somebody else may have done
 * so and taken the lock; then the file that we moved away is theirs and goes back.
 *
 * @param {string} path
 * @param {number} owner
 */
function removeStale(path, owner) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (readOwner(aside) !== owner) linkSync(aside, path);
  unlinkSync(aside);
}

/**
 * @param {string} path
 * @returns {number | undefined}
 */
function readOwner(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/**
 * @param {unknown} error
 * @returns {unknown}
 */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** @param {number} startedMs */
function seconds(startedMs) {
  return `${((Date.now() - startedMs) / 1000).toFixed(1)} s`;
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`kedge: ${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  throw new Error(text);
}
