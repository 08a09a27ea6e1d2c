/**
 * A folder that goes away with its test.
 *
 * @module
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new, empty folder; disposing it removes it with everything inside. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** The path of a file or folder inside. */
  join(...parts: readonly string[]): string;
  /** Writes a file inside and gives its path. */
  write(name: string, content: string | Uint8Array): Promise<string>;
}

/** Makes a folder below the system's folder for temporary files. */
export async function createTempDir(prefix: string = 'kedge-test-'): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), prefix));
  return {
    path,
    join: (...parts) => join(path, ...parts),
    write: async (name, content) => {
      const file = join(path, name);
      await writeFile(file, content, { mode: 0o600 });
      return file;
    },
    // A process that was just killed may still be writing; removal is retried for a moment.
    [Symbol.asyncDispose]: () =>
      rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  };
}
