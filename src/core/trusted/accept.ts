/**
 * The one way into the trusted state: every check that a document passes, in order.
 *
 * Pure: the same state, document and time give the same result, and a refusal leaves the state as
 * it was. Each check names its rule in `docs/spec.md` section 7. How a charter and a release go on
 * from here is in `accept-charter.ts` and `accept-stream.ts`.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM } from '../ids.ts';
import { HISTORY_BUFFER_MAX_BYTES, SIGNATURES_MAX } from '../limits.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { acceptCharter } from './accept-charter.ts';
import { acceptStream } from './accept-stream.ts';
import { requirePastQuorum } from './authority.ts';
import { acceptCharterEvidence, tellsOfRecovery } from './charter-evidence.ts';
import { areRivals, decisionBelow } from './decisions.ts';
import { isCovered, makeEvidence, statementsOf } from './evidence.ts';
import { addEvidence } from './fork.ts';
import type { Accepted, Link, Offer } from './offer.ts';
import { type Evidence, forkOf, headOf, type TrustedState } from './state.ts';

export type { Accepted, Offer } from './offer.ts';

/**
 * Judges a document at `nowMs`. Errors, all of which leave `state` as it is: `LIMIT`, `PARSE`,
 * `TYPE`, `REALM`, `FORK`, `GAP`, `ROLLBACK`, `PREVIOUS`, `EXPIRED`, `THRESHOLD`, `DIGEST`,
 * `POLICY`, `LIFECYCLE`, `BLAST_RADIUS`, for charters also `KEY` and `ALGORITHM`, for rollouts
 * `UNAVAILABLE`.
 */
export function acceptDocument(state: TrustedState, offer: Offer, nowMs: number): Accepted {
  requireBounded(offer.chain);
  const chain = offer.chain.map((signed) => ({
    signed,
    statement: parseStatement(signed.payload),
  }));
  const last = requireChain(state, chain);
  switch (last.statement.kind) {
    case 'charter':
      return acceptCharter(state, chain, offer, nowMs);
    case 'release':
    case 'rollout':
      return acceptStream(state, chain, offer, nowMs);
  }
}

/**
 * Judges evidence, whoever brings it; time plays no part. `forked`: the state knows more than
 * before. `held`: it knew it all, or the charter quorum has decided about it. `held` is what the
 * caller's store has in that place, when that is below the head. Errors, which leave `state` as it
 * is: `LIMIT`, `PARSE`, `TYPE`, `REALM`, `GAP`, `THRESHOLD`.
 */
export function acceptEvidence(
  state: TrustedState,
  evidence: Evidence,
  { held }: Pick<Offer, 'held'> = {},
): { readonly outcome: 'forked' | 'held'; readonly state: TrustedState } {
  requireBounded(statementsOf(evidence));
  const [first, second, further] = statementsOf(evidence).map((signed) => {
    const statement = parseStatement(signed.payload);
    requireRealm(state, statement);
    // FK-1: both are of the stream and sequence that the evidence names.
    const isCharter = evidence.stream === CHARTER_STREAM;
    const isThere = isCharter
      ? statement.sequence >= evidence.sequence
      : statement.sequence === evidence.sequence;
    if (statement.stream !== evidence.stream || !isThere) {
      throw new KedgeError('TYPE', 'the evidence is of another stream or sequence than it says');
    }
    return { statement, signed };
  });
  if (
    first === undefined ||
    second === undefined ||
    first.statement.digest === second.statement.digest ||
    (further !== undefined && evidence.stream !== CHARTER_STREAM)
  ) {
    throw new KedgeError('TYPE', 'evidence needs two different statements');
  }
  // FK-2: what tells nothing new costs no signature checks.
  if (isKnownEvidence(state, evidence)) return { outcome: 'held', state };
  if (evidence.stream === CHARTER_STREAM) {
    return acceptCharterEvidence(state, evidence, [first, second]);
  }
  const both = [first, second].map(({ statement, signed }) =>
    requirePastQuorum(state, statement, signed),
  );
  // RF-3: what is decided is no fork any more.
  const isOpen = areRivals(state, first.statement, second.statement);
  if (!isOpen || !isOnOurSide(state, first.statement, held)) return { outcome: 'held', state };
  return addEvidence(state, makeEvidence(evidence.stream, evidence.sequence, both));
}

/** Says whether evidence tells nothing new, whoever signed it. */
export function isKnownEvidence(state: TrustedState, evidence: Evidence): boolean {
  const known = forkOf(state, evidence.stream);
  if (known === undefined || !isCovered(known, evidence)) return false;
  // RV-8: what recovery keys signed counts above a fork too.
  return known.stream !== CHARTER_STREAM || !tellsOfRecovery(state, known, evidence);
}

/** RF-3: above a decided place a fork is one of the side that stands, which is what is held. */
function isOnOurSide(
  state: TrustedState,
  statement: Statement,
  held: SignedStatement | undefined,
): boolean {
  const decision = decisionBelow(state, statement);
  if (decision === undefined) return true;
  const { stream, sequence, previous } = statement;
  if (decision.sequence === sequence - 1) return previous === decision.digest;
  const fork = forkOf(state, stream);
  if (fork !== undefined && fork.sequence <= sequence) {
    // Below it is merged away; in one place all follow one.
    return fork.sequence < sequence || parseStatement(fork.first.payload).previous === previous;
  }
  const head = headOf(state, stream);
  if (head?.sequence === sequence - 1) return head.digest === previous;
  if (head?.sequence === sequence) return head.previous === previous;
  if (held !== undefined) return parseStatement(held.payload).previous === previous;
  throw new KedgeError(
    'GAP',
    `whether sequence ${sequence} of ${stream} is forked shows only to who holds the one before`,
    { detail: { stream, sequence } },
  );
}

/** AD-1: sizes and counts, before anything is parsed or verified. */
function requireBounded(chain: readonly SignedStatement[]): void {
  let bytes = 0;
  for (const { payload, signatures } of chain) {
    bytes += payload.length;
    if (signatures.length > SIGNATURES_MAX) {
      throw new KedgeError('LIMIT', `more than ${SIGNATURES_MAX} signatures on a statement`);
    }
  }
  if (bytes > HISTORY_BUFFER_MAX_BYTES) {
    throw new KedgeError('LIMIT', 'the chain of statements is too long: take it in parts');
  }
}

/** AD-3 and AD-4: one realm, one stream, each directly after the one before. */
function requireChain(state: TrustedState, chain: readonly Link[]): Link {
  let before: Statement | undefined;
  for (const { statement } of chain) {
    requireRealm(state, statement);
    if (before !== undefined) requireLinked(before, statement);
    before = statement;
  }
  const last = chain.at(-1);
  if (last === undefined) throw new KedgeError('TYPE', 'a document needs a statement');
  return last;
}

function requireRealm(state: TrustedState, statement: Statement): void {
  if (statement.realm === state.realm) return;
  throw new KedgeError(
    'REALM',
    `the statement belongs to realm ${statement.realm}, not to ${state.realm}`,
    { detail: { realm: statement.realm, expected: state.realm } },
  );
}

function requireLinked(before: Statement, next: Statement): void {
  if (next.stream !== before.stream) {
    throw new KedgeError('TYPE', 'the statements of one chain are of several streams');
  }
  if (next.sequence !== before.sequence + 1) {
    throw new KedgeError('GAP', 'the chain of statements has a gap in itself', {
      detail: { stream: next.stream, sequence: next.sequence },
    });
  }
  if (next.previous !== before.digest) {
    throw new KedgeError('PREVIOUS', 'the chain of statements does not hold together', {
      detail: { stream: next.stream, sequence: next.sequence },
    });
  }
  if (next.charterVersion < before.charterVersion) {
    throw new KedgeError('ROLLBACK', 'a statement names an older charter than the one before it', {
      detail: { stream: next.stream, sequence: next.sequence },
    });
  }
}
