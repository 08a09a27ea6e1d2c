/**
 * Writes batches in order; when one fails, those queued behind it are given up, since they build
 * on it.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { Store, StoreBatch } from '../ports/store.ts';

/** What became of a batch; nothing is said of those that were given up. */
export type WriteOutcome =
  | { readonly kind: 'persisted'; readonly batchId: number }
  | { readonly kind: 'persist-failed'; readonly batchId: number; readonly error: KedgeError };

/** The queue in front of one store. */
export class WriteQueue {
  readonly #store: Store;
  readonly #onOutcome: (outcome: WriteOutcome) => void;
  #tail: Promise<void> = Promise.resolve();
  #failures = 0;

  constructor(store: Store, onOutcome: (outcome: WriteOutcome) => void) {
    this.#store = store;
    this.#onOutcome = onOutcome;
  }

  add(batchId: number, batch: StoreBatch): void {
    const failures = this.#failures;
    this.#tail = this.#tail.then(async () => {
      if (failures === this.#failures) await this.#write(batchId, batch);
    });
  }

  /** Resolves when all that was added is written or given up. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  async #write(batchId: number, batch: StoreBatch): Promise<void> {
    try {
      await this.#store.append(batch);
    } catch (thrown) {
      this.#failures += 1;
      this.#onOutcome({ kind: 'persist-failed', batchId, error: KedgeError.from(thrown) });
      return;
    }
    this.#onOutcome({ kind: 'persisted', batchId });
  }
}
