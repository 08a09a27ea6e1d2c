/**
 * Adds to package-lock.json what a registry mirror left out: native binaries of other platforms.
 *
 * Packages with native parts list one optional package per platform. A mirror that lacks some makes
 * `npm install` drop them from the lock file without a word; `npm ci` then refuses the lock file
 * everywhere. The missing entries follow from the names; without a checksum, because only the
 * registry knows it. Run this after every change of dependencies; test/tidy.test.ts says when.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';

/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {boolean} [dev]
 * @property {Record<string, string>} [optionalDependencies]
 */

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
/** @type {Record<string, string>} */
const CPU = { armv7: 'arm', arm: 'arm', arm64: 'arm64', x64: 'x64', ia32: 'ia32' };
const OTHER_CPU = ['ppc64', 'riscv64', 's390x', 'loong64', 'wasm32'];

const path = join(ROOT, 'package-lock.json');
/** @type {{ packages: Record<string, LockEntry> }} */
const lock = JSON.parse(readFileSync(path, 'utf8'));
const added = addMissing(lock.packages);

if (added.length > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
}
for (const name of added) console.log(`added ${name}`);
console.log(`${added.length} entries were missing`);

/**
 * @param {Record<string, LockEntry>} packages
 * @returns {string[]}
 */
function addMissing(packages) {
  const names = [];
  for (const entry of Object.values(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      if (packages[key] !== undefined) continue;
      const platform = platformOf(name);
      if (platform === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
        throw new Error(`cannot derive the lock entry of ${name}@${version}; add it by hand`);
      }
      packages[key] = {
        version,
        ...platform,
        ...(entry.dev === true ? { dev: true } : {}),
        ...{ optional: true },
      };
      names.push(`${name}@${version}`);
    }
  }
  return names;
}

/**
 * Reads the platform out of a name like `@scope/binding-linux-arm-musleabihf`.
 *
 * @param {string} name
 * @returns {{ cpu: string[], os: string[], libc?: string[] } | undefined}
 */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = words.find((word) => OS.includes(word));
  const cpu = words.map((word) => CPU[word] ?? OTHER_CPU.find((one) => one === word)).find(Boolean);
  if (os === undefined || cpu === undefined) return undefined;
  if (os !== 'linux') return { cpu: [cpu], os: [os] };
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  return { cpu: [cpu], os: [os], libc: [libc] };
}
