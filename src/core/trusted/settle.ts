/**
 * How a decision of the charter quorum opens a forked stream again, and moves whoever is on the
 * side that fell.
 *
 * A state knows its head and nothing beneath, so what a party still holds of the side that stands
 * comes with the charter, from its store. A party without a store forgets what it cannot place: the
 * next statement that it is shown puts it right. Spec section 7.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { type Sequence, type StreamName, splitStream } from '../ids.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { isGoodHistory, requirePastQuorum } from './authority.ts';
import { type Decision, decisionAt, decisionsOn } from './decisions.ts';
import { readHead } from './heads.ts';
import type { Holding } from './holding.ts';
import {
  type Head,
  type StreamState,
  type TrustedState,
  withoutStream,
  withStream,
} from './state.ts';

/** Streams that a new charter touches, each with its lowest new decision. */
export type Touched = ReadonlyMap<StreamName, { readonly of: StreamState; readonly at: Decision }>;

/** What `next` (the state with one charter more) decides about streams that are held. */
export function touchedBy(next: TrustedState): Touched {
  const charter = next.charters.at(-1)?.charter;
  const touched = new Map<StreamName, { of: StreamState; at: Decision }>();
  for (const stream of new Set((charter?.resolutions ?? []).map((one) => one.stream))) {
    const of = next.streams.get(stream);
    const at = decisionsOn(next.charters, stream).find((one) => one.version === charter?.version);
    if (of !== undefined && at !== undefined && !isUntouched(of, at)) {
      touched.set(stream, { of, at });
    }
  }
  return touched;
}

/** What stops or stands below the decided place stays; so does what was decided for. */
function isUntouched(of: StreamState, { sequence, digest }: Decision): boolean {
  if (of.kind === 'forked') return of.evidence.sequence < sequence;
  return of.head.sequence < sequence || of.head.digest === digest;
}

/**
 * RF-4: carries out what the newest charter decides. Returns the streams that moved. Without
 * `holdings` the party has no store. Errors: `UNAVAILABLE` when a holding is missing or out of
 * date; what `requirePastQuorum` and the parsers refuse of a holding.
 */
export function settle(
  next: TrustedState,
  holdings: readonly Holding[] | undefined,
): { readonly state: TrustedState; readonly moved: readonly StreamName[] } {
  let state = next;
  const moved: StreamName[] = [];
  for (const [stream, { of, at }] of touchedBy(next)) {
    const holding = holdings?.find((one) => one.of === of) ?? guess(of, at);
    if (holdings !== undefined && !holdings.includes(holding)) throw outdated(stream);
    if (isForkStill(next, of, at, holding)) continue;
    const found = holding.newest && verifyHolding(next, of, holding.newest);
    const newest = found && isStanding(at, found) ? found : undefined;
    if (of.kind === 'open' && newest === of.head) continue;
    moved.push(stream);
    state = newest === undefined ? withoutStream(state, stream) : opened(state, stream, newest);
  }
  return { state, moved };
}

/** What a store gives is on the side that stands as far as its place tells; else it is nothing. */
function isStanding(at: Decision, { sequence, digest }: Head): boolean {
  return sequence !== at.sequence || digest === at.digest;
}

/** What a party without a store knows: its head, where that lies below the decided place. */
function guess(of: StreamState, { sequence }: Decision): Holding {
  const { head } = of;
  if (head === undefined || head.sequence >= sequence) return { of };
  return { of, newest: { statement: head.statement, body: head.bodyBytes } };
}

/** RF-5: a fork above the decided place stays when both follow the side that stands. */
function isForkStill(
  next: TrustedState,
  of: StreamState,
  at: Decision,
  { beforeFork }: Holding,
): boolean {
  if (of.kind !== 'forked' || decisionAt(next, of.evidence) !== undefined) return false;
  const before = of.commonSequence === at.sequence ? at.digest : beforeFork;
  const { first, second } = of.evidence;
  return [first, second].every(({ payload }) => parseStatement(payload).previous === before);
}

/** A disk is not a witness: quorum and digests are verified as when a store is restored (RS-2). */
function verifyHolding(next: TrustedState, of: StreamState, document: SignedDocument): Head {
  const statement = parseStatement(document.statement.payload);
  if (statement.digest === of.head?.digest) return of.head;
  if (statement.stream !== of.stream) {
    throw new KedgeError('BUG', `a holding of ${of.stream} is of ${statement.stream}`);
  }
  const signed = requirePastQuorum(next, statement, document.statement);
  return readHead(statement, signed, document.body);
}

/**
 * Puts a head back that a party kept outside of its state, where it is known to be on the side that
 * stands, and is valid under the charters that hold now; else the state as it was.
 */
export function readmit(state: TrustedState, stream: StreamName, head: Head): TrustedState {
  if (state.streams.has(stream) || splitStream(stream).kind !== head.kind) return state;
  if (!isPlaced(state, stream, head) || !isGoodHistory(state, head.statement)) return state;
  return opened(state, stream, head);
}

/**
 * RF-6: whether a statement by itself shows to be on the side that stands: it lies in or below the
 * decided places, or names a charter that knows them, so that who signed it went by them.
 */
export function isPlaced(
  state: TrustedState,
  stream: StreamName,
  { sequence, digest, charterVersion }: Pick<Head, 'sequence' | 'digest' | 'charterVersion'>,
): boolean {
  return decisionsOn(state.charters, stream).every((decision) => {
    if (decision.sequence === sequence) return decision.digest === digest;
    return decision.sequence > sequence || decision.version <= charterVersion;
  });
}

/**
 * From where the statements have to be shown to somebody who holds none, so that a head can be
 * placed; absent when the head is enough. Source: RF-6.
 */
export function shownFrom(
  charters: TrustedState['charters'],
  { stream, sequence, charterVersion }: Statement,
): Sequence | undefined {
  return decisionsOn(charters, stream).find(
    (one) => one.sequence < sequence && one.version > charterVersion,
  )?.sequence;
}

function opened(state: TrustedState, stream: StreamName, head: Head): TrustedState {
  return withStream(state, { stream, kind: 'open', head });
}

function outdated(stream: StreamName): KedgeError {
  return new KedgeError(
    'UNAVAILABLE',
    `${stream} moved on while the charter that decides about it was read: offer it again`,
    { detail: { stream } },
  );
}
