/**
 * The writes of one store: one after the other, each after what a failed one left behind was
 * repaired, and what is wrong while they fail.
 *
 * @module
 */
import type { StoreTrouble } from '../core/admin/process-status.ts';
import { KedgeError } from '../core/errors.ts';
import { storeFailure } from './failures.ts';
import type { KeyValue, Put } from './key-value.ts';

/** Writes and removes all or nothing, durably. Errors: `STORE`. */
export type Write = (puts: readonly Put[], removedKeys?: readonly string[]) => Promise<void>;

/** The writes of one store. */
export class Writes {
  readonly #entries: KeyValue;
  readonly #onRepaired: () => Promise<void>;
  #last: Promise<void> = Promise.resolve();
  #trouble: StoreTrouble | undefined;

  /** `onRepaired` is called before the next write where the content may have become another one. */
  constructor(entries: KeyValue, onRepaired: () => Promise<void>) {
    this.#entries = entries;
    this.#onRepaired = onRepaired;
  }

  /** Since when they fail, and why; absent: the last one was done. */
  get trouble(): StoreTrouble | undefined {
    return this.#trouble;
  }

  /** Works in the order of calls; nothing else is written meanwhile. Errors: `STORE`, its own. */
  async inTurn(work: (write: Write) => Promise<void>): Promise<void> {
    const written = this.#last.then(async () => {
      if ((await this.#entries.repair()) === 'changed') await this.#onRepaired();
      await work(async (puts, removedKeys) => {
        await this.#entries.write(puts, removedKeys);
        this.#trouble = undefined;
      });
    });
    this.#last = written.catch((thrown: unknown) => this.#failed(thrown));
    await written;
  }

  /** Resolves when all that was begun is over. */
  async idle(): Promise<void> {
    await this.#last;
  }

  #failed(thrown: unknown): void {
    // Anything else is wrong with what was to be written.
    if (storeFailure(thrown) === undefined) return;
    const { message: reason } = KedgeError.from(thrown);
    this.#trouble = { sinceMs: this.#trouble?.sinceMs ?? Date.now(), reason };
  }
}
