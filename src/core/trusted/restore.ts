/**
 * Rebuilds the trusted state from stored documents, for a node or a program that starts.
 *
 * A disk is not a witness: pins, digests and signatures are verified again, so that neither bit rot
 * nor a copied file becomes trust. What was judged once and may judge differently now is not judged
 * again: time, the lifecycle, and whether signers have left since. Spec section 7.
 *
 * @module
 */
import { verifyFirstCharter, verifyNextCharter } from '../charter/chain.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, type RealmName, type Sha256 } from '../ids.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { acceptEvidence } from './accept.ts';
import { toAccepted } from './accept-charter.ts';
import { requirePastQuorum } from './authority.ts';
import { requireStanding } from './decisions.ts';
import { addEvidence } from './fork.ts';
import { readHead } from './heads.ts';
import { coveredBy } from './lineage.ts';
import {
  type AcceptedCharter,
  currentCharter,
  type Evidence,
  emptyTrustedState,
  forkOf,
  type Head,
  type ReleaseHead,
  type StreamState,
  type TrustedState,
} from './state.ts';

/** What a store or a last-known-good file gives back. */
export interface StoredTrust {
  /** Ascending from version 1. */
  readonly charters: readonly { readonly document: SignedDocument }[];
  /** The head of each stream of a bundle; of a forked one the last common statement, or none. */
  readonly heads: readonly { readonly document: SignedDocument }[];
  /** One per forked stream. */
  readonly evidence: readonly Evidence[];
}

/** Who restores. */
export interface Pin {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
}

/**
 * Rebuilds the state. Checked are: RS-1 the pin and the whole charter chain (section 4); RS-2 of
 * each head realm, stream, body digest, bundle and a quorum of some charter from the one that it
 * names to the newest; RS-3 evidence as when it arrives; RS-5 that no head is one that the charter
 * quorum decided against. Costs one verification per signature.
 * Errors: `REALM` when the pin does not match, `STORE` for everything else, with the cause.
 */
export function restoreTrustedState(pin: Pin, stored: StoredTrust): TrustedState {
  const { realm, firstCharterDigest } = pin;
  const charters = restoreCharters(pin, stored);
  let state: TrustedState = { ...emptyTrustedState(realm, firstCharterDigest), charters };
  for (const evidence of stored.evidence.filter(({ stream }) => stream === CHARTER_STREAM)) {
    state = attempt('the evidence of charters', () => restoreCharterFork(state, evidence));
  }
  // What a recovery has ended is none any more.
  const fork = forkOf(state, CHARTER_STREAM);
  const streams = new Map<StreamState['stream'], StreamState>(state.streams);
  for (const { document } of stored.heads) {
    const { stream, head } = attempt('a head', () => {
      const restored = restoreHead(state, document, fork);
      requireStanding(state, parseStatement(document.statement.payload));
      return restored;
    });
    streams.set(stream, { stream, kind: 'open', head });
  }
  state = { ...state, streams };
  for (const evidence of stored.evidence.filter(({ stream }) => stream !== CHARTER_STREAM)) {
    state = attempt(`the evidence of ${evidence.stream}`, () => restoreFork(state, evidence, fork));
  }
  return state;
}

/** RS-1. */
function restoreCharters(pin: Pin, stored: StoredTrust): readonly AcceptedCharter[] {
  const charters: AcceptedCharter[] = [];
  for (const { document } of stored.charters) {
    const current = charters.at(-1);
    const first = { realm: pin.realm, digest: pin.firstCharterDigest };
    const verified =
      current === undefined
        ? attempt('the first charter', () => verifyFirstCharter(document, first))
        : attempt(`the charter after version ${current.version}`, () =>
            verifyNextCharter(current, document),
          );
    charters.push(toAccepted(verified));
  }
  return charters;
}

/**
 * RS-2 for a release that a program uses, whether or not the charter quorum decided against it
 * since. Errors: `STORE`.
 */
export function restoreRelease(state: TrustedState, document: SignedDocument): ReleaseHead {
  return attempt('a release', () => {
    const { stream, head } = restoreHead(state, document, undefined);
    if (head.kind === 'release') return head;
    throw new KedgeError('TYPE', `${stream} holds no releases`);
  });
}

function restoreHead(
  state: TrustedState,
  document: SignedDocument,
  charterFork: Evidence | undefined,
): { readonly stream: Statement['stream']; readonly head: Head } {
  const statement = parseStatement(document.statement.payload);
  const { stream, kind } = statement;
  if (statement.realm !== state.realm || kind === 'charter') {
    throw new KedgeError('TYPE', `${stream} is no stream of a bundle of realm ${state.realm}`);
  }
  const isUnknown = isBeyond(state, statement, charterFork);
  const signed: SignedStatement = isUnknown
    ? document.statement
    : requirePastQuorum(state, statement, document.statement);
  return { stream, head: readHead(statement, signed, document.body) };
}

/** RS-3: a fork of the charters stops them, but where a recovery covers its place. */
function restoreCharterFork(state: TrustedState, evidence: Evidence): TrustedState {
  const { sequence } = evidence;
  const { state: after } = acceptEvidence(state, evidence);
  if (forkOf(after, CHARTER_STREAM) !== undefined) return after;
  if (coveredBy(state.charters, sequence) !== undefined) return after;
  throw new KedgeError('TYPE', `it is not about the charters before version ${sequence}`);
}

/** RS-3. */
function restoreFork(
  state: TrustedState,
  evidence: Evidence,
  charterFork: Evidence | undefined,
): TrustedState {
  const named = [evidence.first, evidence.second].map(({ payload }) => parseStatement(payload));
  if (named.some((statement) => isBeyond(state, statement, charterFork))) {
    return addEvidence(state, evidence).state;
  }
  return acceptEvidence(state, evidence).state;
}

/**
 * RS-4: under a forked charter a head may name a version that is not held any more. It was
 * verified when it came; nothing new builds on it, because the whole realm stands still.
 */
function isBeyond(
  state: TrustedState,
  statement: Statement,
  charterFork: Evidence | undefined,
): boolean {
  if (charterFork === undefined || statement.kind === 'charter') return false;
  return statement.charterVersion > (currentCharter(state)?.version ?? 0);
}

function attempt<Value>(what: string, restore: () => Value): Value {
  try {
    return restore();
  } catch (thrown) {
    const cause = KedgeError.from(thrown);
    if (cause.code === 'REALM') throw cause;
    throw new KedgeError(
      'STORE',
      `${what} in the store cannot be trusted any more (${cause.message}): restore a backup, or ` +
        'set the store aside and start empty to fetch everything again',
      { cause, detail: { code: cause.code } },
    );
  }
}
