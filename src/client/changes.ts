/**
 * Changes for whoever iterates: the newest per bundle, so that a slow reader costs nothing.
 *
 * @module
 */
import type { BundleName } from '../core/ids.ts';
import type { Bundle } from './bundle.ts';

/** A bundle that came into use. */
export interface BundleChange {
  readonly bundle: Bundle;
  /** What was in use before, as far as this reader was told; absent for the first. */
  readonly previous?: Bundle;
}

/**
 * An endless iterator over changes. It keeps at most one change per bundle: when a newer one comes
 * before the last was read, they become one. Ends when the source closes; leaving the loop ends it.
 */
export class ChangeIterator implements AsyncIterableIterator<BundleChange, undefined> {
  readonly #waiting: Map<BundleName, BundleChange> = new Map();
  readonly #told: Map<BundleName, Bundle> = new Map();
  readonly #onReturn: (iterator: ChangeIterator) => void;
  #readers: ((result: IteratorResult<BundleChange, undefined>) => void)[] = [];
  #isEnded = false;

  constructor(onReturn: (iterator: ChangeIterator) => void) {
    this.#onReturn = onReturn;
  }

  /** A bundle came into use. */
  push(bundle: Bundle): void {
    if (this.#isEnded) return;
    const previous = this.#told.get(bundle.name);
    const change = previous === undefined ? { bundle } : { bundle, previous };
    const reader = this.#readers.shift();
    if (reader === undefined) {
      this.#waiting.set(bundle.name, change);
    } else {
      this.#deliver(change, reader);
    }
  }

  /** No more changes; what waits is still read. */
  end(): void {
    this.#isEnded = true;
    for (const reader of this.#readers) reader({ done: true, value: undefined });
    this.#readers = [];
  }

  next(): Promise<IteratorResult<BundleChange, undefined>> {
    return new Promise((resolve) => {
      const [oldest] = this.#waiting.values();
      if (oldest !== undefined) {
        this.#waiting.delete(oldest.bundle.name);
        this.#deliver(oldest, resolve);
      } else if (this.#isEnded) {
        resolve({ done: true, value: undefined });
      } else {
        this.#readers.push(resolve);
      }
    });
  }

  return(): Promise<IteratorResult<BundleChange, undefined>> {
    this.#waiting.clear();
    this.end();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(
    change: BundleChange,
    reader: (result: IteratorResult<BundleChange, undefined>) => void,
  ): void {
    this.#told.set(change.bundle.name, change.bundle);
    reader({ done: false, value: change });
  }
}
