/**
 * Writes src/wire/gen from proto/, or with `--check` says whether it is up to date.
 *
 * The options mirror PROTO_OPTIONS in src/wire: the types must describe what proto-loader yields at
 * run time. The generated files are committed, so that a clone builds without generating.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const committed = join(root, 'src/wire/gen');

if (process.argv.includes('--check')) {
  check();
} else {
  rmSync(committed, { recursive: true, force: true });
  generate(committed);
  console.log(`generated ${filesBelow(committed).length} files in ${relative(root, committed)}`);
}

/** Compares a fresh generation with the committed files. */
function check() {
  const fresh = mkdtempSync(join(tmpdir(), 'kedge-gen-'));
  try {
    generate(fresh);
    const names = new Set([...filesBelow(fresh), ...filesBelow(committed)]);
    const differing = [...names].filter(
      (name) => read(join(fresh, name)) !== read(join(committed, name)),
    );
    if (differing.length === 0) return;
    console.error('src/wire/gen is not what proto/ generates; run: npm run gen');
    for (const name of differing) console.error(`  ${name}`);
    process.exitCode = 1;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** @param {string} outDir */
function generate(outDir) {
  const protos = filesBelow(join(root, 'proto')).filter((name) => name.endsWith('.proto'));
  // Relative paths, because the tool writes the path of each proto into what it generates.
  const result = spawnSync(
    process.execPath,
    [
      join(
        dirname(createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json')),
        'build/bin/proto-loader-gen-types.js',
      ),
      '--longs=String',
      '--enums=String',
      '--defaults',
      '--oneofs',
      '--grpcLib=@grpc/grpc-js',
      '--inputTemplate=%sInput',
      '--outputTemplate=%sOutput',
      '--importFileExtension=.ts',
      '--includeDirs=proto',
      `--outDir=${outDir}`,
      ...protos,
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  if (result.status !== 0) throw new Error('proto-loader-gen-types failed');
}

/**
 * Names of all files below a folder, relative to it, sorted.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * @param {string} path
 * @returns {string | undefined}
 */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
