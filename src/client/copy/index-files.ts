/**
 * The index of a last-known-good copy, for any number of programs that write at once.
 *
 * Each save makes a new file, named by the digest of its bytes, and then removes the files that it
 * has merged. No file ever changes, so whoever removes one knows what was in it: nothing that some
 * program saved is lost, whoever writes, reads or dies when. As many as are there count together.
 *
 * @module
 */
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../core/crypto.ts';
import { readBounded, replaceFile } from './atomic-files.ts';
import { INDEX_MAX_BYTES } from './saved-realm.ts';

/** Files that count; more are there only when somebody else puts them there. */
const FILES_MAX = 64;
/** How often to look again because a file went away between the listing and the reading. */
const LOOKS_MAX = 100;
const NAME = /^index-[0-9a-f]{64}\.json$/;

/** One file. */
export interface IndexFile {
  readonly name: string;
  /** Absent when it is not what its name says. */
  readonly bytes: Uint8Array | undefined;
}

/** Reads all of them. Throws what the file system throws. */
export async function readIndexFiles(folder: string): Promise<readonly IndexFile[]> {
  for (let looks = 1; ; looks += 1) {
    const names = await namesIn(folder);
    const files = await Promise.all(names.map(async (name) => await readOne(folder, name)));
    const found = files.filter((file) => file !== undefined);
    // One that is gone was merged into another one, which the next listing shows.
    if (found.length === names.length || looks >= LOOKS_MAX) return found;
  }
}

/**
 * Writes what the given files were merged into, and removes them; when it resolves, a power cut
 * cannot take it back. Returns the name of the file. Throws what the file system throws.
 */
export async function replaceIndexFiles(
  folder: string,
  bytes: Uint8Array,
  merged: readonly IndexFile[],
): Promise<string> {
  const name = `index-${sha256(bytes)}.json`;
  await replaceFile(join(folder, name), bytes);
  for (const old of merged) {
    // One that stays is merged again next time.
    if (old.name !== name) await unlink(join(folder, old.name)).catch(() => undefined);
  }
  return name;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => NAME.test(name)).slice(0, FILES_MAX);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
}

async function readOne(folder: string, name: string): Promise<IndexFile | undefined> {
  const bytes = await readBounded(join(folder, name), INDEX_MAX_BYTES);
  if (bytes === undefined) return undefined;
  return { name, bytes: name === `index-${sha256(bytes)}.json` ? bytes : undefined };
}
