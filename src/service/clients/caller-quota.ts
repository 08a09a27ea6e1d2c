/**
 * How much one caller may have open at once, so that one that goes wrong leaves room for others.
 *
 * Counted per identity, as certificates name it: programs that share one share its quota.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';

/** What a quota limits. */
export interface QuotaOptions {
  /** At once, per identity. */
  readonly max: number;
  /** For the message, in the plural. */
  readonly what: string;
  /** For the message: where the limit is set. */
  readonly setBy?: string;
}

/** Counts what each identity has open; nothing is kept of those that have nothing. */
export class CallerQuota {
  readonly #options: QuotaOptions;
  readonly #open: Map<string, number> = new Map();

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  /** Counts one more; the returned function takes it back, once. Errors: `LIMIT`. */
  enter(id: string): () => void {
    const { max, what, setBy } = this.#options;
    const open = this.#open.get(id) ?? 0;
    if (open >= max) {
      const where = setBy === undefined ? '' : ` (${setBy})`;
      throw new KedgeError(
        'LIMIT',
        `${id} has its maximum of ${max} ${what} open at this node${where}: end some of them, ` +
          'or use another node',
        { detail: { id, max } },
      );
    }
    this.#open.set(id, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = (this.#open.get(id) ?? 1) - 1;
      if (left === 0) this.#open.delete(id);
      else this.#open.set(id, left);
    };
  }
}
