/**
 * Charters that verify, and wait until enough regions vouch for them: the program goes on under the
 * charter that it has. Spec section 8, CO-20 to CO-22.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { CHARTER_STREAM, type Sha256 } from '../../core/ids.ts';
import type { CosignedLeaf } from '../../core/log/attested.ts';
import { CharterLog } from '../../core/log/charter-log.ts';
import type { RegionView } from '../../core/log/region-view.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { coveredBy } from '../../core/trusted/lineage.ts';
import {
  type AcceptedCharter,
  type Evidence,
  forkOf,
  type TrustedState,
} from '../../core/trusted/state.ts';
import { takeCharters } from './charters.ts';
import type { Pending, WaitingList } from './pending.ts';

/** What is to be done with charters that came. */
interface Sorted {
  /** May come into use. */
  readonly ready: readonly SignedDocument[];
  readonly waiting: WaitingList | undefined;
}

/** A chain that was verified. */
interface VerifiedChain {
  /** What was in use, and whether that was forked. */
  readonly begin: readonly AcceptedCharter[];
  readonly fork: Evidence | undefined;
  /** Which charters came. */
  readonly key: string;
  readonly charters: readonly AcceptedCharter[];
}

/** Holds charters back for the regions that a program demands. */
export class WaitingCharters {
  readonly #log: CharterLog;
  readonly #regions: RegionView;
  /** What was verified last: it comes again with each message. */
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
    const inUse = commonOf(trusted.charters, charters);
    const offered = { charters, inUse, faulty: this.#regions.faulty };
    const reached = this.#log.attested(offered);
    const isInstead =
      inUse < trusted.charters.length || forkOf(trusted, CHARTER_STREAM) !== undefined;
    // What takes the place of others is taken together with the recovery that covers it.
    const covers = isInstead ? (coveredBy(charters, inUse + 1)?.version ?? 0) : 0;
    const attested = reached < covers ? inUse : reached;
    const ready = documentsOf(charters.slice(inUse, attested));
    const version = charters.length;
    if (attested === version) return { ready, waiting: undefined };
    const error = this.#log.lacking(reached, offered);
    const kind = isInstead && attested === inUse ? 'instead' : 'next';
    const rest = documentsOf(charters.slice(attested));
    return { ready, waiting: { charters: rest, version, error, kind } };
  }

  /**
   * The charters with these after them, verified once; absent when they prove a fork, or contradict
   * those in use and nothing decides yet. Errors: those of `acceptDocument`.
   */
  #chainOf(
    trusted: TrustedState,
    documents: readonly SignedDocument[],
    nowMs: number,
  ): readonly AcceptedCharter[] | undefined {
    const last = documents.at(-1)?.statement.payload;
    const key = last === undefined ? '' : `${documents.length} ${sha256(last)}`;
    const { charters: begin } = trusted;
    const fork = forkOf(trusted, CHARTER_STREAM);
    const known = this.#verified;
    if (known?.begin === begin && known.fork === fork && known.key === key) return known.charters;
    const taken = takeCharters(trusted, documents, nowMs);
    if (taken.kind === 'rivals') return undefined;
    const charters = taken.kind === 'taken' ? taken.state.charters : begin;
    this.#verified = { begin, fork, key, charters };
    return charters;
  }
}

/** Up to which version two chains are the same. */
function commonOf(a: readonly AcceptedCharter[], b: readonly AcceptedCharter[]): number {
  const apart = a.findIndex(({ digest }, at) => b[at]?.digest !== digest);
  return apart < 0 ? a.length : apart;
}

/** Says whether statements of one stream can only be judged by charters that wait. */
export function isAhead(
  statements: readonly SignedStatement[],
  { charters }: TrustedState,
  waiting: WaitingList,
): boolean {
  if (waiting.kind === 'instead') return true;
  const last = statements.at(-1);
  return last !== undefined && parseStatement(last.payload).charterVersion > charters.length;
}

function documentsOf(charters: readonly AcceptedCharter[]): readonly SignedDocument[] {
  return charters.map(({ document }) => document);
}
