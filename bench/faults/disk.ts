/**
 * A small disk for the store of one node: a file system in memory, mounted where the store is.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { cp, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const DISK_MIB = 32;
const BLOCK = new Uint8Array(64 * 1024);

/** A mounted disk; disposing it unmounts it. */
export class SmallDisk implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Moves a store to a small disk of its own, in place. Undefined where mounting is forbidden. */
  static async under(storePath: string): Promise<SmallDisk | undefined> {
    const path = dirname(storePath);
    const aside = `${path}.before`;
    await cp(path, aside, { recursive: true });
    const options = ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path];
    if (spawnSync('mount', options).status !== 0) return undefined;
    await cp(aside, path, { recursive: true });
    await rm(aside, { recursive: true });
    return new SmallDisk(path);
  }

  /** Leaves no room at all. */
  async fill(): Promise<void> {
    const file = await open(this.#ballast, 'a');
    try {
      for (;;) await file.write(BLOCK);
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')) throw thrown;
    } finally {
      await file.close();
    }
  }

  async free(): Promise<void> {
    await rm(this.#ballast);
  }

  /** Moves the store back to where it was; the node must not run. */
  async leave(): Promise<void> {
    const aside = `${this.#path}.after`;
    await cp(this.#path, aside, { recursive: true });
    this[Symbol.dispose]();
    await rm(this.#path, { recursive: true });
    await rename(aside, this.#path);
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['--lazy', this.#path]);
  }

  get #ballast(): string {
    return join(this.#path, 'ballast');
  }
}
