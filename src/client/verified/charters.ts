/**
 * Charters as a node sends them: judged as one, since recovery keys cover those before the one that
 * they signed, and what a recovery means to the release that is in use.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM } from '../../core/ids.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptDocument } from '../../core/trusted/accept.ts';
import { isGoodHistory } from '../../core/trusted/authority.ts';
import { lastRecovery } from '../../core/trusted/lineage.ts';
import {
  type Evidence,
  forkOf,
  type ReleaseHead,
  type TrustedState,
} from '../../core/trusted/state.ts';

/** What charters came to. */
export type TakenCharters =
  | { readonly kind: 'held' }
  | { readonly kind: 'taken'; readonly state: TrustedState }
  /** They contradict those that are held; what follows may decide. `fork`: they prove one. */
  | {
      readonly kind: 'rivals';
      readonly fork: { readonly state: TrustedState; readonly evidence: Evidence } | undefined;
    };

/** Judges charters, each directly after the one before. Errors: those of `acceptDocument`. */
export function takeCharters(
  state: TrustedState,
  documents: readonly SignedDocument[],
  nowMs: number,
): TakenCharters {
  const last = documents.at(-1);
  if (last === undefined) return { kind: 'held' };
  const chain = documents.map(({ statement }) => statement);
  if (chain.some(({ payload }) => parseStatement(payload).kind !== 'charter')) {
    throw new KedgeError('TYPE', 'a node sent something else as a charter');
  }
  const history = documents.slice(0, -1).map(({ body }) => body);
  try {
    const offer = { chain, body: last.body, history, mode: 'linked' } as const;
    const result = acceptDocument(state, offer, nowMs);
    switch (result.outcome) {
      case 'held':
        return { kind: 'held' };
      case 'forked':
        return { kind: 'rivals', fork: result };
      case 'accepted':
        return { kind: 'taken', state: result.state };
    }
  } catch (thrown) {
    const { code, detail } = KedgeError.from(thrown);
    const isStopped = forkOf(state, CHARTER_STREAM) !== undefined;
    if (code !== 'FORK' || !isStopped || detail['standing'] !== 'history') throw thrown;
    return { kind: 'rivals', fork: undefined };
  }
}

/**
 * Rule RV-6: whether a release gives way to one that the realm made since it was recovered, also
 * one with a lower sequence: nobody who signs for the realm now, or did before, stands by it.
 */
export function isOusted(
  state: TrustedState,
  inUse: ReleaseHead | undefined,
  next: ReleaseHead,
): boolean {
  const since = lastRecovery(state.charters);
  if (inUse === undefined || since === 0 || next.charterVersion < since) return false;
  return !isGoodHistory(state, inUse.statement);
}
