/**
 * How evidence stops a stream.
 *
 * A release stream falls back to the last sequence before the fork; programs keep the set that
 * they use. A forked charter stops the whole realm, because it is open who governs: nothing new is
 * accepted anywhere until recovery keys end the fork (`charter-fork.ts`). Spec section 7.
 *
 * @module
 */
import { CHARTER_STREAM, type StreamName } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { addCharterProof, type EvidenceResult } from './charter-fork.ts';
import { isSameEvidence, makeEvidence, mergeEvidence } from './evidence.ts';
import { type Evidence, forkOf, type StreamState, type TrustedState, withStream } from './state.ts';

/** Adds verified evidence to the state. */
export function addEvidence(state: TrustedState, added: Evidence): EvidenceResult {
  if (added.stream === CHARTER_STREAM) {
    const { sequence, first, second, revealed = [] } = added;
    return addCharterProof(state, { sequence, statements: [first, second], revealed });
  }
  const known = forkOf(state, added.stream);
  const withHead = includeHead(state, added);
  const evidence = known === undefined ? withHead : mergeEvidence(known, withHead);
  if (known !== undefined && isSameEvidence(known, evidence)) return { outcome: 'held', state };
  return { outcome: 'forked', state: stop(state, evidence), evidence };
}

/** FK-3: what is held at the sequence of the fork is one of its statements. */
function includeHead(state: TrustedState, added: Evidence): Evidence {
  const { stream, sequence, first, second } = added;
  const head = heldAt(state.streams.get(stream), sequence);
  return head === undefined ? added : makeEvidence(stream, sequence, [first, second, head]);
}

function heldAt(stream: StreamState | undefined, sequence: number): SignedStatement | undefined {
  return stream?.head?.sequence === sequence ? stream.head.statement : undefined;
}

/** FK-4: the stream goes back to the sequence before the fork and stays there. */
function stop(state: TrustedState, evidence: Evidence): TrustedState {
  const { stream } = evidence;
  const commonSequence = evidence.sequence - 1;
  const { head } = state.streams.get(stream) ?? {};
  const heldSequence = Math.min(commonSequence, heldUpTo(state, stream));
  const isCommon = head !== undefined && head.sequence <= commonSequence;
  return withStream(state, {
    stream,
    kind: 'forked',
    evidence,
    commonSequence,
    heldSequence,
    ...(isCommon && { head }),
  });
}

/** The last sequence of a stream that is held, together with all before it. */
function heldUpTo(state: TrustedState, stream: StreamName): number {
  const before = state.streams.get(stream);
  if (before?.kind === 'forked') return before.heldSequence;
  return before?.head.sequence ?? 0;
}
