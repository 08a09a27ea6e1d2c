/**
 * Where and when a statement may follow what is held: the second part of accepting.
 *
 * Before any signature is verified; spec section 7, AR-7 to AR-12 and AR-21.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, formatTimestamp, NO_PREVIOUS } from '../ids.ts';
import { CLOCK_SKEW_MAX_MS, STREAMS_MAX } from '../limits.ts';
import type { Statement } from '../statements/statement.ts';
import { decisionsOn } from './decisions.ts';
import { requireDigest } from './heads.ts';
import type { Link, Offer } from './offer.ts';
import { currentCharter, type Head, type TrustedState } from './state.ts';

/** AR-7 and AR-8: not from the future, not back in time, and under a charter that still holds. */
export function requireTimes(
  state: TrustedState,
  chain: readonly Link[],
  head: Head | undefined,
  nowMs: number,
): void {
  let floorMs = (head?.issuedMs ?? -Infinity) - CLOCK_SKEW_MAX_MS;
  for (const { statement } of chain) {
    const { kind, issuedMs, stream, sequence } = statement;
    const detail = { stream, sequence, issued: formatTimestamp(issuedMs) };
    if (issuedMs > nowMs + CLOCK_SKEW_MAX_MS) {
      throw new KedgeError(
        'EXPIRED',
        `the ${kind} is issued at ${detail.issued}, in the future of this machine: ` +
          'check the clock of this machine, then that of whoever drafted it',
        { detail },
      );
    }
    if (issuedMs < floorMs) {
      throw new KedgeError(
        'POLICY',
        `the ${kind} is issued at ${detail.issued}, before the one that it follows: ` +
          'check the clock of whoever drafted it and draft again',
        { detail },
      );
    }
    floorMs = issuedMs - CLOCK_SKEW_MAX_MS;
  }
  const charter = currentCharter(state);
  if (charter === undefined || charter.expiresMs > nowMs) return;
  throw new KedgeError(
    'EXPIRED',
    `charter version ${charter.version} expired at ${formatTimestamp(charter.expiresMs)}: ` +
      'nothing new is accepted until its signers publish the next version',
    { detail: { stream: CHARTER_STREAM, charterVersion: charter.version } },
  );
}

/** AR-9 to AR-11: directly after what is held, or later when the caller allows the jump. */
export function requirePlace(
  state: TrustedState,
  chain: readonly Link[],
  head: Head | undefined,
  mode: Offer['mode'],
): void {
  const statement = chain[0]?.statement;
  if (statement === undefined) throw new KedgeError('BUG', 'nothing of the chain is new');
  const { stream, sequence, charterVersion } = statement;
  if (charterVersion < (head?.charterVersion ?? 0)) {
    throw new KedgeError(
      'ROLLBACK',
      `sequence ${sequence} of ${stream} names charter version ${charterVersion}, older than ` +
        `that of the one held (${head?.charterVersion ?? 0})`,
      { detail: { stream, sequence, named: charterVersion } },
    );
  }
  if (!state.streams.has(stream) && state.streams.size >= STREAMS_MAX) {
    throw new KedgeError('LIMIT', `a realm holds at most ${STREAMS_MAX} streams`);
  }
  const next = (head?.sequence ?? 0) + 1;
  if (sequence === next) {
    if (statement.previous !== (head?.digest ?? NO_PREVIOUS)) refusePrevious(statement);
    return;
  }
  if (mode === 'jump') return;
  throw new KedgeError(
    'GAP',
    `sequences ${next} to ${sequence - 1} of ${stream} are missing: fetch them first`,
    { detail: { stream, expected: next, sequence } },
  );
}

/**
 * AR-21: a head that does not follow what is held in unbroken chain shows by itself, or by its
 * chain, that it is on the side that the charter quorum decided for.
 */
export function requirePlaced(
  state: TrustedState,
  chain: readonly Link[],
  head: Head | undefined,
): void {
  const [first, last] = [chain[0]?.statement, chain.at(-1)?.statement];
  if (first === undefined || last === undefined) return;
  const { stream, sequence } = first;
  if (sequence === (head?.sequence ?? 0) + 1) return;
  const decision = decisionsOn(state.charters, stream).find(
    (one) => one.sequence < sequence && one.version > last.charterVersion,
  );
  if (decision === undefined) return;
  throw new KedgeError(
    'GAP',
    `sequence ${last.sequence} of ${stream} does not show on which side of the fork at sequence ` +
      `${decision.sequence} it is: show the statements from there on`,
    { detail: { stream, sequence: last.sequence, from: decision.sequence } },
  );
}

/** AR-12: each body that comes with history is the one that was signed. */
export function requireHistory(
  chain: readonly Link[],
  fresh: readonly Link[],
  bodies: Offer['history'],
): Offer['history'] {
  if (bodies === undefined) return undefined;
  if (bodies.length !== chain.length - 1) {
    throw new KedgeError('TYPE', 'the history has a body too many or too few');
  }
  const rest = bodies.slice(chain.length - fresh.length);
  for (const [index, body] of rest.entries()) {
    const link = fresh[index];
    if (link !== undefined && body !== undefined) requireDigest(link.statement, body);
  }
  return rest;
}

/** AR-11: what is held is another one. Errors: `PREVIOUS`. */
export function refusePrevious({ stream, sequence }: Statement): never {
  throw new KedgeError(
    'PREVIOUS',
    `sequence ${sequence} of ${stream} does not follow the one held: compare what both ` +
      'sides hold at the sequence before',
    { detail: { stream, sequence } },
  );
}
