/**
 * Resolution of forks by the charter quorum: what it decides, and that everybody ends the same.
 * Names of the form `C12` are those of the adversarial cases.
 *
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { CHARTER_STREAM, parseSequence, type Sha256 } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { decisionsOn } from '../../../src/core/trusted/decisions.ts';
import { makeEvidence } from '../../../src/core/trusted/evidence.ts';
import type { Holding } from '../../../src/core/trusted/holding.ts';
import { restoreTrustedState } from '../../../src/core/trusted/restore.ts';
import { isPlaced, readmit, shownFrom, touchedBy } from '../../../src/core/trusted/settle.ts';
import {
  type Evidence,
  forkOf,
  type Head,
  headOf,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { ALICE, BOB, CAROL, DAVE, ERIN, expectCode, role } from '../support.ts';
import {
  begin,
  grown,
  nextCharter,
  noted,
  offer,
  placeOf,
  ROLES,
  releaseAfter,
  STREAM,
  take,
} from './world.ts';

const BEGUN = begin();
const FIRST = documentAt(grown(1).documents, 0);
const A = after(FIRST, 1, 'a');
const B = after(FIRST, 1, 'b');
const C = after(FIRST, 1, 'c');
const A3 = after(A, 2, 'a3');
const B3 = after(B, 2, 'b3');
const PROOF = proof(A, B, 2);
const KEEP_A = decide({ 2: A });

function documentAt(documents: readonly SignedDocument[], index: number): SignedDocument {
  const document = documents[index];
  if (document === undefined) throw new Error('no such document');
  return document;
}

/** A release on top of one at `sequence`. */
function after(
  before: SignedDocument,
  sequence: number,
  note: string,
  changed: { readonly charterVersion?: number; readonly keys?: readonly SigningKey[] } = {},
): SignedDocument {
  return releaseAfter(placeOf(before, sequence), noted(note), changed);
}

function proof(a: SignedDocument, b: SignedDocument, sequence: number): Evidence {
  return makeEvidence(STREAM, parseSequence(sequence), [a.statement, b.statement]);
}

/** The next charter, which lets these statements stand, by sequence. */
function decide(
  standing: Readonly<Record<number, SignedDocument>>,
  state: TrustedState = begin(),
): SignedDocument {
  const resolutions = Object.entries(standing).map(([sequence, document]) => ({
    stream: STREAM,
    sequence: parseSequence(Number(sequence)),
    digest: digestOf(document),
  }));
  return nextCharter(state, { resolutions }, ALICE, BOB);
}

function digestOf({ statement }: SignedDocument): ReturnType<typeof sha256> {
  return sha256(statement.payload);
}

/** What a store would answer: the newest of `held` that the decision leaves, by a full chain. */
function holdingsOf(
  state: TrustedState,
  charter: SignedDocument,
  held: readonly SignedDocument[],
): readonly Holding[] {
  const next = takeWithout(state, charter);
  if (next === undefined) return [];
  return [...touchedBy(next)].map(([stream, { of, at }]) => {
    const chain = longest(held, decisionsOn(next.charters, stream));
    const stays = chain.findLast(({ sequence }) => sequence >= at.sequence);
    const newest = stays ?? chain.findLast(({ sequence }) => sequence < at.sequence);
    const end = of.kind === 'forked' ? of.commonSequence : 0;
    const before = stays && chain.find(({ sequence }) => sequence === end);
    return {
      of,
      ...(newest && { newest: newest.document }),
      ...(before && { beforeFork: before.digest }),
    };
  });
}

interface Placed {
  readonly document: SignedDocument;
  readonly sequence: number;
  readonly digest: Sha256;
}

/** The longest chain of held documents that contradicts no decision. */
function longest(
  held: readonly SignedDocument[],
  decisions: ReturnType<typeof decisionsOn>,
): readonly Placed[] {
  let best: readonly Placed[] = [];
  const grow = (chain: readonly Placed[]): void => {
    if (chain.length > best.length) best = chain;
    for (const document of held) {
      const { sequence, digest, previous } = parseStatement(document.statement.payload);
      const decided = decisions.find((one) => one.sequence === sequence);
      const follows = previous === (chain.at(-1)?.digest ?? '0'.repeat(64));
      if (!follows || (decided !== undefined && decided.digest !== digest)) continue;
      grow([...chain, { document, sequence, digest }]);
    }
  };
  grow([]);
  return best;
}

/** The state after a charter, had it moved nothing. */
function takeWithout(state: TrustedState, charter: SignedDocument): TrustedState | undefined {
  try {
    const result = offer({ ...state, streams: new Map() }, charter);
    return result.outcome === 'accepted' ? { ...result.state, streams: state.streams } : undefined;
  } catch (thrown) {
    if (thrown instanceof KedgeError) return undefined;
    throw thrown;
  }
}

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
