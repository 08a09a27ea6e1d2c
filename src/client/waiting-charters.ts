/**
 * Charters that verify, and wait until enough regions vouch for them: the program goes on under the
 * charter that it has. Spec section 8, CO-20 to CO-22.
 *
 * @module
 */
import { CHARTER_STREAM, type Sha256 } from '../core/ids.ts';
import type { CosignedLeaf } from '../core/log/attested.ts';
import { CharterLog } from '../core/log/charter-log.ts';
import type { RegionView } from '../core/log/region-view.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import { acceptDocument } from '../core/trusted/accept.ts';
import {
  type AcceptedCharter,
  currentCharter,
  forkOf,
  type TrustedState,
} from '../core/trusted/state.ts';
import type { BundleUpdate } from '../core/watch/messages.ts';
import type { Pending, WaitingList } from './pending.ts';

/** What is to be done with charters that came. */
interface Sorted {
  /** May come into use. */
  readonly ready: readonly SignedDocument[];
  readonly waiting: WaitingList | undefined;
}

/** Charters that were verified one after the other. */
interface VerifiedChain {
  /** Those in use, on which the first one builds. */
  readonly begin: readonly AcceptedCharter[];
  /** What is trusted with each of the others. */
  readonly states: readonly TrustedState[];
}

/** Holds charters back for the regions that a program demands. */
export class WaitingCharters {
  readonly #log: CharterLog;
  readonly #regions: RegionView;
  /** The chain that was verified last: it comes again with each message. */
  #verified: VerifiedChain | undefined;

  /** `known` is a later charter for which somebody vouches, like the pin. */
  constructor(regions: RegionView, known: Sha256 | undefined) {
    const { realm, threshold } = regions;
    this.#regions = regions;
    this.#log = new CharterLog({ realm, threshold, known });
  }

  /** Takes a cosigned head in. */
  take(leaf: CosignedLeaf, trusted: TrustedState, pending: Pending, nowMs: number): void {
    if (leaf.checkpoint.stream !== CHARTER_STREAM) return;
    const waiting = pending.waiting?.charters ?? [];
    this.#log.take(leaf, this.#chainOf(trusted, waiting, nowMs) ?? trusted.charters);
  }

  /**
   * Says which of these charters may come into use. A chain that proves a fork is all `ready`: the
   * proof counts, whoever saw it. Errors: those of `acceptDocument`, `PROOF`.
   */
  sort(trusted: TrustedState, documents: readonly SignedDocument[], nowMs: number): Sorted {
    const charters = this.#chainOf(trusted, documents, nowMs);
    if (charters === undefined) return { ready: documents, waiting: undefined };
    const inUse = trusted.charters.length;
    const offered = { charters, inUse, faulty: this.#regions.faulty };
    const attested = this.#log.attested(offered);
    const ready = documentsOf(charters.slice(inUse, attested));
    const version = charters.length;
    if (attested === version) return { ready, waiting: undefined };
    const error = this.#log.lacking(attested, offered);
    return { ready, waiting: { charters: documentsOf(charters.slice(attested)), version, error } };
  }

  /**
   * The charters with these after them, each verified once; absent when they prove a fork. Errors:
   * those of `acceptDocument`.
   */
  #chainOf(
    trusted: TrustedState,
    documents: readonly SignedDocument[],
    nowMs: number,
  ): readonly AcceptedCharter[] | undefined {
    const { charters } = trusted;
    const isKnown = this.#verified?.begin === charters && !forkOf(trusted, CHARTER_STREAM);
    const known = isKnown ? this.#verified?.states : undefined;
    const states: TrustedState[] = [];
    let state = trusted;
    for (const { statement, body } of documents) {
      const { kind, digest } = parseStatement(statement.payload);
      if (kind !== 'charter') return undefined;
      const after = known?.[states.length];
      if (after !== undefined && currentCharter(after)?.digest === digest) state = after;
      else {
        const offer = { chain: [statement], body, mode: 'linked' } as const;
        const result = acceptDocument(state, offer, nowMs);
        if (result.outcome === 'forked') return undefined;
        if (result.outcome === 'held') continue;
        state = result.state;
      }
      states.push(state);
    }
    this.#verified = { begin: charters, states };
    return state.charters;
  }
}

/** Says whether an update can only be judged by a charter that waits. */
export function isAhead({ statements }: BundleUpdate, { charters }: TrustedState): boolean {
  const last = statements.at(-1);
  return last !== undefined && parseStatement(last.payload).charterVersion > charters.length;
}

function documentsOf(charters: readonly AcceptedCharter[]): readonly SignedDocument[] {
  return charters.map(({ document }) => document);
}
