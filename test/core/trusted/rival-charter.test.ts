/**
 * Charters in places that are taken: a recovery takes them, everything else forks or falls, and all
 * parties end with the same whatever comes in which order.
 *
 * @module
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowIn } from '../../../src/core/gossip/rows.ts';
import { CHARTER_STREAM, parseSequence, releaseStream } from '../../../src/core/ids.ts';
import { acceptEvidence, isKnownEvidence } from '../../../src/core/trusted/accept.ts';
import { makeEvidence } from '../../../src/core/trusted/evidence.ts';
import { isForEver } from '../../../src/core/trusted/lineage.ts';
import { restoreTrustedState } from '../../../src/core/trusted/restore.ts';
import { forkOf, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { PAYMENTS } from '../releases/bodies.ts';
import { expectCode } from '../support.ts';
import {
  ALL,
  after,
  afterRival,
  again,
  another,
  bareFourth,
  bareThird,
  deciding,
  early,
  fourth,
  last,
  PROOFS,
  rival,
  rivalThird,
  second,
  THIEF,
  third,
  twice,
  upon,
} from './charter-branches.ts';
import {
  type Branch,
  expected,
  type Outcome,
  outcomeOf,
  type Proof,
  pathOf,
  prove,
  ROOT,
  show,
} from './charter-tree.ts';
import { nextRelease, noted, offer, placeOf, releaseAfter, take } from './world.ts';

/** Everything that may be shown, by a name that counterexamples can be read by. */
const NAMES = [...ALL, ...PROOFS.map((one) => one.bare)].map(({ name }) => name);

function named(name: string): Branch | Proof {
  const found =
    ALL.find((one) => one.name === name) ?? PROOFS.find((one) => one.bare.name === name);
  if (found === undefined) throw new Error(`nothing is called ${name}`);
  return found;
}

function expectedOf(names: readonly string[]): Outcome {
  const shown = names.map(named);
  return expected(
    shown.flatMap((one) => ('bare' in one ? [] : one)),
    shown.flatMap((one) => ('bare' in one ? one : [])),
  );
}

function all(shown: readonly (Branch | Proof)[], from: TrustedState = ROOT): TrustedState {
  return shown.reduce((state, one) => ('bare' in one ? prove(state, one) : show(state, one)), from);
}

describe('a charter that recovery keys signed', () => {
  it('B16: takes the place of what the charter quorum signed, in either order', () => {
    for (const order of [
      [second, early],
      [early, second],
      [second, third, fourth, early],
    ]) {
      const state = all(order);
      expect(outcomeOf(state)).toEqual({ charters: [ROOT.firstCharterDigest, early.digest] });
    }
    const result = offer(fourth.state, early.document);
    expect(result).toMatchObject({ outcome: 'accepted', replaced: 1, moved: [] });
  });

  it('B16: ends a fork of what the charter quorum signed', () => {
    const stopped = all([second, rival]);
    expect(forkOf(stopped, CHARTER_STREAM)).toBeDefined();
    expect(outcomeOf(show(stopped, early))).toEqual(outcomeOf(early.state));
    expect(outcomeOf(show(stopped, upon))).toEqual(outcomeOf(upon.state));
  });

  it('B17: covers what it follows, so that keys that left stop nothing', () => {
    for (const one of [rival, rivalThird, another]) {
      expect(all([one], upon.state)).toEqual(upon.state);
      expect(all([one], last.state)).toEqual(last.state);
      expect(outcomeOf(all([one, upon]))).toEqual(outcomeOf(upon.state));
    }
    const error = expectCode('FORK', () => offer(upon.state, rival.document));
    expect(error.detail).toMatchObject({ charterVersion: 3, standing: 'history' });
  });

  it('B17: leaves the places after it open to rivals', () => {
    const stopped = show(after.state, afterRival);
    expect(forkOf(stopped, CHARTER_STREAM)).toMatchObject({ sequence: 3 });
    expect(outcomeOf(show(stopped, again))).toEqual(outcomeOf(again.state));
  });

  it('B18: forks for ever with another one of the same keys, wherever it stands', () => {
    const stopped = all([early, twice]);
    const evidence = forkOf(stopped, CHARTER_STREAM);
    if (evidence === undefined) throw new Error('no fork');
    expect(evidence.sequence).toBe(2);
    expect(isForEver(stopped.charters, evidence)).toBe(true);
    expect(acceptEvidence(ROOT, evidence).state).toEqual(stopped);
    expect(acceptEvidence(last.state, evidence).state.charters).toHaveLength(1);
    expect(all([last, third, rival], stopped)).toEqual(stopped);
  });

  it('waits for its predecessors where these are not known', () => {
    expectCode('PREVIOUS', () => offer(rivalThird.state, upon.document));
    expectCode('GAP', () => offer(ROOT, upon.document));
  });

  it('is no use without its own quorum, and proves a fork then', () => {
    const { document } = early;
    const { payload, signatures } = document.statement;
    const bare = signatures.slice(0, 2);
    const weak = { statement: { payload, signatures: bare }, body: document.body };
    const result = offer(second.state, weak);
    expect(result.outcome).toBe('forked');
    expect(outcomeOf(offer(result.state, document).state)).toEqual(outcomeOf(early.state));
  });
});

describe('a statement of recovery keys that nobody can take', () => {
  const [proof, other] = PROOFS.filter((one) => one.bare === bareThird || one.bare === bareFourth);
  if (proof === undefined || other === undefined) throw new Error('no proofs');

  it('B18: stays with the proof of a fork beneath it, and forks for ever with another one', () => {
    const above = all([proof]);
    expect(forkOf(above, CHARTER_STREAM)).toMatchObject({ sequence: 3 });
    const beneath = show(above, rival);
    expect(outcomeOf(beneath).fork).toMatchObject({ sequence: 2, recovered: bareThird.digest });
    expect(outcomeOf(all([rival, proof]))).toEqual(outcomeOf(beneath));
    for (const order of [[rival, proof, early] as const, [early, rival, proof] as const]) {
      const stopped = all(order);
      const evidence = forkOf(stopped, CHARTER_STREAM);
      expect(evidence && isForEver(stopped.charters, evidence)).toBe(true);
    }
  });

  it('is told of with the fork, and told no more when that is known', () => {
    const told = forkOf(all([proof, rival]), CHARTER_STREAM);
    if (told === undefined) throw new Error('no fork');
    const heard = acceptEvidence(all([second, rival]), told);
    expect(heard.outcome).toBe('forked');
    expect(forkOf(heard.state, CHARTER_STREAM)).toEqual(told);
    expect(isKnownEvidence(heard.state, told)).toBe(true);
    expect(rowIn(heard.state, CHARTER_STREAM)).not.toEqual(
      rowIn(all([second, rival]), CHARTER_STREAM),
    );
    const { revealed: _, ...bareOf } = told;
    expect(acceptEvidence(all([second, rival]), bareOf).outcome).toBe('held');
  });

  it('counts for nothing without a quorum of the keys, and stands above the fork', () => {
    const told = forkOf(all([proof, rival]), CHARTER_STREAM);
    if (told?.recovered === undefined) throw new Error('no fork');
    const { payload, signatures } = told.recovered;
    const weak = { ...told, recovered: { payload, signatures: signatures.slice(1) } };
    const heard = forkOf(acceptEvidence(second.state, weak).state, CHARTER_STREAM);
    expect(heard).toMatchObject({ sequence: 2 });
    expect(heard?.recovered).toBeUndefined();
    const [pinned] = ROOT.charters;
    if (pinned === undefined) throw new Error('no charter');
    const beneath = { ...told, recovered: pinned.document.statement };
    expectCode('TYPE', () => acceptEvidence(ROOT, beneath));
  });
});

describe('what stands on charters that fell', () => {
  const stream = releaseStream(PAYMENTS);
  const first = nextRelease(ROOT, noted('one'));
  const thieves = nextRelease(take(fourth.state, first), noted('two'), {
    charterVersion: 4,
    keys: THIEF,
  });
  const theirs = take(fourth.state, first, thieves);

  it('falls with them, and the rest stays', () => {
    const known = { newest: first };
    const of = theirs.streams.get(stream);
    if (of === undefined) throw new Error('no stream');
    const result = offer(theirs, early.document, { holdings: [{ of, ...known }] });
    expect(result).toMatchObject({ outcome: 'accepted', moved: [stream] });
    expect(headOf(result.state, stream)?.sequence).toBe(1);
    expect(result.state).toEqual(show(take(ROOT, first), early));
  });

  it('is forgotten by a party without a store', () => {
    expect(headOf(offer(theirs, early.document).state, stream)).toBeUndefined();
    const kept = offer(take(fourth.state, first), early.document);
    expect(headOf(kept.state, stream)?.sequence).toBe(1);
  });

  it('falls with a decision of the charter that took their place', () => {
    const other = nextRelease(ROOT, noted('other'));
    const { document } = deciding(stream, placeOf(other, 1).digest);
    const held = take(second.state, first, releaseAfter(placeOf(first, 1), noted('two')));
    // By itself the second one does not show on which side it is.
    expect(headOf(offer(held, document).state, stream)).toBeUndefined();
    const of = held.streams.get(stream);
    if (of === undefined) throw new Error('no stream');
    expectCode('FORK', () => offer(held, document, { holdings: [{ of, newest: first }] }));
  });

  it('takes a fork with it that it was one side of, or that is decided', () => {
    for (const note of ['v', 'w', 'x', 'y', 'z']) {
      const change = { charterVersion: 4, keys: THIEF };
      const stolen = nextRelease(fourth.state, noted(note), change);
      const stopped = offer(take(fourth.state, first), stolen).state;
      expect(forkOf(stopped, stream)).toBeDefined();
      expect(offer(stopped, early.document).state.streams.size).toBe(0);
      const honest = nextRelease(ROOT, noted(note));
      const apart = offer(take(second.state, first), honest).state;
      expect(forkOf(offer(apart, early.document).state, stream)).toBeDefined();
      const { document } = deciding(stream, placeOf(honest, 1).digest);
      expect(offer(apart, document).state.streams.size).toBe(0);
    }
  });

  it('takes a fork with it whose sides part below in a decided place', () => {
    const other = nextRelease(ROOT, noted('other'));
    const pair = [first, other].map(
      (below) => releaseAfter(placeOf(below, 1), noted('two')).statement,
    );
    const evidence = makeEvidence(stream, parseSequence(2), pair);
    const stopped = acceptEvidence(second.state, evidence).state;
    expect(forkOf(offer(stopped, early.document).state, stream)).toEqual(evidence);
    const { document } = deciding(stream, placeOf(other, 1).digest);
    expect(offer(stopped, document).state.streams.size).toBe(0);
  });

  it('takes a fork above it with it', () => {
    const [one, two] = ['x', 'y'].map((note) => releaseAfter(placeOf(thieves, 2), noted(note)));
    if (one === undefined || two === undefined) throw new Error('no releases');
    const pair = [one.statement, two.statement];
    const stopped = acceptEvidence(theirs, makeEvidence(stream, parseSequence(3), pair)).state;
    const of = stopped.streams.get(stream);
    if (of?.kind !== 'forked') throw new Error('no fork');
    const { state } = offer(stopped, early.document, { holdings: [{ of, newest: first }] });
    expect(state.streams.get(stream)).toMatchObject({ kind: 'open', head: { sequence: 1 } });
  });

  it('is not judged by what was read too early', () => {
    const of = take(fourth.state, first).streams.get(stream);
    if (of === undefined) throw new Error('no stream');
    expectCode('UNAVAILABLE', () => offer(theirs, early.document, { holdings: [{ of }] }));
  });
});

describe('parties that were shown the same charters', () => {
  it('end with the same, which the charters alone say', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...ALL], { minLength: 1, maxLength: 8 }),
        fc.array(fc.nat({ max: ALL.length - 1 }), { maxLength: 4 }),
        (some, repeats) => {
          const arrived = [...some, ...repeats.flatMap((index) => some[index] ?? [])];
          expect(outcomeOf(all(arrived))).toEqual(expected(some));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('end with the same where recovery keys signed what nobody can take', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 8 }), (names) => {
        expect(outcomeOf(all(names.map(named)))).toEqual(expectedOf(names));
      }),
      { numRuns: 100 },
    );
  });

  it('end with the same once the proofs of forks went round', () => {
    fc.assert(
      fc.property(
        fc.array(fc.shuffledSubarray(NAMES, { maxLength: 4 }), { minLength: 2, maxLength: 3 }),
        (shown) => {
          let parties = shown.map((names) => all(names.map(named)));
          for (let round = 0; round < 3; round += 1) {
            parties = parties.map((party) => parties.reduce(hear, party));
          }
          const ends = new Set(parties.map((party) => JSON.stringify(outcomeOf(party))));
          expect(ends.size).toBe(1);
          expect([...ends][0]).toBe(JSON.stringify(expectedOf(shown.flat())));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('start again with what they had', () => {
    const above = [...PROOFS.slice(1, 2), rival];
    for (const shown of [[second, rival], [early, twice], [second, early], [last], above]) {
      const state = all(shown);
      const evidence = forkOf(state, CHARTER_STREAM);
      const stored = { charters: state.charters, heads: [], evidence: evidence ? [evidence] : [] };
      const { realm, firstCharterDigest } = ROOT;
      expect(restoreTrustedState({ realm, firstCharterDigest }, stored)).toEqual(state);
    }
  });
});

describe('restoreTrustedState: a fork of the charters that a recovery has ended', () => {
  const evidence = forkOf(all([second, rival]), CHARTER_STREAM);
  if (evidence === undefined) throw new Error('no fork');
  const { realm, firstCharterDigest } = ROOT;
  const restore = (charters: TrustedState['charters']): TrustedState =>
    restoreTrustedState(
      { realm, firstCharterDigest },
      { charters, heads: [], evidence: [evidence] },
    );

  it('is none any more, though the store still tells of it', () => {
    expect(restore(upon.state.charters)).toEqual(upon.state);
  });

  it('is one as long as nothing has ended it', () => {
    expect(forkOf(restore(second.state.charters), CHARTER_STREAM)).toEqual(evidence);
  });
});

/** One party tells another what it holds: its proof, and its charters. */
function hear(party: TrustedState, other: TrustedState): TrustedState {
  const newest = ALL.filter(({ digest }) => other.charters.at(-1)?.digest === digest);
  const state = newest.reduce(show, party);
  const evidence = forkOf(other, CHARTER_STREAM);
  if (evidence === undefined) return state;
  try {
    return acceptEvidence(state, evidence).state;
  } catch {
    return state;
  }
}

describe('a thief of the charter quorum', () => {
  it('B16: never has a realm that recovered', () => {
    const ours = new Set(pathOf(last).map(({ digest }) => digest));
    fc.assert(
      fc.property(
        fc.shuffledSubarray([second, third, fourth, rival, another, rivalThird]),
        (his) => {
          const state = all(his, last.state);
          expect(state.charters.slice(1).every(({ digest }) => ours.has(digest))).toBe(true);
          expect(forkOf(state, CHARTER_STREAM)).toBeUndefined();
        },
      ),
      { numRuns: 30 },
    );
  });
});
