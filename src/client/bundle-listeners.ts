/**
 * Who is told of a bundle: that it is coming, to get ready in small pieces, and then that it is in
 * use. Between the two the bundle before is in use everywhere, so that there is one moment at which
 * a release takes effect, also for one that takes trust away: no handshake ever meets a set of
 * which a part is missing, and getting ready takes no longer than the disk takes meanwhile.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Bundle } from './bundle.ts';

/** A bundle waits no longer for those who get ready, milliseconds. */
const READY_WITHIN_MS = 10_000;

/** The listeners of one source. */
export class BundleListeners {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #awaiting: Set<(bundle: Bundle) => Promise<void>> = new Set();
  readonly #using: Set<(bundle: Bundle) => void> = new Set();

  constructor({ logger, clock }: { readonly logger: Logger; readonly clock: Clock }) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Calls `listener` with each bundle that is about to come into use. */
  onComing(listener: (bundle: Bundle) => Promise<void>): Disposable {
    return listen(this.#awaiting, async (bundle) => await listener(bundle));
  }

  /** Calls `listener` with each bundle that came into use. */
  onSwap(listener: (bundle: Bundle) => void): Disposable {
    return listen(this.#using, (bundle) => listener(bundle));
  }

  /**
   * Resolves when everybody is ready, or cannot be: that shows again when the bundle is in use. Who
   * hangs holds nothing up for long, as the bundle may take trust away.
   */
  async await(bundle: Bundle): Promise<void> {
    if (this.#awaiting.size === 0) return;
    const all = [...this.#awaiting].map(async (listener) => await listener(bundle));
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimer(READY_WITHIN_MS, resolve);
      void Promise.allSettled(all).then(() => {
        timer[Symbol.dispose]();
        resolve();
      });
    });
  }

  /** Tells that a bundle is in use; the first failure of a listener, when there was one. */
  tell(bundle: Bundle): KedgeError | undefined {
    const { name, sequence } = bundle;
    let failure: KedgeError | undefined;
    for (const listener of this.#using) {
      try {
        listener(bundle);
      } catch (thrown) {
        const err = KedgeError.from(thrown);
        this.#logger.error({ event: 'trust.failed', bundle: name, sequence, err }, err.message);
        failure ??= err;
      }
    }
    return failure;
  }
}

/** A wrapper of its own, so that one function can listen twice and be disposed once. */
function listen<Listener>(listeners: Set<Listener>, own: Listener): Disposable {
  listeners.add(own);
  return { [Symbol.dispose]: () => void listeners.delete(own) };
}
