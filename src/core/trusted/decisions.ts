/**
 * What the charter quorum has decided about forks: which statement stands in which place.
 *
 * A decision is signed in one charter and holds from then on. It is read from the whole chain of
 * charters, which every node and client holds, so later charters need not repeat it and whoever
 * comes later knows it too. Later decisions prevail: another one for the same place replaces it
 * (a mistake must not stop a stream for ever), and one for an earlier place ends those above it,
 * which were made about a branch that may have fallen. Spec section 7.
 *
 * @module
 */
import type { Resolution } from '../charter/charter.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, type RealmName, type StreamName } from '../ids.ts';
import type { LogName } from '../log/log-name.ts';
import type { Statement } from '../statements/statement.ts';
import { lastRecovery } from './lineage.ts';
import type { AcceptedCharter, TrustedState } from './state.ts';

/** What of a chain of charters tells the decisions. */
type Charters = readonly Pick<AcceptedCharter, 'version' | 'charter'>[];

/** A resolution that is in force. */
export interface Decision extends Resolution {
  /** The charter that made it. */
  readonly version: number;
}

/** RF-1: what is decided about a stream, ascending by sequence. */
export function decisionsOn(charters: Charters, stream: StreamName): readonly Decision[] {
  let decisions: readonly Decision[] = [];
  for (const { charter } of charters) {
    const made = (charter.resolutions ?? []).filter((one) => one.stream === stream);
    if (made.length > 0) decisions = prevail(decisions, made, charter.version);
  }
  return decisions;
}

/** The log of a stream, as its charters are. Rule LG-9. */
export function logOf(
  { realm, charters }: { readonly realm: RealmName; readonly charters: Charters },
  stream: StreamName,
): LogName {
  const recoveredBy = lastRecovery(charters);
  const log = { realm, stream, ...(recoveredBy > 0 && { recoveredBy }) };
  if (stream === CHARTER_STREAM) return log;
  const versions = decisionsOn(charters, stream).map(({ version }) => version);
  const decidedBy = Math.max(0, ...versions);
  return decidedBy > recoveredBy ? { ...log, decidedBy } : log;
}

/** What is new of `made` takes the place of what was decided there and above. */
function prevail(
  before: readonly Decision[],
  made: readonly Resolution[],
  version: number,
): readonly Decision[] {
  const isKnown = ({ sequence, digest }: Resolution): boolean =>
    before.some((one) => one.sequence === sequence && one.digest === digest);
  const lowest = Math.min(...made.filter((one) => !isKnown(one)).map(({ sequence }) => sequence));
  const stay = before.filter(
    ({ sequence, digest }) =>
      sequence < lowest || made.some((one) => one.sequence === sequence && one.digest === digest),
  );
  const added = made.filter((one) => !isKnown(one)).map((one) => ({ ...one, version }));
  return [...stay, ...added].sort((a, b) => a.sequence - b.sequence);
}

/** The decision about the place of a statement. */
export function decisionAt(
  state: TrustedState,
  { stream, sequence }: Pick<Statement, 'stream' | 'sequence'>,
): Decision | undefined {
  return decisionsOn(state.charters, stream).find((one) => one.sequence === sequence);
}

/** The highest decision about a place before that of a statement. */
export function decisionBelow(
  state: TrustedState,
  { stream, sequence }: Pick<Statement, 'stream' | 'sequence'>,
): Decision | undefined {
  return decisionsOn(state.charters, stream).findLast((one) => one.sequence < sequence);
}

/** RF-2: a statement in a decided place is the one that stands. Errors: `FORK`. */
export function requireStanding(state: TrustedState, statement: Statement): void {
  const decision = decisionAt(state, statement);
  if (decision === undefined || decision.digest === statement.digest) return;
  throw fallen(decision);
}

/**
 * RF-3: which two statements for one place are a fork. Above a decided place only those that follow
 * one and the same statement: branches that part below are what was decided about.
 */
export function areRivals(state: TrustedState, a: Statement, b: Statement): boolean {
  if (decisionAt(state, a) !== undefined) return false;
  return decisionBelow(state, a) === undefined || a.previous === b.previous;
}

/** The refusal of what stands on the side that fell. */
export function fallen({ stream, sequence, digest, version }: Decision): KedgeError {
  return new KedgeError(
    'FORK',
    `charter version ${version} decided that for sequence ${sequence} of ${stream} the statement ` +
      `${digest} stands: what contradicts it is refused, draft again on top of that one`,
    { detail: { stream, sequence, charterVersion: version, standing: digest } },
  );
}
