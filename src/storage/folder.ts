/**
 * What LevelDB does not check about its folder before it opens it, and what it needs to recover.
 *
 * LevelDB takes a folder without a `CURRENT` file for a new one and then deletes the files of the
 * old one as left-overs: a store that lost that one file would silently become an empty store.
 *
 * @module
 */
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../files/folders.ts';
import { asStoreError, storeError } from './failures.ts';

/** The file that names the newest manifest; it exists from the end of creation on. */
const CURRENT = 'CURRENT';
/** Data, a log, or the manifest of a store that was opened before. */
const OLD_DATA = /^(?:\d+\.(?:ldb|sst|log)|MANIFEST-(?!000001$)\d+)$/;
/** What a creation that was cut short, or a fresh mount, leaves. */
const HARMLESS = /^(?:LOCK|LOG|LOG\.old|MANIFEST-000001|\d+\.dbtmp|lost\+found)$/;
const LOG_FILE = /^\d+\.log$/;
const PROBE_FILE = 'room.probe';
/** Beside the table that recovery makes of the logs: a manifest, a log, the next batch. */
const RECOVERY_SLACK_BYTES = 512 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * Makes the folder when it is missing and says whether a store is in it.
 *
 * Errors: `STORE` with reason `foreign`, `damaged`, `denied`, `full` or `io`.
 */
export async function inspectFolder(path: string): Promise<'empty' | 'store'> {
  try {
    await requireFolder(path);
    const names = await readdir(path);
    if (names.includes(CURRENT)) return 'store';
    if (names.some((name) => OLD_DATA.test(name))) {
      throw storeError('damaged', path, 'is damaged: its CURRENT file is missing');
    }
    const stranger = names.find((name) => !HARMLESS.test(name));
    if (stranger === undefined) return 'empty';
    throw storeError('foreign', path, `would share its folder with other files (${stranger})`);
  } catch (thrown) {
    throw asStoreError(thrown, path, 'looking at the folder');
  }
}

/**
 * Checks that the disk has room for what LevelDB writes when it opens again, by taking that room
 * for a moment. Errors: `STORE`, usually with reason `full`.
 */
export async function requireRoom(path: string): Promise<void> {
  const probe = join(path, PROBE_FILE);
  try {
    let missingBytes = RECOVERY_SLACK_BYTES;
    for (const name of await readdir(path)) {
      if (!LOG_FILE.test(name)) continue;
      // The database that is still closing may remove one meanwhile.
      const found = await stat(join(path, name)).catch(undefinedIfMissing);
      missingBytes += found?.size ?? 0;
    }
    // Left by a crash, or a link to somewhere else: never written through.
    await rm(probe, { force: true });
    const file = await open(probe, 'wx', 0o600);
    try {
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (; missingBytes > 0; missingBytes -= CHUNK_BYTES) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw asStoreError(thrown, path, 'looking for room on the disk');
  } finally {
    await rm(probe, { force: true });
  }
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(undefinedIfMissing);
  if (found === undefined) {
    const made = await makeFolder(path, { access: 'private' }).then(
      () => 'made',
      undefinedIfMissing,
    );
    // What a file system that takes no folders answers.
    if (made === undefined) throw storeError('denied', path, 'cannot be created in that place');
  } else if (!found.isDirectory()) {
    throw storeError('foreign', path, 'is a file, not a folder');
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
