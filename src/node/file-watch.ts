/**
 * Says that files may have changed, however they were replaced.
 *
 * The folders are watched, not the files: a rename over a file, or the swap of the folder link
 * behind it (as Kubernetes does for secrets), would leave a watch on something that nobody sees any
 * more. Links that point elsewhere, network file systems and exhausted watches say nothing at all,
 * so there is also a poll. Whoever is told reads the files and compares; a false alarm is cheap.
 *
 * @module
 */
import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock, ClockTimer } from '../ports/clock.ts';

/** What a watch works with. */
export interface FileWatchOptions {
  readonly files: readonly string[];
  readonly clock: Clock;
  /** Must not throw. */
  readonly onMaybeChanged: () => void;
}

/** What Kubernetes swaps in the folder of a secret. */
const FOLDER_LINK = '..data';
/** How long a folder must be quiet: a pair is written in several steps. */
const SETTLE_MS = 100;
/** How often the files are looked at when nobody says that they changed. */
const POLL_MS = 10_000;

/** A running watch. */
export class FileWatch implements Disposable {
  readonly #options: FileWatchOptions;
  readonly #watchers: FSWatcher[] = [];
  #poll: ClockTimer | undefined;
  #settling: ClockTimer | undefined;

  constructor(options: FileWatchOptions) {
    this.#options = options;
    const names = new Set([...options.files.map((file) => basename(file)), FOLDER_LINK]);
    for (const folder of new Set(options.files.map((file) => dirname(file)))) {
      this.#watch(folder, names);
    }
    this.#armPoll();
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#poll?.[Symbol.dispose]();
    this.#settling?.[Symbol.dispose]();
  }

  #watch(folder: string, names: ReadonlySet<string>): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) this.#settle();
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // The poll sees what the watch would have seen, later.
    }
  }

  #settle(): void {
    // Not put off again: a folder that never rests would keep us from ever looking.
    this.#settling ??= this.#options.clock.setTimer(SETTLE_MS, () => {
      this.#settling = undefined;
      this.#options.onMaybeChanged();
    });
  }

  #armPoll(): void {
    this.#poll = this.#options.clock.setTimer(POLL_MS, () => {
      this.#options.onMaybeChanged();
      this.#armPoll();
    });
  }
}
