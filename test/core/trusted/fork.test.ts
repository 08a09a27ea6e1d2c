/**
 * Forks: two valid statements for one place. Names of the form `C07` are those of the adversarial
 * cases.
 *
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import {
  CHARTER_STREAM,
  parseBundleName,
  parseSequence,
  releaseStream,
} from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { isSameEvidence, makeEvidence, mergeEvidence } from '../../../src/core/trusted/evidence.ts';
import {
  currentCharter,
  type Evidence,
  expectedNext,
  forkOf,
  headOf,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { anchor, bodyOf } from '../releases/bodies.ts';
import { ALICE, BOB, CAROL, DAVE, ERIN, expectCode, role } from '../support.ts';
import {
  begin,
  firstCharter,
  grown,
  nextCharter,
  nextRelease,
  noted,
  offer,
  placeOf,
  ROLES,
  releaseAfter,
  STREAM,
  signed,
  take,
} from './world.ts';

/** Evidence of two documents. */
function proof(a: SignedDocument, b: SignedDocument, sequence: number): Evidence {
  return makeEvidence(STREAM, parseSequence(sequence), [a.statement, b.statement]);
}

/** Another release in the place of the head of `grown(count)`. */
function rival(
  count: number,
  note: string,
  keys: readonly SigningKey[] = [ALICE, BOB],
): SignedDocument {
  const before = count === 1 ? undefined : headOf(grown(count - 1).state, STREAM);
  return releaseAfter(before, noted(note), { keys });
}

function documentAt(count: number): SignedDocument {
  const document = grown(count).documents.at(-1);
  if (document === undefined) throw new Error('no document');
  return document;
}

function forked(state: TrustedState, evidence: Evidence): TrustedState {
  const result = acceptEvidence(state, evidence);
  expect(result.outcome).toBe('forked');
  return result.state;
}

describe('acceptDocument: forks', () => {
  it('C07: stops at the sequence before two valid releases', () => {
    const { state } = grown(3);
    const result = offer(state, rival(3, 'rival'));
    if (result.outcome !== 'forked') throw new Error(`it was ${result.outcome}`);
    expect(result.evidence).toEqual(proof(documentAt(3), rival(3, 'rival'), 3));
    expect(result.state.streams.get(STREAM)).toEqual({
      stream: STREAM,
      kind: 'forked',
      evidence: result.evidence,
      commonSequence: 2,
      heldSequence: 2,
    });
    const error = expectCode('FORK', () => expectedNext(result.state, STREAM));
    expect(error.detail).toEqual({ stream: STREAM, sequence: 3 });
  });

  it('finds a fork under an expired charter too', () => {
    const { state } = grown(1);
    const nowMs = (currentCharter(state)?.expiresMs ?? 0) + 1;
    expect(offer(state, rival(1, 'rival'), { nowMs }).outcome).toBe('forked');
  });

  it('proves a fork below the head with the statement that is held there', () => {
    const { state, documents } = grown(3);
    const [first] = documents;
    const result = offer(state, rival(1, 'rival'), { ...(first && { held: first.statement }) });
    expect(result.state.streams.get(STREAM)).toMatchObject({ kind: 'forked', commonSequence: 0 });
    expect(headOf(result.state, STREAM)).toBeUndefined();
  });

  it('cannot prove it with the digest alone, and refuses', () => {
    const { state } = grown(3);
    const heldDigest = sha256(documentAt(1).statement.payload);
    expectCode('ROLLBACK', () => offer(state, rival(1, 'rival'), { heldDigest }));
  });

  it('finds the fork inside a chain that overlaps the head', () => {
    const { state } = grown(1);
    const other = rival(1, 'rival');
    const second = releaseAfter(placeOf(other, 1), noted('second'));
    const result = offer(state, second, { chain: [other.statement, second.statement] });
    expect(result).toMatchObject({ outcome: 'forked', evidence: { sequence: 1 } });
  });

  it('takes a valid statement of signers who left as proof', () => {
    const both = role(2, 'carol', 'erin');
    const { state } = grown(1);
    const roles = { ...ROLES, charter: both, release: both };
    const after = take(state, nextCharter(state, { roles }, ALICE, BOB, CAROL, ERIN));
    expect(offer(after, rival(1, 'rival', [ALICE, BOB])).outcome).toBe('forked');
  });

  it('takes nothing from the fork on, and learns of more proof', () => {
    const state = offer(grown(2).state, rival(2, 'rival')).state;
    const known = forkOf(state, STREAM);
    if (known === undefined) throw new Error('no fork');
    expectCode('FORK', () => offer(state, documentAt(2)));
    expectCode('FORK', () => offer(state, rival(2, 'rival')));
    expectCode('FORK', () => offer(state, documentAt(3)));
    expectCode('FORK', () => offer(state, rival(2, 'weak', [ALICE])));
    const outcomes = Array.from({ length: 20 }, (_, index) => `n${index}`).map((note) => {
      const third = rival(2, note);
      const digest = sha256(third.statement.payload);
      const isSmaller = digest < sha256(known.second.payload);
      if (!isSmaller) expectCode('FORK', () => offer(state, third));
      else expect(offer(state, third).outcome).toBe('forked');
      return isSmaller;
    });
    expect(new Set(outcomes).size).toBe(2);
  });

  it('speaks against who brings what nobody signed, and not who repeats what is known', () => {
    const state = offer(grown(2).state, rival(2, 'rival')).state;
    const standing = (document: SignedDocument): unknown =>
      expectCode('FORK', () => offer(state, document)).detail['standing'];
    expect(standing(rival(2, 'weak', [ALICE]))).toBe('nothing');
    for (const { statement, body } of [documentAt(2), rival(2, 'rival')]) {
      const signatures = statement.signatures.slice(1);
      expect(standing({ statement: { ...statement, signatures }, body })).toBeUndefined();
    }
  });

  it('is one wherever the two part from each other', () => {
    const [ours, theirs] = [rival(2, 'ours'), rival(2, 'theirs')];
    const [third, other] = [ours, theirs].map((one) =>
      releaseAfter(placeOf(one, 2), noted('third')),
    );
    if (third === undefined || other === undefined) throw new Error('no third releases');
    const behind = grown(1).state;
    expect(acceptEvidence(behind, proof(third, other, 3)).outcome).toBe('forked');
    const result = offer(take(behind, ours, third), other);
    expect(result).toMatchObject({ outcome: 'forked', evidence: { sequence: 3 } });
  });

  it('checks no signatures of a proof that tells nothing new', () => {
    const [a, b] = [documentAt(3), rival(3, 'rival')];
    const known = proof(a, b, 3);
    const state = forked(grown(1).state, known);
    let reads = 0;
    const counted = (evidence: Evidence): Evidence => {
      const { first, second } = evidence;
      const [one, other] = [first, second].map(({ payload, signatures }) => ({
        payload,
        get signatures() {
          reads += 1;
          return signatures;
        },
      }));
      return { ...evidence, first: one ?? first, second: other ?? second };
    };
    const readsOf = (evidence: Evidence): number => {
      const before = reads;
      expect(acceptEvidence(state, counted(evidence)).outcome).toBe('held');
      return reads - before;
    };
    // To compare texts and sizes, no more.
    expect(readsOf(known)).toBeLessThan(10);
    const later = ['x', 'y'].map((note) =>
      releaseAfter(headOf(grown(3).state, STREAM), noted(note)),
    );
    expect(readsOf(proof(later[0] ?? a, later[1] ?? b, 4))).toBeLessThan(10);
    const greater = Array.from({ length: 20 }, (_, index) => rival(3, `n${index}`)).find(
      ({ statement }) => sha256(statement.payload) > sha256(known.second.payload),
    );
    const before = reads;
    const { statement, body } = greater ?? a;
    const read = counted({ ...known, first: statement }).first;
    expectCode('FORK', () => offer(take(state, documentAt(2)), { statement: read, body }));
    expect(reads - before).toBeLessThan(10);
  });

  it('goes on below the fork, for whoever was behind', () => {
    const evidence = proof(documentAt(3), rival(3, 'rival'), 3);
    const state = forked(grown(1).state, evidence);
    expect(headOf(state, STREAM)?.sequence).toBe(1);
    const after = take(state, documentAt(2));
    expect(after.streams.get(STREAM)).toMatchObject({ kind: 'forked', commonSequence: 2 });
    expect(headOf(after, STREAM)?.sequence).toBe(2);
    expect(forkOf(after, STREAM)).toEqual(evidence);
    expectCode('FORK', () => offer(after, documentAt(3)));
    expect(offer(after, rival(2, 'deeper'))).toMatchObject({ evidence: { sequence: 2 } });
  });

  it('knows again what it had accepted beyond the fork, with the help of its caller', () => {
    const state = offer(grown(3).state, rival(3, 'rival')).state;
    expect(headOf(state, STREAM)).toBeUndefined();
    const second = documentAt(2);
    expect(offer(state, second, { held: second.statement }).outcome).toBe('held');
    const deeper = offer(state, rival(2, 'deeper'), { held: second.statement });
    expect(deeper).toMatchObject({ outcome: 'forked', evidence: { sequence: 2 } });
  });

  it('leaves the other streams as they are', () => {
    const bundle = parseBundleName('internal.prod.example.org');
    const state = offer(grown(1).state, rival(1, 'rival')).state;
    const other = nextRelease(state, bodyOf([anchor('three')], { bundle }));
    expect(headOf(take(state, other), releaseStream(bundle))?.sequence).toBe(1);
  });
});

describe('acceptDocument: a forked charter', () => {
  const second = (note: string): SignedDocument => nextCharter(begin(), { note }, ALICE, BOB);

  it('B06: stops at the version before', () => {
    const state = take(begin(), second('ours'));
    const result = offer(state, second('theirs'));
    expect(result).toMatchObject({ outcome: 'forked', evidence: { sequence: 2 } });
    expect(currentCharter(result.state)?.version).toBe(1);
    const first = state.charters[0]?.document;
    if (first === undefined) throw new Error('no first charter');
    expect(offer(result.state, first).outcome).toBe('held');
    expectCode('FORK', () => offer(result.state, second('ours')));
    expectCode('FORK', () => offer(result.state, nextCharter(state, { note: '3' }, ALICE, BOB)));
  });

  it('stops the whole realm, because it is open who governs', () => {
    const { state } = grown(1);
    const stopped = offer(take(state, second('ours')), second('theirs')).state;
    const error = expectCode('FORK', () => offer(stopped, nextRelease(state, noted('second'))));
    expect(error.detail).toMatchObject({ stream: CHARTER_STREAM });
    expect(offer(stopped, documentAt(1)).outcome).toBe('held');
    expect(headOf(stopped, STREAM)?.sequence).toBe(1);
  });

  it('learns of more proof', () => {
    const state = offer(take(begin(), second('ours')), second('theirs')).state;
    const known = forkOf(state, CHARTER_STREAM);
    const outcomes = Array.from({ length: 20 }, (_, index) => `n${index}`).map((note) => {
      const isSmaller =
        sha256(second(note).statement.payload) < sha256(known?.second.payload ?? new Uint8Array());
      if (!isSmaller) expectCode('FORK', () => offer(state, second(note)));
      else expect(offer(state, second(note)).outcome).toBe('forked');
      return isSmaller;
    });
    expect(new Set(outcomes).size).toBe(2);
    expectCode('FORK', () => offer(state, nextCharter(begin(), { note: 'weak' }, ALICE)));
  });

  it('takes evidence that the quorum before signed, and no other', () => {
    const evidence = (a: SignedDocument, b: SignedDocument): Evidence =>
      makeEvidence(CHARTER_STREAM, parseSequence(2), [a.statement, b.statement]);
    const weak = nextCharter(begin(), { note: 'weak' }, BOB, DAVE);
    expectCode('THRESHOLD', () => acceptEvidence(begin(), evidence(second('ours'), weak)));
    const after = forked(take(begin(), second('ours')), evidence(second('x'), second('y')));
    const digests = ['ours', 'x', 'y'].map((note) => sha256(second(note).statement.payload)).sort();
    const known = forkOf(after, CHARTER_STREAM);
    expect(known && [known.first, known.second].map(({ payload }) => sha256(payload))).toEqual(
      digests.slice(0, 2),
    );
  });

  it('has no evidence for the first charter, which is pinned', () => {
    const [a, b] = ['a', 'b'].map((note) => signed(firstCharter({ note }), ALICE, BOB, CAROL));
    if (a === undefined || b === undefined) throw new Error('no charters');
    const evidence = makeEvidence(CHARTER_STREAM, parseSequence(1), [a.statement, b.statement]);
    expectCode('THRESHOLD', () => acceptEvidence(begin(), evidence));
  });

  it('asks for the charter before the fork', () => {
    const state = take(begin(), second('ours'));
    const third = ['a', 'b'].map((note) => nextCharter(state, { note }, ALICE, BOB).statement);
    const evidence = makeEvidence(CHARTER_STREAM, parseSequence(3), third);
    const error = expectCode('GAP', () => acceptEvidence(begin(), evidence));
    expect(error.detail).toMatchObject({ charterVersion: 2 });
  });
});

describe('acceptEvidence', () => {
  const rivals = ['a', 'b', 'c', 'd'].map((note) => rival(2, note));

  it('C10: refuses what no quorum signed', () => {
    const [a] = rivals;
    if (a === undefined) throw new Error('no rival');
    const unsigned = { ...a.statement, signatures: [] };
    const ours = documentAt(2);
    for (const fake of [
      proof(ours, { ...a, statement: unsigned }, 2),
      proof(ours, rival(2, 'weak', [ALICE]), 2),
      proof(ours, rival(2, 'weak', [ALICE, ERIN]), 2),
    ]) {
      expectCode('THRESHOLD', () => acceptEvidence(grown(2).state, fake));
    }
  });

  it('refuses one statement twice, another stream, sequence or realm', () => {
    const [a, b] = rivals;
    if (a === undefined || b === undefined) throw new Error('no rivals');
    const good = proof(a, b, 2);
    const { state } = grown(1);
    expectCode('TYPE', () => acceptEvidence(state, { ...good, second: good.first }));
    expectCode('TYPE', () => acceptEvidence(state, { ...good, recovered: good.second }));
    expectCode('TYPE', () => acceptEvidence(state, { ...good, sequence: parseSequence(1) }));
    expectCode('TYPE', () => acceptEvidence(state, { ...good, stream: CHARTER_STREAM }));
    const realm = 'other.example.org' as typeof state.realm;
    expectCode('REALM', () => acceptEvidence({ ...state, realm }, good));
    const many = Array.from({ length: 65 }, () => ({ keyId: '', signature: new Uint8Array(64) }));
    const first = { ...good.first, signatures: many };
    expectCode('LIMIT', () => acceptEvidence(state, { ...good, first }));
  });

  it('asks for the charter that a statement names', () => {
    const named = { charterVersion: 9 };
    const [a, b] = ['a', 'b'].map((note) => releaseAfter(undefined, noted(note), named));
    if (a === undefined || b === undefined) throw new Error('no rivals');
    expectCode('GAP', () => acceptEvidence(begin(), proof(a, b, 1)));
  });

  it('is held when it says nothing new', () => {
    const [a, b, c] = rivals;
    if (!a || !b || !c) throw new Error('no rivals');
    const state = forked(begin(), proof(a, b, 2));
    expect(acceptEvidence(state, proof(a, b, 2))).toEqual({ outcome: 'held', state });
    const swapped = proof(a, b, 2);
    const turned = { ...swapped, first: swapped.second, second: swapped.first };
    expect(acceptEvidence(state, turned).outcome).toBe('held');
  });

  it('drops garbage signatures', () => {
    const [a, b] = rivals;
    if (a === undefined || b === undefined) throw new Error('no rivals');
    const garbage = { keyId: '', signature: new Uint8Array(64) };
    const dirty = {
      ...a,
      statement: { ...a.statement, signatures: [garbage, ...a.statement.signatures] },
    };
    expect(forkOf(forked(begin(), proof(dirty, b, 2)), STREAM)).toEqual(proof(a, b, 2));
  });

  it('adds what is held in that place', () => {
    const [a, b, c, d] = rivals;
    if (!a || !b || !c || !d) throw new Error('no rivals');
    const all = [a, b, c, d].map(({ statement }) => statement);
    const least = makeEvidence(STREAM, parseSequence(2), all);
    for (const held of [a, b, c, d]) {
      const state = take(grown(1).state, held);
      const others = [a, b, c, d].filter((one) => one !== held);
      let after = state;
      for (const other of others) {
        const offered = makeEvidence(STREAM, parseSequence(2), [held.statement, other.statement]);
        after = acceptEvidence(after, offered).state;
      }
      expect(forkOf(after, STREAM)).toEqual(least);
      const [x, y] = others;
      if (x === undefined || y === undefined) throw new Error('no others');
      const withHead = forkOf(forked(state, proof(x, y, 2)), STREAM);
      const three = [held, x, y].map(({ statement }) => statement);
      expect(withHead).toEqual(makeEvidence(STREAM, parseSequence(2), three));
    }
  });

  it('C08: leads to one state in every order, with repetition and in any grouping', () => {
    const deep = ['a', 'b'].map((note) => rival(1, note));
    const again = rivals.map((document, index) =>
      index % 2 === 0 ? document : rival(2, 'abcd'.charAt(index), [BOB, CAROL]),
    );
    const proofs = [
      ...pairs(rivals).map(([a, b]) => proof(a, b, 2)),
      ...pairs(again).map(([a, b]) => proof(a, b, 2)),
      ...pairs(deep).map(([a, b]) => proof(a, b, 1)),
    ];
    const start = grown(1).state;
    fc.assert(
      fc.property(
        fc.shuffledSubarray(proofs, { minLength: 1 }),
        fc.array(fc.nat({ max: proofs.length - 1 })),
        fc.func(fc.integer()),
        (some, repeats, order) => {
          const more = repeats.flatMap((index) => some[index] ?? []);
          const arrived = [...some, ...more].toSorted((a, b) => order(a, b));
          const apply = (list: readonly Evidence[]): TrustedState =>
            list.reduce((state, one) => acceptEvidence(state, one).state, start);
          expect(apply(arrived)).toEqual(apply(some));
          const [head, ...tail] = some;
          if (head === undefined) return;
          const grouped = tail.reduceRight((merged, one) => mergeEvidence(one, merged), head);
          const folded = tail.reduce((merged, one) => mergeEvidence(merged, one), head);
          expect(isSameEvidence(grouped, folded)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('C08: lets two parties who hold rivals agree', () => {
    const [a, b] = rivals;
    if (a === undefined || b === undefined) throw new Error('no rivals');
    const one = take(grown(1).state, a);
    const two = take(grown(1).state, b);
    const three = forked(grown(1).state, proof(a, b, 2));
    expect(offer(one, b).state.streams.get(STREAM)).toMatchObject({ evidence: proof(a, b, 2) });
    expect(offer(one, b).state).toEqual(offer(two, a).state);
    expect(forkOf(three, STREAM)).toEqual(forkOf(offer(one, b).state, STREAM));
  });

  it('cannot be made of one statement', () => {
    const [a] = rivals;
    if (a === undefined) throw new Error('no rival');
    expectCode('BUG', () => proof(a, a, 2));
  });
});

function pairs<Item>(items: readonly Item[]): readonly (readonly [Item, Item])[] {
  return items.flatMap((a, index) => items.slice(index + 1).map((b) => [a, b] as const));
}
