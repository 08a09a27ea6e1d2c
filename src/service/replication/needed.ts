/**
 * What judging needs of a store, before something is judged: nothing for most. Reads nothing: how a
 * store is read is for `recall.ts`, and for the simulator.
 *
 * @module
 */
import { verifyNextCharter } from '../../core/charter/chain.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { heldIn, rowIn } from '../../core/gossip/rows.ts';
import type { Sequence, StreamName } from '../../core/ids.ts';
import { parseRolloutBody, type RolloutBody } from '../../core/rollouts/body.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { toAccepted } from '../../core/trusted/accept-charter.ts';
import { type Decision, decisionsOn } from '../../core/trusted/decisions.ts';
import { namedHeld } from '../../core/trusted/judge-rollout.ts';
import { touchedBy } from '../../core/trusted/settle.ts';
import { currentCharter, type StreamState, type TrustedState } from '../../core/trusted/state.ts';
import { CharterRow } from './charter-row.ts';
import type { Judged } from './judged.ts';

/** What is to be read. */
export type Needed =
  /** The statement in a place at or below the head. */
  | { readonly kind: 'held'; readonly stream: StreamName; readonly sequence: Sequence }
  /** RV-5: of every stream the longest beginning that is valid under the charters of `next`. */
  | { readonly kind: 'standing'; readonly next: TrustedState }
  /** The releases that a rollout names, also the head: another one may be it by then. */
  | { readonly kind: 'named'; readonly rollout: RolloutBody; readonly held: readonly Sequence[] }
  /** What is left of streams about which a charter decides. */
  | { readonly kind: 'decided'; readonly streams: readonly Decided[] };

/** A stream about which a charter decides. */
export interface Decided {
  readonly of: StreamState;
  /** The decisions about it that are in force, from the place on that the charter decides. */
  readonly decisions: readonly Decision[];
  /** That place. */
  readonly sequence: number;
  /** Where it forked: what stands just below is asked for too. 0: nowhere. */
  readonly forkedAt: number;
}

/**
 * What only the store knows about what is judged. `charterRow`: the charters that came before it in
 * the same answer, to which this one is added.
 */
export function neededFor(
  { statement: signed, body }: Judged,
  state: TrustedState,
  charterRow: CharterRow = new CharterRow(),
): Needed | undefined {
  const statement = placeOf(signed);
  if (statement === undefined) return undefined;
  const { stream, sequence } = statement;
  const row = rowIn(state, stream);
  if (statement.kind === 'charter' && body !== undefined) {
    const charters = charterRow.replacing(state, statement, { statement: signed, body });
    if (charters !== undefined) return { kind: 'standing', next: { ...state, charters } };
  }
  // A head is in memory: what comes a second time, as most pushes do, costs no read.
  if (row?.sequence === sequence && !row.forked) return undefined;
  if (row !== undefined && sequence <= heldIn(row)) return { kind: 'held', stream, sequence };
  if (body === undefined) return undefined;
  if (statement.kind === 'rollout') {
    const rollout = rolloutOf(statement, body);
    return rollout && { kind: 'named', rollout, held: namedHeld(state, rollout) };
  }
  const streams = decidedByNext(state, statement, { statement: signed, body });
  return streams.length === 0 ? undefined : { kind: 'decided', streams };
}

/** The last sequence of a stream that is held, together with all before it. */
export function heldUpTo(of: StreamState): number {
  return of.kind === 'forked' ? of.heldSequence : of.head.sequence;
}

/** What a charter decides about streams that are held; its quorums are verified before its body. */
function decidedByNext(
  state: TrustedState,
  statement: Statement,
  document: SignedDocument,
): readonly Decided[] {
  const current = currentCharter(state);
  if (statement.kind !== 'charter' || current === undefined) return [];
  const verified = unlessRefused(() => toAccepted(verifyNextCharter(current, document)));
  if (verified === undefined) return [];
  const charters = [...state.charters, verified];
  const touched = touchedBy({ ...state, charters });
  return [...touched].map(
    ([
      stream,
      {
        of,
        at: { sequence },
      },
    ]) => ({
      of,
      decisions: decisionsOn(charters, stream).filter((one) => one.sequence >= sequence),
      sequence,
      forkedAt: of.kind === 'forked' ? of.evidence.sequence : 0,
    }),
  );
}

/** What a rollout says; nothing when it does not parse, or is not what was signed. */
function rolloutOf({ bodyDigest, bundle }: Statement, body: Uint8Array): RolloutBody | undefined {
  if (sha256(body) !== bodyDigest) return undefined;
  const rollout = unlessRefused(() => parseRolloutBody(body));
  return rollout?.bundle === bundle ? rollout : undefined;
}

/** Where a statement belongs; nothing when it does not parse, which the machine reports. */
function placeOf(signed: SignedStatement): Statement | undefined {
  return unlessRefused(() => parseStatement(signed.payload));
}

function unlessRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}
