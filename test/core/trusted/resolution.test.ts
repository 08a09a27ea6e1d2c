/**
 * Resolution of forks by the charter quorum: what it decides, and that everybody ends the same.
 * Names of the form `C12` are those of the adversarial cases.
 *
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { CHARTER_STREAM, parseSequence } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { decisionsOn } from '../../../src/core/trusted/decisions.ts';
import { restoreTrustedState } from '../../../src/core/trusted/restore.ts';
import { forkOf, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { ALICE, BOB, CAROL, DAVE, ERIN, expectCode, role } from '../support.ts';
import {
  A,
  A3,
  after,
  B,
  B3,
  BEGUN,
  C,
  decide,
  digestOf,
  FIRST,
  holdingsOf,
  KEEP_A,
  PROOF,
  proof,
} from './decided.ts';
import { begin, nextCharter, offer, ROLES, STREAM, take } from './world.ts';

describe('acceptDocument: resolution of a fork', () => {
  const stopped = offer(take(begin(), FIRST, B), A).state;

  it('C12: opens the stream at the common sequence and takes the side that stands', () => {
    expect(forkOf(stopped, STREAM)).toBeDefined();
    const holdings = holdingsOf(stopped, KEEP_A, [FIRST, B]);
    const result = offer(stopped, KEEP_A, { holdings });
    expect(result).toMatchObject({ outcome: 'accepted', moved: [STREAM] });
    expect(forkOf(result.state, STREAM)).toBeUndefined();
    expect(headOf(result.state, STREAM)?.sequence).toBe(1);
    expectCode('FORK', () => offer(result.state, B));
    const next = take(result.state, A, A3);
    expect(headOf(next, STREAM)?.digest).toBe(digestOf(A3));
    expect(acceptEvidence(next, PROOF)).toEqual({ outcome: 'held', state: next });
  });

  it('moves whoever is on the side that fell, also without having seen the fork', () => {
    for (const held of [
      [FIRST, B],
      [FIRST, B, B3],
    ]) {
      const state = take(begin(), ...held);
      const holdings = holdingsOf(state, KEEP_A, held);
      const settled = offer(state, KEEP_A, { holdings }).state;
      expect(headOf(settled, STREAM)?.digest).toBe(digestOf(FIRST));
      expect(take(settled, A, A3).streams).toEqual(take(begin(), FIRST, A, A3).streams);
    }
  });

  it('leaves whoever is on the side that stands, or not that far, as it is', () => {
    for (const held of [[FIRST], [FIRST, A], [FIRST, A, A3]]) {
      const state = take(begin(), ...held);
      const result = offer(state, KEEP_A, { holdings: holdingsOf(state, KEEP_A, held) });
      expect(result).toMatchObject({ outcome: 'accepted', moved: [] });
      expect(result.state.streams).toEqual(state.streams);
    }
  });

  it('gives back what the store has of the side that stands', () => {
    const state = offer(take(begin(), FIRST, A, A3), B, { held: A.statement }).state;
    expect(headOf(state, STREAM)).toBeUndefined();
    const holdings = holdingsOf(state, KEEP_A, [FIRST, A, A3]);
    const settled = offer(state, KEEP_A, { holdings }).state;
    expect(settled.streams).toEqual(take(begin(), FIRST, A, A3).streams);
  });

  it('asks again when the store was read for another state', () => {
    const state = take(begin(), FIRST, B);
    const holdings = holdingsOf(state, KEEP_A, [FIRST, B]);
    expectCode('UNAVAILABLE', () => offer(take(state, B3), KEEP_A, { holdings }));
    expectCode('UNAVAILABLE', () => offer(state, KEEP_A, { holdings: [] }));
  });

  it('verifies what the store gives', () => {
    const state = take(begin(), FIRST, B);
    const [holding] = holdingsOf(state, KEEP_A, [FIRST, B]);
    if (holding === undefined) throw new Error('no holding');
    const unsigned = { ...FIRST, statement: { ...FIRST.statement, signatures: [] } };
    const other = { ...FIRST, body: A.body };
    const give = (newest: SignedDocument): unknown =>
      offer(state, KEEP_A, { holdings: [{ ...holding, newest }] });
    expectCode('THRESHOLD', () => give(unsigned));
    expectCode('DIGEST', () => give(other));
    expectCode('BUG', () => give(KEEP_A));
  });

  it('keeps nothing of the side that fell, whatever the store gives', () => {
    const state = take(begin(), FIRST, B);
    const of = state.streams.get(STREAM);
    if (of === undefined) throw new Error('no stream');
    const result = offer(state, KEEP_A, { holdings: [{ of, newest: B }] });
    expect(result).toMatchObject({ outcome: 'accepted', moved: [STREAM] });
    expect(headOf(result.state, STREAM)).toBeUndefined();
  });

  it('C11: is not signed by the release role', () => {
    const split = { ...ROLES, charter: role(2, 'dave', 'erin'), release: role(2, 'alice', 'bob') };
    const state = begin();
    const other = take(state, nextCharter(state, { roles: split }, ALICE, BOB, DAVE, ERIN));
    const resolutions = [{ stream: STREAM, sequence: parseSequence(2), digest: digestOf(A) }];
    expectCode('THRESHOLD', () => offer(other, nextCharter(other, { resolutions }, ALICE, BOB)));
    const byCharterRole = nextCharter(other, { resolutions }, DAVE, ERIN);
    expect(offer(other, byCharterRole).outcome).toBe('accepted');
  });

  it('cannot decide about charters', () => {
    const resolutions = [
      { stream: CHARTER_STREAM, sequence: parseSequence(2), digest: digestOf(A) },
    ];
    expectCode('POLICY', () => nextCharter(begin(), { resolutions }, ALICE, BOB));
  });

  it('lets a third statement stand', () => {
    const keepC = decide({ 2: C });
    const settled = offer(stopped, keepC).state;
    expectCode('FORK', () => offer(take(settled, FIRST), A));
    expect(headOf(take(settled, FIRST, C), STREAM)?.digest).toBe(digestOf(C));
  });

  it('counts for a statement whose signers have left since', () => {
    const both = role(2, 'carol', 'erin');
    const roles = { ...ROLES, charter: both, release: both };
    const resolutions = [{ stream: STREAM, sequence: parseSequence(2), digest: digestOf(A) }];
    const state = take(begin(), FIRST);
    const keys = [ALICE, BOB, CAROL, ERIN];
    const later = take(state, nextCharter(state, { roles, resolutions }, ...keys));
    expectCode('THRESHOLD', () => offer(take(state, nextCharter(state, { roles }, ...keys)), A));
    const held = take(later, A);
    expectCode('THRESHOLD', () => offer(held, A3));
    const renewed = after(A, 2, 'renewed', { charterVersion: 2, keys: [CAROL, ERIN] });
    expect(headOf(take(held, renewed), STREAM)?.digest).toBe(digestOf(renewed));
  });

  it('stays known through later charters', () => {
    const second = take(begin(), KEEP_A);
    const third = take(second, nextCharter(second, { note: 'third' }, ALICE, BOB));
    expect(third.charters.at(-1)?.charter.resolutions).toBeUndefined();
    expectCode('FORK', () => offer(take(third, FIRST), B));
    expect(acceptEvidence(third, PROOF).outcome).toBe('held');
  });

  it('is replaced by a later decision, so that a mistake does not stop a stream for ever', () => {
    const wrong = { ...A, statement: { ...A.statement, payload: B3.statement.payload } };
    const second = take(begin(), decide({ 2: wrong }));
    const third = take(second, decide({ 2: A }, second));
    expect(headOf(take(third, FIRST, A), STREAM)?.digest).toBe(digestOf(A));
    expect(decisionsOn(third.charters, STREAM)).toMatchObject([{ sequence: 2, version: 3 }]);
  });

  it('holds from its first charter when it is repeated, and ends with one below', () => {
    const second = take(begin(), decide({ 2: A, 3: A3 }));
    const third = take(second, decide({ 2: A }, second));
    const versions = (state: TrustedState): unknown =>
      decisionsOn(state.charters, STREAM).map(({ sequence, version }) => [sequence, version]);
    expect(versions(third)).toEqual([
      [2, 2],
      [3, 2],
    ]);
    const fourth = take(third, decide({ 1: FIRST, 3: A3 }, third));
    expect(versions(fourth)).toEqual([
      [1, 4],
      [3, 2],
    ]);
  });
});

describe('restoreTrustedState: a decided fork', () => {
  const settled = take(begin(), KEEP_A, FIRST, A);
  const pin = { realm: settled.realm, firstCharterDigest: settled.firstCharterDigest };
  const { charters } = settled;

  it('gives the same state, and drops evidence that was decided about', () => {
    const stored = { charters, heads: [{ document: A }], evidence: [PROOF] };
    expect(restoreTrustedState(pin, stored)).toEqual(settled);
  });

  it('refuses a head that fell', () => {
    const stored = { charters, heads: [{ document: B }], evidence: [] };
    expectCode('STORE', () => restoreTrustedState(pin, stored));
  });
});

describe('C08: every order of statements, evidence, charter and next release', () => {
  const next = after(A, 2, 'next', { charterVersion: 2 });
  const things = {
    first: FIRST,
    a: A,
    b: B,
    b3: B3,
    c: C,
    charter: KEEP_A,
    next,
  } as const;
  const names = [...Object.keys(things), 'proof', 'proof of c', 'apparent proof'];
  const end = take(begin(), FIRST, A, KEEP_A, next);

  /** One party with its store; what is refused comes again. */
  class Party {
    state: TrustedState = BEGUN;
    readonly #stored: SignedDocument[] = [];

    hear(name: string): void {
      try {
        this.#take(name);
      } catch (thrown) {
        if (!(thrown instanceof KedgeError) || thrown.code === 'BUG') throw thrown;
      }
    }

    #take(name: string): void {
      if (name === 'proof') this.state = acceptEvidence(this.state, PROOF).state;
      if (name === 'proof of c') this.state = acceptEvidence(this.state, proof(C, B, 2)).state;
      if (name === 'apparent proof') {
        const held = this.#heldAt(3);
        const apparent = proof(next, B3, 3);
        this.state = acceptEvidence(this.state, apparent, held && { held }).state;
      }
      const document = Object.entries(things).find(([key]) => key === name)?.[1];
      if (document === undefined) return;
      const held = this.#heldAt(parseStatement(document.statement.payload).sequence);
      const holdings = holdingsOf(this.state, document, this.#stored);
      const isCharter = document === KEEP_A;
      const recall = isCharter ? { holdings } : { ...(held && { held }) };
      const result = offer(this.state, document, recall);
      if (result.outcome === 'accepted') this.#stored.push(...result.documents);
      this.state = result.state;
    }

    /** What the store has below the head, at this sequence of the side that was taken last. */
    #heldAt(sequence: number): SignedDocument['statement'] | undefined {
      const head = headOf(this.state, STREAM);
      if (head === undefined || head.sequence < sequence) return undefined;
      return this.#stored.findLast(
        ({ statement }) => parseStatement(statement.payload).sequence === sequence,
      )?.statement;
    }
  }

  it('ends in one state, with repetition and whatever was missed at first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...names), { maxLength: 14 }),
        fc.shuffledSubarray(names, { minLength: names.length }),
        (begun, order) => {
          const party = new Party();
          for (const name of begun) party.hear(name);
          // Anti-entropy: whatever exists comes by again, in some order, until nothing moves.
          let before: TrustedState;
          do {
            before = party.state;
            for (const name of order) party.hear(name);
          } while (party.state !== before);
          expect(party.state).toEqual(end);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('ends in one state for parties that were cut off from each other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(...names)), { maxLength: 40 }),
        fc.shuffledSubarray(names, { minLength: names.length }),
        (heard, order) => {
          const parties = [new Party(), new Party(), new Party()];
          for (const [index, name] of heard) parties[index]?.hear(name);
          for (const party of parties) {
            for (let round = 0; round < 3; round += 1) for (const name of order) party.hear(name);
            expect(party.state).toEqual(end);
          }
        },
      ),
      { numRuns: 10 },
    );
  });
});
