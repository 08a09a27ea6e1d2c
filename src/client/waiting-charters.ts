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
import type { AcceptedCharter, TrustedState } from '../core/trusted/state.ts';
import type { BundleUpdate } from '../core/watch/messages.ts';
import type { Pending, WaitingList } from './pending.ts';

/** What is to be done with charters that came. */
interface Sorted {
  /** May come into use. */
  readonly ready: readonly SignedDocument[];
  readonly waiting: WaitingList | undefined;
}

/** Holds charters back for the regions that a program demands. */
export class WaitingCharters {
  readonly #log: CharterLog;
  readonly #regions: RegionView;

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
    this.#log.take(leaf, chainOf(trusted, waiting, nowMs) ?? trusted.charters);
  }

  /**
   * Says which of these charters may come into use. A chain that proves a fork is all `ready`: the
   * proof counts, whoever saw it. Errors: those of `acceptDocument`, `PROOF`.
   */
  sort(trusted: TrustedState, documents: readonly SignedDocument[], nowMs: number): Sorted {
    const charters = chainOf(trusted, documents, nowMs);
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
}

/** Says whether an update can only be judged by a charter that waits. */
export function isAhead({ statements }: BundleUpdate, { charters }: TrustedState): boolean {
  const last = statements.at(-1);
  return last !== undefined && parseStatement(last.payload).charterVersion > charters.length;
}

/** The charters with these after them, verified; absent when they prove a fork. */
function chainOf(
  trusted: TrustedState,
  documents: readonly SignedDocument[],
  nowMs: number,
): readonly AcceptedCharter[] | undefined {
  let state = trusted;
  for (const { statement, body } of documents) {
    if (parseStatement(statement.payload).kind !== 'charter') return undefined;
    const result = acceptDocument(state, { chain: [statement], body, mode: 'linked' }, nowMs);
    if (result.outcome === 'forked') return undefined;
    state = result.state;
  }
  return state.charters;
}

function documentsOf(charters: readonly AcceptedCharter[]): readonly SignedDocument[] {
  return charters.map(({ document }) => document);
}
