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

/** Reads recalls from a store. */
export class RecallSource {
  readonly #store: Store;
  readonly #logger: Logger;

  constructor(store: Store, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
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
    try {
      const [held] = await this.#store.statements(stream, { from, limit: 1 });
      return held === undefined ? {} : { held };
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      this.#logger.error({ event: 'store.failed', code: err.code, err }, err.message);
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
