/**
 * Files that are there whole or not at all, also after a crash or a power cut.
 *
 * Write a temporary file, fsync it, rename it over the target, fsync the folder: rename is atomic
 * on every file system that Node runs on, and the folder's fsync makes it durable.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KedgeError } from '../../core/errors.ts';

/** The ending of files that a crash may leave behind; nobody reads them. */
const TEMPORARY_ENDING = '.tmp';

/**
 * Replaces a file. The rename is durable after {@link syncFolder}. Throws what `node:fs` throws.
 */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}${TEMPORARY_ENDING}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw cause;
  }
}

/** As {@link writeWhole}, and durable when it resolves. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await writeWhole(path, bytes);
  await syncFolder(dirname(path));
}

/** Makes renames in a folder durable. Windows cannot and need not. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Reads a regular file of a bounded size; absent when there is none. */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    // O_NONBLOCK: a pipe in the place of a file must not stop the program that starts.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const facts = await file.stat();
      if (!facts.isFile()) throw new KedgeError('STORE', `${path} is not a regular file`);
      if (facts.size > maxBytes) throw new KedgeError('LIMIT', `${path} is too large`);
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
