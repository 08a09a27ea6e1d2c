/**
 * Accepting a release or a rollout: spec section 7, rule by rule.
 *
 * Cheap checks come first, and signatures before the body is parsed. History and head are judged
 * differently on purpose: history needs a quorum of its own time, because signers come and go and
 * the hash chain under a good head covers it; the head needs a quorum of now, or those who were
 * removed could still speak. Here is what it may stand beside; where it may stand is in `place.ts`,
 * who signed it in `judge-head.ts`.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { findPastQuorum, requireNamedCharter } from './authority.ts';
import { areRivals, decisionBelow, fallen, requireStanding } from './decisions.ts';
import { isLeftOut, makeEvidence } from './evidence.ts';
import { addEvidence } from './fork.ts';
import { judgeHead } from './judge-head.ts';
import type { Accepted, Link, Offer } from './offer.ts';
import {
  refusePrevious,
  requireHistory,
  requirePlace,
  requirePlaced,
  requireTimes,
} from './place.ts';
import { type Evidence, forked, forkOf, type Head, headOf, type TrustedState } from './state.ts';

/** Judges a chain of statements of one stream of a bundle; see `acceptDocument`. */
export function acceptStream(
  state: TrustedState,
  chain: readonly Link[],
  offer: Offer,
  nowMs: number,
): Accepted {
  const { last, statement } = lastOf(chain);
  const head = headOf(state, statement.stream);
  const evidence = forkOf(state, statement.stream);
  // AR-20: what the charter quorum decided against is refused, as head and as history.
  for (const link of chain) requireStanding(state, link.statement);
  // AR-1: a stopped stream takes nothing from the fork on, but learns of more proof.
  if (evidence !== undefined && statement.sequence >= evidence.sequence) {
    if (statement.sequence > evidence.sequence) throw forked(evidence);
    return proveMore(state, last, evidence);
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
    return judgePast(state, last, head, offer);
  }
  // AR-6: of a chain that overlaps what is held only the rest is new, and the overlap must agree.
  const known = chain.find((link) => link.statement.sequence === head?.sequence);
  if (head !== undefined && known !== undefined && known.statement.digest !== head.digest) {
    return prove(state, known, head.statement) ?? refusePrevious(statement);
  }
  const fresh = chain.filter((link) => link.statement.sequence > (head?.sequence ?? 0));
  requireTimes(state, fresh, head, nowMs);
  requirePlace(state, fresh, head, offer.mode);
  requirePlaced(state, fresh, head);
  const history = requireHistory(chain, fresh, offer.history);
  return judgeHead({ ...offer, state, chain: fresh, last, history });
}

function lastOf(chain: readonly Link[]): {
  readonly last: Link;
  readonly statement: Statement;
} {
  const last = chain.at(-1);
  if (last === undefined) throw new KedgeError('BUG', 'a chain without statements was judged');
  return { last, statement: last.statement };
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
function proveMore(state: TrustedState, link: Link, known: Evidence): Accepted {
  // FK-2: what tells nothing new costs no signature checks.
  if (isLeftOut(known, link.signed)) throw forked(known);
  const proven = prove(state, link, known.first);
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
  { signed, statement }: Link,
  other: SignedStatement,
): Accepted | undefined {
  const against = parseStatement(other.payload);
  if (statement.digest === against.digest || !areRivals(state, statement, against)) {
    return undefined;
  }
  requireNamedCharter(state, statement);
  const valid = findPastQuorum(state, statement, signed);
  if (valid === undefined) return undefined;
  const { stream, sequence } = statement;
  const result = addEvidence(state, makeEvidence(stream, sequence, [valid, other]));
  return result.outcome === 'forked' ? result : undefined;
}

function judgePast(
  state: TrustedState,
  link: Link,
  head: Head | undefined,
  offer: Offer,
): Accepted {
  const { statement } = link;
  const isHead = statement.sequence === head?.sequence;
  const other = isHead ? head.statement : offer.held;
  const proven = other && prove(state, link, other);
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
