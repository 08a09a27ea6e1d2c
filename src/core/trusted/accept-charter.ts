/**
 * Accepting a charter: spec section 7, rule by rule.
 *
 * Each by the quorum of the one before and its own. Whether a charter has expired plays no part: an
 * expired one in the middle of the chain is history, and one at its end stops new releases (AR-8),
 * not the next charter. What contradicts a charter that is held is judged in `rival-charter.ts`;
 * what falls with a charter is in `recast.ts`.
 *
 * @module
 */
import { type VerifiedCharter, verifyFirstCharter, verifyNextCharter } from '../charter/chain.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, formatTimestamp, NO_PREVIOUS, type StreamName } from '../ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';
import type { Statement } from '../statements/statement.ts';
import { gap } from './charter-evidence.ts';
import type { Accepted, Link, Offer } from './offer.ts';
import { recast } from './recast.ts';
import { type CharterLink, judgeRival } from './rival-charter.ts';
import { settle } from './settle.ts';
import {
  type AcceptedCharter,
  charterAt,
  currentCharter,
  forked,
  forkOf,
  type TrustedState,
} from './state.ts';

/** Judges charters, each directly after the one before; see `acceptDocument`. */
export function acceptCharter(
  state: TrustedState,
  chain: readonly Link[],
  offer: Offer,
  nowMs: number,
): Accepted {
  // AC-3: what is held already changes nothing, at any time.
  const isHeld = ({ statement: { sequence, digest } }: CharterLink): boolean =>
    charterAt(state, sequence)?.digest === digest;
  const links = withBodies(chain, offer);
  const fresh = links.slice(links.findLastIndex(isHeld) + 1);
  const [first] = fresh;
  if (first === undefined) return { outcome: 'held', state };
  const { sequence, previous } = first.statement;
  const evidence = forkOf(state, CHARTER_STREAM);
  const newest = currentCharter(state)?.version ?? 0;
  // AC-2: what lies beyond a fork cannot be judged.
  if (evidence !== undefined && sequence > evidence.sequence) throw forked(evidence);
  // AC-5: the very next version, or one in a place that is held.
  if (sequence > newest + 1) throw gap(state, sequence);
  for (const { statement } of fresh) requireIssued(statement, nowMs);
  const before = charterAt(state, sequence - 1);
  if (sequence === newest + 1 && evidence === undefined) return follow(state, fresh, offer);
  // What follows nothing has no place but the first, which is pinned.
  if (before === undefined || previous === NO_PREVIOUS) throw taken(sequence, newest);
  if (previous !== before.digest) throw elsewhere(sequence);
  const verdict = judgeRival(state, before, fresh);
  if (verdict.outcome === 'forked') return verdict;
  return replace(state, before, verdict.charters, offer);
}

/** Makes the entry of the chain that a verified charter becomes. */
export function toAccepted(verified: VerifiedCharter): AcceptedCharter {
  const { version, digest, charter, burnt, document, statement } = verified;
  const { issuedMs, expiresMs } = statement;
  return { version, digest, issuedMs, expiresMs, charter, burnt, document };
}

/** AC-1: each charter needs its body to judge the next one by. */
function withBodies(chain: readonly Link[], { history, body }: Offer): readonly CharterLink[] {
  const bodies = [...(history ?? []), body];
  return chain.map(({ signed, statement }, at) => {
    const own = bodies[at];
    if (own === undefined || bodies.length !== chain.length) {
      throw new KedgeError('TYPE', 'charters are offered each with its body');
    }
    return { statement, document: { statement: signed, body: own } };
  });
}

/** AC-6: not from the future. */
function requireIssued({ issuedMs, sequence }: Statement, nowMs: number): void {
  if (issuedMs <= nowMs + CLOCK_SKEW_MAX_MS) return;
  throw new KedgeError(
    'EXPIRED',
    `charter version ${sequence} is issued at ${formatTimestamp(issuedMs)}, in the future of ` +
      'this machine: check the clock of this machine, then that of whoever drafted the charter',
    { detail: { stream: CHARTER_STREAM, sequence, issued: formatTimestamp(issuedMs) } },
  );
}

/** AC-7 to AC-9: the pin, or both quorums (section 4); then what each decides about forks. */
function follow(
  before: TrustedState,
  links: readonly CharterLink[],
  { holdings }: Pick<Offer, 'holdings'>,
): Accepted {
  let state = before;
  const verified: VerifiedCharter[] = [];
  const moved = new Set<StreamName>();
  for (const { document } of links) {
    const current = currentCharter(state);
    const pin = { realm: state.realm, digest: state.firstCharterDigest };
    const next =
      current === undefined
        ? verifyFirstCharter(document, pin)
        : verifyNextCharter(current, document);
    const charters = [...state.charters, toAccepted(next)];
    const settled = settle({ ...state, charters }, holdings);
    state = settled.state;
    verified.push(next);
    for (const stream of settled.moved) moved.add(stream);
  }
  return accepted(state, verified, [...moved]);
}

/** AC-10: what was held in the place falls, with all that stands on it alone. */
function replace(
  state: TrustedState,
  before: AcceptedCharter,
  verified: readonly VerifiedCharter[],
  { holdings }: Pick<Offer, 'holdings'>,
): Accepted {
  const charters = [...state.charters.slice(0, before.version), ...verified.map(toAccepted)];
  const { state: next, moved } = recast(state, charters, holdings);
  return { ...accepted(next, verified, moved), replaced: before.version };
}

function accepted(
  state: TrustedState,
  verified: readonly VerifiedCharter[],
  moved: readonly StreamName[],
): Extract<Accepted, { readonly outcome: 'accepted' }> {
  const last = verified.at(-1);
  if (last === undefined) throw new KedgeError('BUG', 'no charter was accepted');
  const documents = verified.map(({ document }) => document);
  return {
    outcome: 'accepted',
    state,
    statement: last.statement,
    document: last.document,
    chain: documents.map(({ statement }) => statement),
    documents,
    moved,
  };
}

function taken(sequence: number, newest: number): KedgeError {
  return new KedgeError(
    'ROLLBACK',
    `charter version ${sequence} is not newer than what is held (version ${newest})`,
    { detail: { stream: CHARTER_STREAM, sequence, held: newest } },
  );
}

/** What is held below is another one: the place where both part lies deeper. */
function elsewhere(sequence: number): KedgeError {
  return new KedgeError(
    'PREVIOUS',
    `charter version ${sequence} does not follow the version before that is held`,
    { detail: { stream: CHARTER_STREAM, sequence } },
  );
}
