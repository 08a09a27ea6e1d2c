/**
 * The floor of a program's clock, kept over restarts beside the last-known-good copy.
 *
 * It is the time that regions signed (spec section 8, FR-5), so it is public. A damaged file is a
 * floor of 0: what was never kept cannot be lost. The file carries its digest, because a wrong
 * digit in it could let everything look expired for ever.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeUtf8 } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { CLOCK_SKEW_MAX_MS } from '../../core/limits.ts';
import { makeFolder } from '../../files/folders.ts';
import { replaceFile } from './atomic-files.ts';

const LINE = /^([1-9]\d{0,15}) ([0-9a-f]{64})\n$/;

/** The floor in one folder. */
export class FloorFile {
  readonly #folder: string;
  #writtenMs = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The floor; 0 when there is none that can be read. */
  async load(): Promise<number> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    const [, floor = '', digest] = LINE.exec(text) ?? [];
    if (digest !== sha256(encodeUtf8(floor))) return 0;
    this.#writtenMs = Number(floor);
    return this.#writtenMs;
  }

  /**
   * Keeps a floor. One that rose by less than the clock skew is not worth a write; one that another
   * program wrote is not lowered. Throws what the file system throws.
   */
  async keep(floorMs: number): Promise<void> {
    if (floorMs < this.#writtenMs + CLOCK_SKEW_MAX_MS) return;
    const kept = Math.max(floorMs, await this.load());
    await makeFolder(this.#folder, { access: 'private' });
    const text = String(kept);
    await replaceFile(this.#path, encodeUtf8(`${text} ${sha256(encodeUtf8(text))}\n`));
    this.#writtenMs = kept;
  }

  get #path(): string {
    return join(this.#folder, 'clock');
  }
}
