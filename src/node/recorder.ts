/**
 * The file that a recording goes to; what is in it, `service/replication/recording.ts` says.
 *
 * The file is only added to: a node that starts again goes on in it, and the replay begins anew
 * there. It ends at a size of its own, for it is a debugging aid and must not fill a disk.
 *
 * @module
 */
import type { WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { KedgeError } from '../core/errors.ts';
import { makeFolder } from '../files/folders.ts';
import type { Logger } from '../ports/logger.ts';

const MAX_BYTES = 1024 ** 3;
/** Statements and addresses are no secrets, but nobody else's business either. */
const OWNER_ONLY = 0o600;
const NEWLINE_BYTES = 1;

/** How a recording is kept. */
export interface RecorderOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Default 1 GiB, with what was there before. */
  readonly maxBytes?: number;
}

/** Writes lines until the file is full or fails; then it says so once and the node goes on. */
export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions;
  readonly #stream: WriteStream;
  #leftBytes: number;
  #isEnded = false;

  /** Errors: `CONFIG` when the file cannot be written. */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const { path, logger, maxBytes = MAX_BYTES } = options;
    try {
      await makeFolder(dirname(path), { access: 'public' });
      const file = await open(path, 'a', OWNER_ONLY);
      const { size } = await file.stat();
      logger.info({ event: 'recording.started', path, bytes: size }, 'recording what happens');
      return new Recorder(options, file.createWriteStream(), maxBytes - size);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KedgeError('CONFIG', `the recording ${path} cannot be written: ${reason}`, {
        cause,
      });
    }
  }

  private constructor(options: RecorderOptions, stream: WriteStream, leftBytes: number) {
    this.#options = options;
    this.#stream = stream;
    this.#leftBytes = leftBytes;
    // What was there may end in half a line, after a kill.
    stream.write('\n');
    stream.on('error', ({ message }) => this.#end(message));
  }

  /** Adds a line, given without its end. */
  readonly write = (line: string): void => {
    if (this.#isEnded) return;
    this.#leftBytes -= Buffer.byteLength(line) + NEWLINE_BYTES;
    if (this.#leftBytes < 0) this.#end('the file is full');
    else this.#stream.write(`${line}\n`);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#stream.end();
    // What failed was said when it did.
    await finished(this.#stream).catch(() => undefined);
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { logger, path } = this.#options;
    logger.warn({ event: 'recording.ended', path, reason }, 'nothing is recorded any more');
  }
}
