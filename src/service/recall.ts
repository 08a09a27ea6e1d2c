/**
 * Looks up what the replication machine cannot remember: the statement that is held at the place of
 * one that comes at or below the head.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { Recall } from '../core/gossip/events.ts';
import { rowIn } from '../core/gossip/rows.ts';
import type { Sequence, StreamName } from '../core/ids.ts';
import type { SignedStatement } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';

/** What recalls are read from. */
export interface RecallOptions {
  readonly store: Store;
  readonly logger: Logger;
  /** Resolves when the writes that are under way are over. */
  readonly written: () => Promise<void>;
}

/** Reads recalls from a store. */
export class RecallSource {
  readonly #options: RecallOptions;

  constructor(options: RecallOptions) {
    this.#options = options;
  }

  /**
   * What is held at the place of `signed`; absent when the machine needs none, so that the common
   * case stays synchronous. A store that fails is logged and recalls nothing.
   */
  find(signed: SignedStatement, state: TrustedState): Promise<Recall> | undefined {
    const place = placeOf(signed);
    if (place === undefined) return undefined;
    const { stream, sequence } = place;
    const row = rowIn(state, stream);
    if (row === undefined || sequence > row.sequence) return undefined;
    return this.#read(stream, sequence);
  }

  async #read(stream: StreamName, from: Sequence): Promise<Recall> {
    const { store, logger, written } = this.#options;
    try {
      // What the machine has verified may still be on its way to the disk.
      await written();
      const [held] = await store.statements(stream, { from, limit: 1 });
      return held === undefined ? {} : { held };
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      logger.error({ event: 'store.failed', code: err.code, err }, err.message);
      return {};
    }
  }
}

/** Where a statement belongs; nothing when it does not parse, which the machine reports. */
function placeOf(signed: SignedStatement): { stream: StreamName; sequence: Sequence } | undefined {
  try {
    return parseStatement(signed.payload);
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}
