/**
 * Accepting a release: spec section 7, rule by rule.
 *
 * Cheap checks come first, and signatures before the body is parsed. History and head are judged
 * differently on purpose: history needs a quorum of its own time, because signers come and go and
 * the hash chain under a good head covers it; the head needs a quorum of now, or those who were
 * removed could still speak.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { type BundleName, CHARTER_STREAM, formatTimestamp, NO_PREVIOUS } from '../ids.ts';
import { CLOCK_SKEW_MAX_MS, STREAMS_MAX } from '../limits.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { findPastQuorum, requireNamedCharter } from './authority.ts';
import { areRivals, decisionBelow, decisionsOn, fallen, requireStanding } from './decisions.ts';
import { isLeftOut, makeEvidence } from './evidence.ts';
import { addEvidence } from './fork.ts';
import { judgeRelease, requireDigest } from './judge-release.ts';
import type { Accepted, Link, Offer } from './offer.ts';
import {
  currentCharter,
  type Evidence,
  forked,
  forkOf,
  type Head,
  headOf,
  type TrustedState,
} from './state.ts';

/** Judges a chain of releases of one stream; see `acceptDocument`. */
export function acceptRelease(
  state: TrustedState,
  chain: readonly Link[],
  offer: Offer,
  nowMs: number,
): Accepted {
  const { last, statement, bundle } = lastOf(chain);
  const head = headOf(state, statement.stream);
  const evidence = forkOf(state, statement.stream);
  // AR-20: what the charter quorum decided against is refused, as head and as history.
  for (const link of chain) requireStanding(state, link.statement);
  // AR-1: a stopped stream takes nothing from the fork on, but learns of more proof.
  if (evidence !== undefined && statement.sequence >= evidence.sequence) {
    if (statement.sequence > evidence.sequence) throw forked(evidence);
    return proveMore(state, bundle, last, evidence);
  }
  // AR-2: what is held already changes nothing, at any time.
  const heldDigest = heldDigestAt(statement, head, offer);
  if (heldDigest === statement.digest) return { outcome: 'held', state };
  // AR-3: while it is open who governs, nothing new is taken.
  const realmFork = forkOf(state, CHARTER_STREAM);
  if (realmFork !== undefined) throw forked(realmFork);
  // AR-4: the charter that it names is held.
  requireNamedCharter(state, statement);
  // AR-5: in a place that is taken, a valid statement proves a fork and any other is a replay.
  if (heldDigest !== undefined || statement.sequence <= (head?.sequence ?? 0)) {
    return judgePast(state, bundle, last, head, offer);
  }
  // AR-6: of a chain that overlaps what is held only the rest is new, and the overlap must agree.
  const known = chain.find((link) => link.statement.sequence === head?.sequence);
  if (head !== undefined && known !== undefined && known.statement.digest !== head.digest) {
    return prove(state, bundle, known, head.statement) ?? refusePrevious(statement);
  }
  const fresh = chain.filter((link) => link.statement.sequence > (head?.sequence ?? 0));
  requireTimes(state, fresh, head, nowMs);
  requirePlace(state, fresh, head, offer.mode);
  requirePlaced(state, fresh, head);
  const history = requireHistory(chain, fresh, offer.history);
  return judgeRelease({ state, bundle, head, chain: fresh, last, history, body: offer.body });
}

function lastOf(chain: readonly Link[]): {
  readonly last: Link;
  readonly statement: Statement;
  readonly bundle: BundleName;
} {
  const last = chain.at(-1);
  const bundle = last?.statement.bundle;
  if (last === undefined || bundle === undefined) {
    throw new KedgeError('BUG', 'a release without a statement or a bundle was judged');
  }
  return { last, statement: last.statement, bundle };
}

/** What is held in the place of `statement`, as far as state and caller know. */
function heldDigestAt(
  statement: Statement,
  head: Head | undefined,
  offer: Offer,
): string | undefined {
  if (statement.sequence > (head?.sequence ?? Infinity)) return undefined;
  if (statement.sequence === head?.sequence) return head.digest;
  return offer.held === undefined ? offer.heldDigest : sha256(offer.held.payload);
}

/** AR-1: what a statement in the place of a fork adds to its proof. Errors: `FORK`, `GAP`. */
function proveMore(state: TrustedState, bundle: BundleName, link: Link, known: Evidence): Accepted {
  // FK-2: what tells nothing new costs no signature checks.
  if (isLeftOut(known, link.signed)) throw forked(known);
  const proven = prove(state, bundle, link, known.first);
  if (proven !== undefined) return proven;
  const [first, second] = [known.first, known.second].map(({ payload }) => parseStatement(payload));
  const { statement } = link;
  const isNew = statement.digest !== first?.digest && statement.digest !== second?.digest;
  const isRival = first !== undefined && areRivals(state, statement, first);
  throw forked(known, isNew && isRival ? 'nothing' : undefined);
}

/** The fork that `link` proves together with `other`; absent when nothing new is proven. */
function prove(
  state: TrustedState,
  bundle: BundleName,
  { signed, statement }: Link,
  other: SignedStatement,
): Accepted | undefined {
  const against = parseStatement(other.payload);
  if (statement.digest === against.digest || !areRivals(state, statement, against)) {
    return undefined;
  }
  requireNamedCharter(state, statement);
  const valid = findPastQuorum(state, bundle, statement, signed);
  if (valid === undefined) return undefined;
  const { stream, sequence } = statement;
  const result = addEvidence(state, makeEvidence(stream, sequence, [valid, other]));
  return result.outcome === 'forked' ? result : undefined;
}

function judgePast(
  state: TrustedState,
  bundle: BundleName,
  link: Link,
  head: Head | undefined,
  offer: Offer,
): Accepted {
  const { statement } = link;
  const isHead = statement.sequence === head?.sequence;
  const other = isHead ? head.statement : offer.held;
  const proven = other && prove(state, bundle, link, other);
  if (proven !== undefined) return proven;
  const decision = decisionBelow(state, statement);
  const isApart = other && !areRivals(state, statement, parseStatement(other.payload));
  if (isApart === true && decision !== undefined) throw fallen(decision);
  throw new KedgeError(
    'ROLLBACK',
    `sequence ${statement.sequence} of ${statement.stream} is not newer than ` +
      `what is held (${head?.sequence ?? statement.sequence})`,
    { detail: { stream: statement.stream, sequence: statement.sequence, held: head?.sequence } },
  );
}

/** AR-7 and AR-8: not from the future, not back in time, and under a charter that still holds. */
function requireTimes(
  state: TrustedState,
  chain: readonly Link[],
  head: Head | undefined,
  nowMs: number,
): void {
  let floorMs = (head?.issuedMs ?? -Infinity) - CLOCK_SKEW_MAX_MS;
  for (const { statement } of chain) {
    const { issuedMs, stream, sequence } = statement;
    const detail = { stream, sequence, issued: formatTimestamp(issuedMs) };
    if (issuedMs > nowMs + CLOCK_SKEW_MAX_MS) {
      throw new KedgeError(
        'EXPIRED',
        `the release is issued at ${detail.issued}, in the future of this machine: ` +
          'check the clock of this machine, then that of whoever drafted the release',
        { detail },
      );
    }
    if (issuedMs < floorMs) {
      throw new KedgeError(
        'POLICY',
        `the release is issued at ${detail.issued}, before the one that it follows: ` +
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
function requirePlace(
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
        `that of the release held (${head?.charterVersion ?? 0})`,
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
function requirePlaced(state: TrustedState, chain: readonly Link[], head: Head | undefined): void {
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

/** AR-12: history comes with all of its bodies or none, and each is the one that was signed. */
function requireHistory(
  chain: readonly Link[],
  fresh: readonly Link[],
  bodies: readonly Uint8Array[] | undefined,
): readonly Uint8Array[] | undefined {
  if (bodies === undefined) return undefined;
  if (bodies.length !== chain.length - 1) {
    throw new KedgeError('TYPE', 'the history has a body too many or too few');
  }
  const rest = bodies.slice(chain.length - fresh.length);
  for (const [index, body] of rest.entries()) {
    const link = fresh[index];
    if (link !== undefined) requireDigest(link.statement, body);
  }
  return rest;
}

function refusePrevious({ stream, sequence }: Statement): never {
  throw new KedgeError(
    'PREVIOUS',
    `sequence ${sequence} of ${stream} does not follow the release held: compare what both ` +
      'sides hold at the sequence before',
    { detail: { stream, sequence } },
  );
}
