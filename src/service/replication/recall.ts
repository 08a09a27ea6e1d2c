/**
 * Looks up what the replication machine cannot remember: the statement that is held at the place of
 * one that comes at or below the head, what is left of streams about which a charter decides or
 * whose charters fall, and the releases that a rollout names.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { Recall } from '../../core/gossip/events.ts';
import {
  CHARTER_STREAM,
  parseSequence,
  releaseStream,
  type Sequence,
  type StreamName,
} from '../../core/ids.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { isGoodHistory } from '../../core/trusted/authority.ts';
import type { Decision } from '../../core/trusted/decisions.ts';
import type { Holding } from '../../core/trusted/holding.ts';
import type { StreamState, TrustedState } from '../../core/trusted/state.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Store, StoredDocument } from '../../ports/store.ts';
import type { CharterRow } from './charter-row.ts';
import type { Judged } from './judged.ts';
import { type Decided, heldUpTo, type Needed, neededFor } from './needed.ts';

/** Statements read at once. */
const PAGE = 200;

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
   * What only the store knows about what is judged; absent when the machine needs nothing, so that
   * the common case stays synchronous. A store that fails is logged and recalls nothing.
   * `charterRow`: the charters that came before it in the same answer.
   */
  find(judged: Judged, state: TrustedState, charterRow?: CharterRow): Promise<Recall> | undefined {
    const needed = neededFor(judged, state, charterRow);
    switch (needed?.kind) {
      case undefined:
        return undefined;
      case 'held':
        return this.#read(needed.stream, needed.sequence);
      case 'standing':
        return this.#readStanding(state, needed.next);
      case 'named':
        return needed.held.length === 0 ? undefined : this.#readNamed(needed);
      case 'decided':
        return this.#readDecided(needed.streams);
    }
  }

  async #readNamed({ rollout, held }: Extract<Needed, { kind: 'named' }>): Promise<Recall> {
    const stream = releaseStream(rollout.bundle);
    return await this.#guard(async () => {
      const found = await Promise.all(
        held.map((from) => this.#options.store.statements(stream, { from, limit: 1 })),
      );
      return { named: found.flat() };
    });
  }

  async #read(stream: StreamName, from: Sequence): Promise<Recall> {
    return await this.#guard(async () => {
      const [held] = await this.#options.store.statements(stream, { from, limit: 1 });
      return held === undefined ? {} : { held };
    });
  }

  async #readStanding(state: TrustedState, next: TrustedState): Promise<Recall> {
    return await this.#guard(async () => {
      const holdings: Holding[] = [];
      for (const of of state.streams.values()) {
        if (of.stream === CHARTER_STREAM) continue;
        const good = await this.#goodUpTo(next, of);
        const newest = headAt(of, good) ?? (await this.#documentAt(of.stream, good));
        holdings.push({ of, ...(newest && { newest }) });
      }
      return { holdings };
    });
  }

  async #documentAt(stream: StreamName, at: number): Promise<SignedDocument | undefined> {
    return at === 0 ? undefined : await this.#options.store.document(stream, parseSequence(at));
  }

  async #goodUpTo(next: TrustedState, of: StreamState): Promise<number> {
    const held = heldUpTo(of);
    let good = 0;
    while (good < held) {
      const range = { from: parseSequence(good + 1), limit: PAGE };
      const page = await this.#options.store.statements(of.stream, range);
      const bad = page.findIndex((signed) => !isGoodHistory(next, signed));
      good += bad < 0 ? page.length : bad;
      if (bad >= 0 || page.length === 0) break;
    }
    return Math.min(good, held);
  }

  async #readDecided(streams: readonly Decided[]): Promise<Recall> {
    return await this.#guard(async () => {
      const holdings: Holding[] = [];
      for (const { of, decisions, sequence, forkedAt } of streams) {
        const newest =
          (await this.#walk(decisions))?.document ?? (await this.#beneath(of, sequence));
        const before = await this.#walk(decisions, forkedAt);
        holdings.push({
          of,
          ...(newest && { newest }),
          ...(before?.sequence === forkedAt - 1 && { beforeFork: before.digest }),
        });
      }
      return { holdings };
    });
  }

  /** The newest held document on the side that stands, from the first decision on. */
  async #walk(decisions: readonly Decision[], end = Infinity): Promise<StoredDocument | undefined> {
    let newest: StoredDocument | undefined;
    for (const [index, { stream, sequence, digest }] of decisions.entries()) {
      if (sequence >= end) break;
      const before = Math.min(end, decisions[index + 1]?.sequence ?? Infinity);
      const start = { stream, sequence, digest };
      const first = await this.#options.store.branch({ ...start, before: sequence + 1 });
      if (first === undefined) break;
      const { previous } = parseStatement(first.document.statement.payload);
      if (newest !== undefined && previous !== newest.digest) break;
      newest = await this.#options.store.branch({ ...start, before });
    }
    return newest;
  }

  /** What is held below the decided place. */
  async #beneath(of: StreamState, decided: number): Promise<SignedDocument | undefined> {
    const at = Math.min(heldUpTo(of), decided - 1);
    if (at < 1) return undefined;
    return await this.#options.store.document(of.stream, parseSequence(at));
  }

  async #guard(read: () => Promise<Recall>): Promise<Recall> {
    const { logger, written } = this.#options;
    try {
      // What the machine has verified may still be on its way to the disk.
      await written();
      return await read();
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      logger.error({ event: 'store.failed', code: err.code, err }, err.message);
      return {};
    }
  }
}

/** What memory has of a stream: most keep their heads, and all bodies would be too much. */
function headAt({ head }: StreamState, at: number): SignedDocument | undefined {
  return head?.sequence === at ? { statement: head.statement, body: head.bodyBytes } : undefined;
}
