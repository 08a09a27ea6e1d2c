/**
 * An attacker with one signer too few of every role at once, who says what it likes to parties
 * that are up to date or behind: whatever it makes, bends, mixes or plays back, nothing is accepted
 * that a quorum did not sign.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { NO_PREVIOUS, rolloutStream } from '../../../src/core/ids.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { acceptDocument, acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { emptyTrustedState, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { PAYMENTS } from '../releases/bodies.ts';
import { NOW_MS, REALM } from '../support.ts';
import {
  DIGESTS,
  documentAt,
  forge,
  HONEST,
  type Move,
  PIN,
  STATES,
  someMove,
  taken,
} from './thief.ts';

/** Shows it to somebody; gives back the state, which a refusal leaves. */
function show(state: TrustedState, move: Move): TrustedState {
  const forged = forge(move, state);
  const { stream, sequence } = parseStatement(forged.statement.payload);
  try {
    if (move.offered === 'evidence') {
      const second = documentAt(move.previous).statement;
      return acceptEvidence(state, { stream, sequence, first: forged.statement, second }).state;
    }
    const before = HONEST.filter(({ statement }) => {
      const honest = parseStatement(statement.payload);
      return honest.stream === stream && honest.sequence < sequence;
    });
    const isChain = move.offered === 'chain' && before.length > 0;
    const chain = [...(isChain ? before : []).map((one) => one.statement), forged.statement];
    const history = isChain ? before.map((one) => one.body) : [];
    const mode = move.offered === 'jump' ? 'jump' : 'linked';
    return acceptDocument(state, { chain, history, body: forged.body, mode }, NOW_MS).state;
  } catch (thrown) {
    if (thrown instanceof KedgeError && thrown.code !== 'BUG') return state;
    throw thrown;
  }
}

describe('an attacker with one signer too few of every role', () => {
  it('is in a realm that takes what quorums sign', () => {
    let state = emptyTrustedState(REALM, PIN);
    for (const document of HONEST) {
      const next = taken(state, document);
      expect(next).not.toBe(state);
      state = next;
    }
    expect(state.charters).toHaveLength(2);
    expect(headOf(state, rolloutStream(PAYMENTS))?.sequence).toBe(2);
  });

  it('changes nothing that a quorum did not sign, whatever it says in which order', () => {
    const moves = fc.array(someMove, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: HONEST.length }), moves, (length, said) => {
        let state = STATES[length] ?? emptyTrustedState(REALM, PIN);
        for (const move of said) state = show(state, move);
        const accepted = [
          ...state.charters.map(({ digest }) => digest),
          ...[...state.streams.values()].map(({ head }) => head?.digest ?? NO_PREVIOUS),
        ];
        expect([...state.streams.values()].map(({ kind }) => kind)).not.toContain('forked');
        expect(accepted.filter((digest) => !DIGESTS.has(digest))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
