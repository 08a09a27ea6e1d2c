/**
 * Accepting a charter: spec section 7, rule by rule.
 *
 * One at a time, each by the quorum of the one before and its own. Whether a charter has expired
 * plays no part: an expired one in the middle of the chain is history, and one at its end stops
 * new releases (AR-8), not the next charter.
 *
 * @module
 */
import { type VerifiedCharter, verifyFirstCharter, verifyNextCharter } from '../charter/chain.ts';
import { peekRevealed } from '../charter/charter.ts';
import { type PublicKey, sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, formatTimestamp } from '../ids.ts';
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { countedFor, countKeys, countSigners } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import type { Statement } from '../statements/statement.ts';
import { makeEvidence } from './evidence.ts';
import { addEvidence } from './fork.ts';
import type { Accepted, Link, Offer } from './offer.ts';
import { settle } from './settle.ts';
import {
  type AcceptedCharter,
  charterAt,
  currentCharter,
  forked,
  forkOf,
  type TrustedState,
} from './state.ts';

/** Judges one charter; see `acceptDocument`. */
export function acceptCharter(
  state: TrustedState,
  chain: readonly Link[],
  offer: Offer,
  nowMs: number,
): Accepted {
  const [link] = chain;
  // AC-1: each charter needs its body to judge the next one by.
  if (link === undefined || chain.length > 1) {
    throw new KedgeError('TYPE', 'charters are offered one at a time, each with its body');
  }
  const { statement } = link;
  const evidence = forkOf(state, CHARTER_STREAM);
  // AC-2: a forked charter stream takes nothing from the fork on, but learns of more proof.
  if (evidence !== undefined && statement.sequence >= evidence.sequence) {
    const isThere = statement.sequence === evidence.sequence;
    const proven = isThere ? prove(state, link, evidence.first, offer) : undefined;
    if (proven === undefined) throw forked(evidence);
    return proven;
  }
  // AC-3: what is held already changes nothing, at any time.
  const known = charterAt(state, statement.sequence);
  if (known?.digest === statement.digest) return { outcome: 'held', state };
  // AC-4: in a place that is taken, a valid statement proves a fork and any other is a replay.
  if (known !== undefined) return judgePast(state, link, known.document.statement, offer);
  requireNext(state, statement, nowMs);
  return adopt(state, link, offer);
}

/** FK-2 for charters: one of the evidence's statements, with the valid signatures alone. */
export function requireCharterEvidence(
  state: TrustedState,
  statement: Statement,
  signed: SignedStatement,
  revealed: readonly PublicKey[] = [],
): SignedStatement {
  if (statement.sequence > 1 && charterAt(state, statement.sequence - 1) === undefined) {
    throw gap(state, statement);
  }
  const found = findCharterQuorum(state, statement, signed, revealed);
  if (found !== undefined) return found;
  const { sequence } = statement;
  throw new KedgeError(
    'THRESHOLD',
    `too few signers of charter version ${sequence - 1} signed version ${sequence}`,
    { detail: { stream: CHARTER_STREAM, sequence } },
  );
}

function judgePast(
  state: TrustedState,
  link: Link,
  held: SignedStatement,
  offer: Pick<Offer, 'body'>,
): Accepted {
  const proven = prove(state, link, held, offer);
  if (proven !== undefined) return proven;
  const { sequence } = link.statement;
  const newest = currentCharter(state)?.version ?? 0;
  throw new KedgeError(
    'ROLLBACK',
    `charter version ${sequence} is not newer than what is held (version ${newest})`,
    { detail: { stream: CHARTER_STREAM, sequence, held: newest } },
  );
}

/** The fork that a charter proves together with `other`; absent when nothing new is proven. */
function prove(
  state: TrustedState,
  { signed, statement }: Link,
  other: SignedStatement,
  { body }: Pick<Offer, 'body'>,
): Accepted | undefined {
  if (statement.digest === sha256(other.payload)) return undefined;
  const revealed = revealedBy(state, statement, body);
  const valid = findCharterQuorum(state, statement, signed, revealed);
  if (valid === undefined) return undefined;
  const evidence = makeEvidence(CHARTER_STREAM, statement.sequence, [valid, other], revealed);
  const result = addEvidence(state, evidence);
  return result.outcome === 'forked' ? result : undefined;
}

/** What a charter that is offered for a place reveals; nothing where no key could be meant. */
function revealedBy(
  state: TrustedState,
  { sequence, bodyBytes, bodyDigest }: Statement,
  body: Uint8Array,
): readonly PublicKey[] {
  if (charterAt(state, sequence - 1)?.charter.roles.recovery === undefined) return [];
  if (body.length !== bodyBytes || sha256(body) !== bodyDigest) return [];
  return peekRevealed(body);
}

/**
 * QU-3: a charter of a fork needs the quorum of the version before it, or of its recovery keys. Its
 * own quorum is in a body that evidence does not carry. The first one is pinned and cannot fork.
 */
function findCharterQuorum(
  state: TrustedState,
  statement: Statement,
  signed: SignedStatement,
  revealed: readonly PublicKey[],
): SignedStatement | undefined {
  const before = charterAt(state, statement.sequence - 1)?.charter;
  if (before === undefined) return undefined;
  const { charter: role, recovery } = before.roles;
  const checks = new SignatureChecks(signed);
  const counted = countSigners(before, role.signers, signed, checks);
  const listed = new Set(recovery?.keyDigests);
  const keys = revealed.filter(({ keyId }) => listed.has(keyId));
  const recovered = countKeys(keys, signed, checks).valid;
  const isRecovered = recovery !== undefined && recovered.length >= recovery.threshold;
  if (!isRecovered && countedFor(role, counted).length < role.threshold) return undefined;
  return { payload: signed.payload, signatures: [...counted.valid, ...recovered] };
}

/** AC-5 and AC-6: the very next version, not from the future. */
function requireNext(state: TrustedState, statement: Statement, nowMs: number): void {
  const newest = currentCharter(state)?.version ?? 0;
  if (statement.sequence !== newest + 1) throw gap(state, statement);
  const { issuedMs, sequence } = statement;
  if (issuedMs <= nowMs + CLOCK_SKEW_MAX_MS) return;
  throw new KedgeError(
    'EXPIRED',
    `charter version ${sequence} is issued at ${formatTimestamp(issuedMs)}, in the future of ` +
      'this machine: check the clock of this machine, then that of whoever drafted the charter',
    { detail: { stream: CHARTER_STREAM, sequence, issued: formatTimestamp(issuedMs) } },
  );
}

/** AC-7 to AC-9: the pin, or both quorums (section 4); then what it decides about forks. */
function adopt(
  state: TrustedState,
  { signed }: Link,
  { body, holdings }: Pick<Offer, 'body' | 'holdings'>,
): Accepted {
  const current = currentCharter(state);
  const document = { statement: signed, body };
  const pin = { realm: state.realm, digest: state.firstCharterDigest };
  const verified =
    current === undefined
      ? verifyFirstCharter(document, pin)
      : verifyNextCharter(current, document);
  const next = { ...state, charters: [...state.charters, toAccepted(verified)] };
  const { state: settled, moved } = settle(next, holdings);
  return {
    outcome: 'accepted',
    state: settled,
    statement: verified.statement,
    document: verified.document,
    chain: [verified.document.statement],
    documents: [verified.document],
    moved,
  };
}

/** Makes the entry of the chain that a verified charter becomes. */
export function toAccepted(verified: VerifiedCharter): AcceptedCharter {
  const { version, digest, charter, burnt, document, statement } = verified;
  const { issuedMs, expiresMs } = statement;
  return { version, digest, issuedMs, expiresMs, charter, burnt, document };
}

function gap(state: TrustedState, { sequence }: Statement): KedgeError {
  const newest = currentCharter(state)?.version ?? 0;
  return new KedgeError(
    'GAP',
    `charter version ${newest + 1} comes next, not ${sequence}: fetch the versions in between`,
    {
      detail: {
        stream: CHARTER_STREAM,
        expected: newest + 1,
        sequence,
        charterVersion: sequence - 1,
      },
    },
  );
}
