/**
 * Above a place that the charter quorum decided: what is a fork there, and who can tell.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { rolloutStream } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { isPlaced, readmit, shownFrom } from '../../../src/core/trusted/settle.ts';
import { forkOf, type Head, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { PAYMENTS } from '../releases/bodies.ts';
import { expectCode } from '../support.ts';
import { A, A3, after, B, B3, digestOf, FIRST, holdingsOf, KEEP_A, proof } from './decided.ts';
import { begin, noted, offer, releaseAfter, STREAM, take } from './world.ts';

describe('acceptEvidence: above a decided place', () => {
  const settled = take(begin(), KEEP_A, FIRST, A);
  const rival3 = after(A, 2, 'rival');
  const A4 = after(A3, 3, 'a4');
  const RIVAL4 = after(A3, 3, 'rival of a4');

  it('is none between branches that part in the decided place', () => {
    for (const state of [settled, take(settled, A3)]) {
      expect(acceptEvidence(state, proof(A3, B3, 3)).outcome).toBe('held');
    }
    expectCode('FORK', () => offer(take(settled, A3), B3));
  });

  it('is none on the side that fell', () => {
    const onB = proof(B3, after(B, 2, 'rival of b3'), 3);
    expect(acceptEvidence(settled, onB).outcome).toBe('held');
    const deeper = proof(after(B3, 3, 'b4'), after(B3, 3, 'rival of b4'), 4);
    expect(acceptEvidence(take(settled, A3), deeper).outcome).toBe('held');
    expectCode('GAP', () => acceptEvidence(settled, deeper));
    const far = take(settled, A3, A4, after(A4, 4, 'a5'));
    expect(acceptEvidence(far, deeper, { held: A4.statement }).outcome).toBe('held');
    expect(acceptEvidence(far, proof(A4, RIVAL4, 4), { held: A4.statement }).outcome).toBe(
      'forked',
    );
  });

  it('is judged by the decision alone, directly above it, by whoever holds nothing', () => {
    const nothing = take(begin(), KEEP_A);
    expect(acceptEvidence(nothing, proof(A3, rival3, 3)).outcome).toBe('forked');
    const onB = proof(B3, after(B, 2, 'rival of b3'), 3);
    for (const state of [nothing, take(settled, A3)]) {
      expect(acceptEvidence(state, onB)).toEqual({ outcome: 'held', state });
    }
  });

  it('is judged by what is held in the place, or by the fork that is known there', () => {
    const onA = take(settled, A3, A4);
    const { state: stopped } = acceptEvidence(onA, proof(A4, RIVAL4, 4));
    expect(forkOf(stopped, STREAM)).toEqual(proof(A4, RIVAL4, 4));
    for (const note of ['v', 'w', 'x', 'y', 'z']) {
      const onB = proof(after(B3, 3, 'b4'), after(B3, 3, note), 4);
      for (const state of [onA, stopped]) {
        expect(acceptEvidence(state, onB)).toEqual({ outcome: 'held', state });
      }
    }
  });

  it('is one on the side that stands', () => {
    const result = acceptEvidence(settled, proof(A3, rival3, 3));
    expect(result.outcome).toBe('forked');
    expect(headOf(result.state, STREAM)?.digest).toBe(digestOf(A));
    expect(acceptEvidence(result.state, proof(A3, rival3, 3)).outcome).toBe('held');
    expect(offer(take(settled, A3), rival3).outcome).toBe('forked');
  });

  it('stays when the charter comes after it, and goes when it was none', () => {
    const held = [FIRST, A, A3];
    const state = take(begin(), ...held);
    const real = acceptEvidence(state, proof(A4, RIVAL4, 4)).state;
    const apparent = acceptEvidence(state, proof(A4, after(B3, 3, 'b4'), 4)).state;
    const settle = (from: TrustedState): TrustedState =>
      offer(from, KEEP_A, { holdings: holdingsOf(from, KEEP_A, held) }).state;
    expect(forkOf(settle(real), STREAM)?.sequence).toBe(4);
    expect(settle(apparent).streams).toEqual(state.streams);
  });

  it('still stops below a decided place', () => {
    const deep = proof(FIRST, releaseAfter(undefined, noted('other first')), 1);
    expect(forkOf(acceptEvidence(settled, deep).state, STREAM)?.sequence).toBe(1);
  });
});

describe('acceptDocument: a jump over a decided place', () => {
  const second = take(begin(), KEEP_A);
  const A4 = after(A3, 3, 'a4');
  const knowing = after(A3, 3, 'knows', { charterVersion: 2 });
  const jump = { mode: 'jump' } as const;

  it('asks for the statements from there on', () => {
    const error = expectCode('GAP', () => offer(second, A4, jump));
    expect(error.detail).toMatchObject({ from: 2 });
    const statement = parseStatement(A4.statement.payload);
    expect(shownFrom(second.charters, statement)).toBe(2);
    const chain = [A, A3, A4].map((one) => one.statement);
    const state = offer(second, A4, { ...jump, chain }).state;
    expect(headOf(state, STREAM)?.digest).toBe(digestOf(A4));
  });

  it('refuses a chain through the side that fell', () => {
    const B4 = after(B3, 3, 'b4');
    const chain = [B, B3, B4].map((one) => one.statement);
    expectCode('FORK', () => offer(second, B4, { ...jump, chain }));
    expectCode('GAP', () => offer(second, B4, jump));
  });

  it('takes a head that names the charter that decided', () => {
    expect(headOf(offer(second, knowing, jump).state, STREAM)?.sequence).toBe(4);
    expect(shownFrom(second.charters, parseStatement(knowing.statement.payload))).toBeUndefined();
    expect(headOf(offer(second, A, jump).state, STREAM)?.sequence).toBe(2);
  });

  it('forgets a head that it cannot place, and takes it back when it stands', () => {
    const headOfChain = (...held: readonly SignedDocument[]): Head => {
      const head = headOf(take(begin(), ...held), STREAM);
      if (head === undefined) throw new Error('no head');
      return head;
    };
    for (const [held, stands] of [
      [[FIRST, A], true],
      [[FIRST, B], false],
      [[FIRST, A, A3], false],
    ] as const) {
      const known = offer(take(begin(), ...held), KEEP_A).state;
      const head = headOfChain(...held);
      expect(isPlaced(known, STREAM, head)).toBe(stands);
      expect(headOf(readmit(known, STREAM, head), STREAM) !== undefined).toBe(stands);
    }
  });
});

describe('readmit', () => {
  const known = take(begin(), KEEP_A);
  const head = headOf(take(begin(), FIRST, A), STREAM);
  if (head === undefined) throw new Error('no head');

  it('takes nothing back that no quorum signed, or that is of another kind of stream', () => {
    const unsigned = { ...head, statement: { ...head.statement, signatures: [] } };
    expect(readmit(known, STREAM, unsigned)).toBe(known);
    expect(readmit(known, rolloutStream(PAYMENTS), head)).toBe(known);
    expect(headOf(readmit(known, STREAM, head), STREAM)).toBe(head);
  });
});
