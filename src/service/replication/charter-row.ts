/**
 * The charters in a row that one answer of a peer brings, so that those which recovery keys cover
 * can be put together before they are judged: what each stream holds of them is to be read from the
 * store first.
 *
 * Nothing in it is verified, or trusted. Each answer has its own, so that nothing which somebody
 * else sends displaces any of it; it is bounded as what one fetch collects.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM } from '../../core/ids.ts';
import { HISTORY_BUFFER_MAX_BYTES } from '../../core/limits.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import type { Statement } from '../../core/statements/statement.ts';
import { toAccepted } from '../../core/trusted/accept-charter.ts';
import { coveredBy, isForEver } from '../../core/trusted/lineage.ts';
import { type CharterLink, claimsRecovery, judgeRival } from '../../core/trusted/rival-charter.ts';
import {
  type AcceptedCharter,
  charterAt,
  forkOf,
  type TrustedState,
} from '../../core/trusted/state.ts';

/** A row as long as one answer may collect. */
const CHARTERS_MAX = 10_000;

/** Charters of which each follows the one before, the first one what is held. */
export class CharterRow {
  #links: CharterLink[] = [];
  #bytes = 0;
  /** Whether one of them names recovery keys of the charter that the first one follows. */
  #isClaimed = false;

  /**
   * Takes the charter that comes next; returns the whole chain that the row makes, when it takes
   * the place of charters that are held.
   */
  replacing(
    state: TrustedState,
    statement: Statement,
    document: SignedDocument,
  ): readonly AcceptedCharter[] | undefined {
    this.#add(state, { statement, document });
    const first = this.#links[0]?.statement;
    const before = first && charterAt(state, first.sequence - 1);
    if (first === undefined || before?.digest !== first.previous) return undefined;
    const isNext = first.sequence > state.charters.length;
    const fork = forkOf(state, CHARTER_STREAM);
    if (isNext && fork === undefined) return undefined;
    // Nothing is verified that cannot take a place, whoever sends it.
    const isOver = fork !== undefined && isForEver(state.charters, fork);
    if (isOver || coveredBy(state.charters, first.sequence) !== undefined) return undefined;
    this.#isClaimed ||= claimsRecovery(before, this.#links.slice(-1));
    if (!this.#isClaimed) return undefined;
    try {
      const verdict = judgeRival(state, before, this.#links);
      if (verdict.outcome === 'forked') return undefined;
      return [...state.charters.slice(0, before.version), ...verdict.charters.map(toAccepted)];
    } catch (thrown) {
      if (thrown instanceof KedgeError) return undefined;
      throw thrown;
    }
  }

  /** What does not follow the last one, or follows what is held, begins anew. */
  #add(state: TrustedState, link: CharterLink): void {
    const { statement, document } = link;
    const last = this.#links.at(-1)?.statement;
    const isHeld = charterAt(state, statement.sequence - 1)?.digest === statement.previous;
    const isNext = last?.digest === statement.previous && last.sequence === statement.sequence - 1;
    const isFull = this.#links.length >= CHARTERS_MAX || this.#bytes > HISTORY_BUFFER_MAX_BYTES;
    if (isHeld || !isNext || isFull) {
      this.#links = [];
      this.#bytes = 0;
      this.#isClaimed = false;
    }
    this.#links.push(link);
    this.#bytes += document.body.length;
  }
}
