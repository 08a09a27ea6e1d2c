/**
 * Files of the CLI: bounded reads with errors that say what is wrong, and writes that lose nothing.
 *
 * A write goes to a temporary file in the same directory, is synced, and takes its place in one
 * step: a crash leaves the old file or the new one. `create` uses a hard link, which fails when the
 * name is taken, so that a key file can never be overwritten.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { type ErrorCode, KedgeError } from '../core/errors.ts';
import { makeFolder } from '../files/folders.ts';

/** Who may read a new file: everybody that the umask lets, or its owner alone. */
export type FileMode = 'public' | 'private';

/** Reads a whole file of at most `maxBytes`. Errors: `CONFIG` not there, `STORE`, `LIMIT`. */
export async function readInput(
  path: string,
  options: { readonly what: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // O_NONBLOCK: opening a FIFO that nobody writes to must fail or be seen, not hang.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw fileError(cause, `cannot read the ${options.what} ${path}`);
  }
  try {
    const facts = await handle.stat();
    if (facts.isDirectory()) {
      throw new KedgeError('CONFIG', `cannot read the ${options.what} ${path}: it is a directory`, {
        detail: { hint: 'give the path of a file' },
      });
    }
    if (!facts.isFile()) {
      throw new KedgeError(
        'CONFIG',
        `cannot read the ${options.what} ${path}: not a regular file`,
        {
          detail: { hint: 'give the path of a file, or - for standard input where it is allowed' },
        },
      );
    }
    if (facts.size > options.maxBytes) {
      throw new KedgeError(
        'LIMIT',
        `the ${options.what} ${path} is too large: ${facts.size} of at most ` +
          `${options.maxBytes} bytes`,
        { detail: { hint: 'check that this is the right file' } },
      );
    }
    return new Uint8Array(await handle.readFile());
  } catch (cause) {
    throw fileError(cause, `cannot read the ${options.what} ${path}`);
  } finally {
    await handle.close();
  }
}

/**
 * The file at a path, or of a folder all files with one of the endings, in order. Errors: `CONFIG`
 * when there are none, `STORE`.
 */
export async function filesAt(
  path: string,
  endings: readonly string[],
): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const all = await readdir(path);
    const names = all.filter((name) => endings.includes(extname(name).toLowerCase())).sort();
    if (names.length > 0) return names.map((name) => join(path, name));
  } catch (cause) {
    throw fileError(cause, `cannot read ${path}`);
  }
  throw new KedgeError('CONFIG', `there is nothing to read in ${path}`, {
    detail: { hint: `what is looked for ends in ${endings.join(', ')}` },
  });
}

/** Writes a new file; refuses to touch one that is there. Errors: `STORE`. */
export async function createFile(
  path: string,
  content: string | Uint8Array,
  mode: FileMode,
): Promise<void> {
  await placeFile(path, content, mode, async (temporary) => {
    try {
      await link(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  });
}

/** Writes a file, replacing an older one in one step. Errors: `STORE`. */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode: FileMode,
): Promise<void> {
  await placeFile(path, content, mode, (temporary) => rename(temporary, path));
}

/** Makes a directory and its parents. Errors: `STORE`. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await makeFolder(path, { access: 'public' });
  } catch (cause) {
    throw fileError(cause, `cannot make the directory ${path}`);
  }
}

/** Refuses when something is there. Errors: `STORE`. */
export async function requireAbsent(path: string): Promise<void> {
  if (await fileExists(path)) throw fileTaken(path);
}

/** Says whether something is at a path. Errors: `STORE` when that cannot be found out. */
export async function fileExists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT' || systemCode(cause) === 'ENOTDIR') return false;
    throw fileError(cause, `cannot look at ${path}`);
  }
}

/** Turns what the file system threw into a typed error; a `KedgeError` stays itself. */
export function fileError(cause: unknown, what: string): KedgeError {
  if (cause instanceof KedgeError) return cause;
  const known = SYSTEM_ERRORS.get(systemCode(cause));
  if (known === undefined) {
    return new KedgeError('STORE', `${what}: ${KedgeError.from(cause).message}`, {
      cause,
    });
  }
  return new KedgeError(known.code, `${what}: ${known.why}`, {
    cause,
    detail: { hint: known.hint },
  });
}

async function placeFile(
  path: string,
  content: string | Uint8Array,
  mode: FileMode,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.kedge-${randomBytes(6).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx', mode === 'private' ? 0o600 : 0o666);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary);
    await syncDirectory(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (systemCode(cause) === 'EEXIST') throw fileTaken(path);
    throw fileError(cause, `cannot write ${path}`);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The refusal to touch what is there. */
export function fileTaken(path: string): KedgeError {
  return new KedgeError('STORE', `${path} exists already and is left as it is`, {
    detail: { hint: 'give another name, or move the old file away first' },
  });
}

interface SystemError {
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint: string;
}

const SYSTEM_ERRORS: ReadonlyMap<string, SystemError> = new Map<string, SystemError>([
  ['ENOENT', { code: 'CONFIG', why: 'there is no such file', hint: 'check the path' }],
  ['ENOTDIR', { code: 'CONFIG', why: 'a part of the path is a file', hint: 'check the path' }],
  ['EISDIR', { code: 'CONFIG', why: 'it is a directory', hint: 'give the path of a file' }],
  ['EACCES', { code: 'STORE', why: 'no permission', hint: 'check its owner and mode (ls -l)' }],
  ['EPERM', { code: 'STORE', why: 'no permission', hint: 'check its owner and mode (ls -l)' }],
  ['EROFS', { code: 'STORE', why: 'the file system is read-only', hint: 'use another directory' }],
  ['ENOSPC', { code: 'STORE', why: 'the disk is full', hint: 'free some space, then try again' }],
  ['EMFILE', { code: 'STORE', why: 'too many open files', hint: 'raise the limit (ulimit -n)' }],
]);

function systemCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : '';
}
