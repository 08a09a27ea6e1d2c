/**
 * Files of signers: read with a bound, created once and never overwritten.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { constants, copyFile, link, open, readFile, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { encodeHex } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';

const PRIVATE_MODE = 0o600;
/** What file systems without hard links answer, for example the FAT of a memory stick. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** Reads a whole file. Errors: `STORE`; `LIMIT` when it is larger than `maxBytes`. */
export async function readWhole(
  path: string,
  options: { readonly maxBytes: number; readonly what: string },
): Promise<Uint8Array> {
  const { maxBytes, what } = options;
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      const limit = `${String(size)} bytes, at most ${String(maxBytes)} are read`;
      throw new KedgeError('LIMIT', `the ${what} ${path} is too large: ${limit}`);
    }
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (thrown) {
    throw fileError(thrown, `cannot read the ${what} ${path}`);
  }
}

/**
 * Creates a file that only its owner may read, with all of `bytes` or not at all, and durably.
 *
 * Errors: `STORE`; an existing file is left as it is.
 */
export async function createPrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${encodeHex(randomBytes(6))}.tmp`;
  try {
    await writeSynced(temporary, bytes);
    try {
      await publish(temporary, path);
    } finally {
      await unlink(temporary);
    }
    await syncFolder(path);
  } catch (thrown) {
    throw fileError(thrown, `cannot create ${path}`);
  }
}

/** Makes the names in the folder of `path` durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Turns what a file call threw into a `STORE` error that says what to do. */
export function fileError(thrown: unknown, what: string): KedgeError {
  if (thrown instanceof KedgeError) return thrown;
  const code = errnoOf(thrown);
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new KedgeError('STORE', `${what}: ${ADVICE.get(code) ?? text}`, {
    detail: { errno: code },
    cause: thrown,
  });
}

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'there is no such file or folder; check the path'],
  ['EEXIST', 'it exists and is never overwritten; choose another path or move it away'],
  ['EACCES', 'permission denied; check who owns the file and its folder'],
  ['EROFS', 'the file system is read-only; choose another path'],
  ['EISDIR', 'it is a folder; give the path of a file'],
  ['ENOTDIR', 'a part of the path is not a folder; check the path'],
  ['ENOSPC', 'the disk is full; make room and try again'],
  ['EFBIG', 'a file size limit is reached; raise it and try again'],
]);

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', PRIVATE_MODE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (thrown) {
    await unlink(path);
    throw thrown;
  } finally {
    await file.close();
  }
}

/** Gives the finished file its name; unlike `rename`, this fails when the name is taken. */
async function publish(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (thrown) {
    if (!NO_LINKS.includes(errnoOf(thrown))) throw thrown;
    await copyFile(temporary, path, constants.COPYFILE_EXCL);
    const file = await open(path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function errnoOf(thrown: unknown): string {
  const known = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';
  return known ? String(thrown.code) : '';
}
