/**
 * Charters that came lately, so that those in a row which recovery keys cover can be put together
 * before they are judged: what each stream holds of them is to be read from the store first.
 *
 * Nothing in it is verified, or trusted. It is bounded as what one fetch collects.
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import { CHARTER_STREAM, type Sha256 } from '../core/ids.ts';
import { HISTORY_BUFFER_MAX_BYTES } from '../core/limits.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import type { Statement } from '../core/statements/statement.ts';
import { toAccepted } from '../core/trusted/accept-charter.ts';
import { coveredBy, isForEver } from '../core/trusted/lineage.ts';
import { type CharterLink, claimsRecovery, judgeRival } from '../core/trusted/rival-charter.ts';
import {
  type AcceptedCharter,
  charterAt,
  forkOf,
  type TrustedState,
} from '../core/trusted/state.ts';

/** A row as long as one answer may collect. */
const CHARTERS_MAX = 10_000;

/** What came last, oldest first. */
export class RecentCharters {
  readonly #links: Map<Sha256, CharterLink> = new Map();
  #bytes = 0;

  /**
   * Takes a charter that came; returns the whole chain that it makes, when it takes the place of
   * charters that are held.
   */
  replacing(
    state: TrustedState,
    statement: Statement,
    document: SignedDocument,
  ): readonly AcceptedCharter[] | undefined {
    const link = { statement, document };
    this.#note(link);
    const links = this.#rowOf(state, link);
    const first = links?.[0]?.statement;
    const before = first && charterAt(state, first.sequence - 1);
    if (links === undefined || first === undefined || before === undefined) return undefined;
    const isNext = first.sequence > state.charters.length;
    const fork = forkOf(state, CHARTER_STREAM);
    if (isNext && fork === undefined) return undefined;
    // Nothing is verified that cannot take a place, whoever sends it.
    const isOver = fork !== undefined && isForEver(state.charters, fork);
    if (isOver || coveredBy(state.charters, first.sequence) !== undefined) return undefined;
    if (!claimsRecovery(before, links)) return undefined;
    try {
      const verdict = judgeRival(state, before, links);
      if (verdict.outcome === 'forked') return undefined;
      return [...state.charters.slice(0, before.version), ...verdict.charters.map(toAccepted)];
    } catch (thrown) {
      if (thrown instanceof KedgeError) return undefined;
      throw thrown;
    }
  }

  /** From the first one that follows what is held. */
  #rowOf(state: TrustedState, last: CharterLink): readonly CharterLink[] | undefined {
    const links = [last];
    for (let first = last; ; ) {
      const { sequence, previous } = first.statement;
      if (charterAt(state, sequence - 1)?.digest === previous) return links;
      const before = this.#links.get(previous);
      if (before === undefined || before.statement.sequence !== sequence - 1) return undefined;
      links.unshift(before);
      first = before;
    }
  }

  #note(link: CharterLink): void {
    const { statement, document } = link;
    if (sha256(document.body) !== statement.bodyDigest || this.#links.has(statement.digest)) return;
    this.#links.set(statement.digest, link);
    this.#bytes += document.body.length;
    for (const [digest, oldest] of this.#links) {
      if (this.#links.size <= CHARTERS_MAX && this.#bytes <= HISTORY_BUFFER_MAX_BYTES) break;
      this.#links.delete(digest);
      this.#bytes -= oldest.document.body.length;
    }
  }
}
