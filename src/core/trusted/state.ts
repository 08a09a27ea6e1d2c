/**
 * What one party trusts of one realm: its charters, and per stream the head or the proof of a fork.
 *
 * An immutable value. `accept.ts` makes the next one from it; nothing else does. It says what was
 * accepted, not what is durable: whoever owns it decides when to write. Spec section 7.
 *
 * @module
 */
import type { Charter } from '../charter/charter.ts';
import type { PublicKey } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import {
  CHARTER_STREAM,
  type KeyId,
  NO_PREVIOUS,
  parseSequence,
  type RealmName,
  type ReleaseStream,
  type RolloutStream,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../ids.ts';
import { withEntry } from '../layered-map.ts';
import type { ReleaseBody } from '../releases/body.ts';
import type { RolloutBody } from '../rollouts/body.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';

/** A charter of the realm's chain. */
export interface AcceptedCharter {
  readonly version: number;
  /** Digest of the charter's statement. */
  readonly digest: Sha256;
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly charter: Charter;
  /** Recovery keys that this charter or one before revealed. */
  readonly burnt: ReadonlySet<KeyId>;
  readonly document: SignedDocument;
}

/** What every head has. */
interface HeadPlace {
  readonly sequence: Sequence;
  /** Digest of the statement. */
  readonly digest: Sha256;
  readonly previous: Sha256;
  readonly charterVersion: number;
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly bodyDigest: Sha256;
  readonly bodyBytes: Uint8Array;
  /** The payload as received and the valid signatures alone. */
  readonly statement: SignedStatement;
}

/** The newest accepted release of a bundle. */
export interface ReleaseHead extends HeadPlace {
  readonly kind: 'release';
  readonly body: ReleaseBody;
}

/**
 * The newest accepted rollout of a bundle. What it names was held and approved when it came, but
 * for forks of the releases: whoever acts on it looks the releases up by their digests.
 */
export interface RolloutHead extends HeadPlace {
  readonly kind: 'rollout';
  readonly body: RolloutBody;
}

/** The newest accepted statement of a stream, with its body. */
export type Head = ReleaseHead | RolloutHead;

/**
 * Proof of a fork: two validly signed statements for one sequence. `first` has the smaller digest;
 * of more than two statements the two with the smallest digests are kept. Of charters, those that
 * recovery keys signed come first; where these signed both, the statements may be of any sequences
 * from this one on, which is that after the charter that set the keys.
 */
export interface Evidence {
  readonly stream: StreamName;
  readonly sequence: Sequence;
  readonly first: SignedStatement;
  readonly second: SignedStatement;
  /**
   * Of charters: one that recovery keys of the same epoch signed further up, whatever it says, with
   * their signatures alone. Those keys are used, which a fork beneath it does not undo.
   */
  readonly recovered?: SignedStatement;
  /**
   * Of charters: the recovery keys that signed one of these; sorted by key id. They prove
   * themselves by the digests in the charter before. Absent where none did.
   */
  readonly revealed?: readonly PublicKey[];
}

/** A stream that grows. */
export interface OpenStream {
  readonly stream: StreamName;
  readonly kind: 'open';
  readonly head: Head;
}

/** A stream that stopped, until the charter quorum decides. */
export interface ForkedStream {
  readonly stream: StreamName;
  readonly kind: 'forked';
  readonly evidence: Evidence;
  /** The last sequence before the fork; 0 when the first statement is forked. */
  readonly commonSequence: number;
  /**
   * Up to here what lies below the fork is held; less than `commonSequence` for who was behind when
   * it heard of the fork, until it has fetched the rest.
   */
  readonly heldSequence: number;
  /**
   * The newest statement at or below `commonSequence` that this state knows. Absent: none is known
   * (what was accepted beyond it may hide one in the store). Always absent for the charter.
   */
  readonly head?: Head;
}

/** One stream. The charter stream is only listed when it is forked. */
export type StreamState = OpenStream | ForkedStream;

/** Everything that is trusted of one realm. */
export interface TrustedState {
  readonly realm: RealmName;
  /** The pin: digest of the first charter's statement. */
  readonly firstCharterDigest: Sha256;
  /** From version 1, without gaps. */
  readonly charters: readonly AcceptedCharter[];
  readonly streams: ReadonlyMap<StreamName, StreamState>;
}

/** The place that the next statement of a stream takes. */
export interface ExpectedStatement {
  readonly sequence: Sequence;
  readonly previous: Sha256;
}

/** The state of somebody who knows the pin and nothing else. */
export function emptyTrustedState(realm: RealmName, firstCharterDigest: Sha256): TrustedState {
  return { realm, firstCharterDigest, charters: [], streams: new Map() };
}

/** The newest accepted charter; absent before the first one. */
export function currentCharter(state: TrustedState): AcceptedCharter | undefined {
  return state.charters.at(-1);
}

/** The charter of a version; absent when it is not held. */
export function charterAt(state: TrustedState, version: number): AcceptedCharter | undefined {
  return state.charters[version - 1];
}

/** The newest statement of a stream that this state knows and that no fork reaches. */
export function headOf(state: TrustedState, stream: ReleaseStream): ReleaseHead | undefined;
export function headOf(state: TrustedState, stream: RolloutStream): RolloutHead | undefined;
export function headOf(state: TrustedState, stream: StreamName): Head | undefined;
export function headOf(state: TrustedState, stream: StreamName): Head | undefined {
  return state.streams.get(stream)?.head;
}

/** The proof that a stream is forked; absent while it is not. */
export function forkOf(state: TrustedState, stream: StreamName): Evidence | undefined {
  const found = state.streams.get(stream);
  return found?.kind === 'forked' ? found.evidence : undefined;
}

/** What the next statement of a stream must say. Errors: `FORK` while the stream is stopped. */
export function expectedNext(state: TrustedState, stream: StreamName): ExpectedStatement {
  const evidence = forkOf(state, stream);
  if (evidence !== undefined) throw forked(evidence);
  const charter = currentCharter(state);
  const last =
    stream === CHARTER_STREAM
      ? charter && { sequence: charter.version, digest: charter.digest }
      : headOf(state, stream);
  if (last === undefined) return { sequence: parseSequence(1), previous: NO_PREVIOUS };
  return { sequence: parseSequence(last.sequence + 1), previous: last.digest };
}

/**
 * The refusal of everything new on a stopped stream; `nothing`: and nobody ever signed it,
 * `history`: what it is good for may show later.
 */
export function forked(evidence: Evidence, standing?: 'nothing' | 'history'): KedgeError {
  const { stream, sequence } = evidence;
  return new KedgeError(
    'FORK',
    `${stream} has two valid statements for sequence ${sequence} and takes nothing new; ` +
      'find out which signer signed both, and do not trust their keys any more',
    { detail: { stream, sequence, ...(standing !== undefined && { standing }) } },
  );
}

/** A copy of the state with one stream replaced. */
export function withStream(state: TrustedState, stream: StreamState): TrustedState {
  return { ...state, streams: withEntry(state.streams, stream.stream, stream) };
}

/** A copy of the state that knows nothing of a stream; of that of the charters, of no fork. */
export function withoutStream(state: TrustedState, stream: StreamName): TrustedState {
  if (!state.streams.has(stream)) return state;
  const streams = new Map(state.streams);
  streams.delete(stream);
  return { ...state, streams };
}
