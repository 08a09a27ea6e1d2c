/**
 * What falls with charters that recovery keys replaced: everything that stands on them alone.
 *
 * Each stream goes back to the longest beginning of which every statement is valid under the
 * charters that hold now, as a node that never saw the others would take it. A state knows its head
 * and nothing beneath; so whoever has a store reads that there, and a party without one keeps the
 * head where it is valid by itself. Spec section 7, RV-5.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, type StreamName } from '../ids.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import { parseStatement } from '../statements/statement.ts';
import { isGoodHistory, requirePastQuorum } from './authority.ts';
import { areRivals, requireStanding } from './decisions.ts';
import { readHead } from './heads.ts';
import type { Holding } from './holding.ts';
import { isPlaced } from './settle.ts';
import {
  type AcceptedCharter,
  type Head,
  type StreamState,
  type TrustedState,
  withoutStream,
} from './state.ts';

/**
 * The state under other charters, and the streams that moved. Errors: `UNAVAILABLE` when what a
 * store holds of a stream is missing or out of date.
 */
export function recast(
  state: TrustedState,
  charters: readonly AcceptedCharter[],
  holdings: readonly Holding[] | undefined,
): { readonly state: TrustedState; readonly moved: readonly StreamName[] } {
  const next = withoutStream({ ...state, charters }, CHARTER_STREAM);
  const streams = new Map(next.streams);
  const moved: StreamName[] = [];
  for (const [stream, of] of next.streams) {
    const newest = holdings === undefined ? ownHead(next, of) : storedHead(next, of, holdings);
    const after = recastStream(next, of, newest, holdings === undefined ? 'memory' : 'store');
    if (after === of) continue;
    moved.push(stream);
    if (after === undefined) streams.delete(stream);
    else streams.set(stream, after);
  }
  return { state: moved.length === 0 ? next : { ...next, streams }, moved };
}

/** A fork stays where both sides are valid still, and so is all that is held below it. */
function recastStream(
  next: TrustedState,
  of: StreamState,
  newest: Head | undefined,
  from: 'store' | 'memory',
): StreamState | undefined {
  const { stream } = of;
  if (of.kind === 'forked' && isForkStill(next, of.evidence)) {
    const isUnknown = from === 'memory' && of.head === undefined;
    if (isUnknown || (newest?.sequence ?? 0) === of.heldSequence) return of;
  }
  if (newest === undefined) return undefined;
  if (of.kind === 'open' && of.head.digest === newest.digest) return of;
  return { stream, kind: 'open', head: newest };
}

/** Both statements are valid still, and rivals. */
function isForkStill(
  next: TrustedState,
  { first, second }: Extract<StreamState, { readonly kind: 'forked' }>['evidence'],
): boolean {
  const [a, b] = [parseStatement(first.payload), parseStatement(second.payload)];
  return isGoodHistory(next, first) && isGoodHistory(next, second) && areRivals(next, a, b);
}

/** Without a store: the head, where it shows by itself that it stands. */
function ownHead(next: TrustedState, { stream, head }: StreamState): Head | undefined {
  if (head === undefined || !isPlaced(next, stream, head)) return undefined;
  return isGoodHistory(next, head.statement) ? head : undefined;
}

function storedHead(
  next: TrustedState,
  of: StreamState,
  holdings: readonly Holding[],
): Head | undefined {
  const holding = holdings.find((one) => one.of === of);
  if (holding === undefined) {
    throw new KedgeError(
      'UNAVAILABLE',
      `${of.stream} moved on while what stands of it was read: offer the charter again`,
      { detail: { stream: of.stream } },
    );
  }
  return holding.newest && verified(next, of, holding.newest);
}

/** A disk is not a witness (RS-2). */
function verified(next: TrustedState, of: StreamState, document: SignedDocument): Head {
  const statement = parseStatement(document.statement.payload);
  requireStanding(next, statement);
  const signed = requirePastQuorum(next, statement, document.statement);
  return statement.digest === of.head?.digest
    ? of.head
    : readHead(statement, signed, document.body);
}
