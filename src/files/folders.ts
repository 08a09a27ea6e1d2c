/**
 * Making folders, for every part that keeps files.
 *
 * @module
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** How folders that are made may be used. */
export interface FolderOptions {
  /** `private`: by the owner alone. `public`: as the mask of the process says. */
  readonly access: 'private' | 'public';
}

const OWNER_ONLY = 0o700;
const EVERYBODY = 0o777;

/**
 * Makes a folder and those above it, as `mkdir -p`; what is there stays as it is. Node's own
 * `recursive` tries for ever in a file system that takes no folders, like `/proc`. Throws what the
 * file system throws.
 */
export async function makeFolder(path: string, { access }: FolderOptions): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); !(await isThere(at)); at = dirname(at)) missing.push(at);
  const mode = access === 'private' ? OWNER_ONLY : EVERYBODY;
  for (const folder of missing.toReversed()) await mkdir(folder, { mode }).catch(ignoreIfThere);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (thrown) {
    if (hasCode(thrown, 'ENOENT')) return false;
    throw thrown;
  }
}

/** Somebody else made it meanwhile. */
function ignoreIfThere(thrown: unknown): void {
  if (!hasCode(thrown, 'EEXIST')) throw thrown;
}

function hasCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}
