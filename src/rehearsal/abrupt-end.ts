/**
 * What is done when the process of a rehearsal ends at once: by a second Ctrl-C, by a bug, or with
 * its terminal. Nothing is left behind then either.
 *
 * @module
 */
import { rmSync } from 'node:fs';
import type { OwnProcess } from './own-process.ts';

/** As shells report a process that its terminal ended: 128 + SIGHUP. */
const EXIT_HUNG_UP = 129;

/** Watches over a folder and processes from now on, until it is disposed. */
export class AbruptEnd implements Disposable {
  readonly #processes: OwnProcess[] = [];
  readonly #onExit: () => void;
  readonly #onHangUp = (): void => process.exit(EXIT_HUNG_UP);

  constructor(folder: string) {
    this.#onExit = () => {
      for (const one of this.#processes) one.abandon();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    };
    process.once('exit', this.#onExit);
    process.once('SIGHUP', this.#onHangUp);
  }

  /** A process that uses the folder. */
  add(one: OwnProcess): void {
    this.#processes.push(one);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#onExit);
    process.off('SIGHUP', this.#onHangUp);
  }
}
