/**
 * Group C: sequences and forks. Their resolution is in `group-c-resolution.ts`, rollouts are
 * in `rollouts.ts`.
 */
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { byAdmin, CaseBuilder, type CaseOptions, TAKEN } from './case-builder.ts';
import { resolutionCases } from './group-c-resolution.ts';
import {
  anchorEntry,
  bodyValue,
  type Doc,
  type JsonObject,
  PAYMENTS,
  SECOND,
  type StatementInput,
  T0,
} from './realm.ts';
import { rolloutSequences } from './rollouts.ts';

const ONE = anchorEntry('one');

/** The cases of the group. */
export function groupC(): readonly ConformanceCase[] {
  return [
    ...placeCases(),
    ...forkCases(),
    ...orderCases(),
    ...evidenceCases(),
    ...publishingCases(),
    ...rolloutSequences(),
    ...resolutionCases(),
  ];
}

/** Cases of the group that other tests have, or this version has not. */
export const COVERED_C: readonly CoveredCase[] = [
  {
    name: 'C03 seq-gap, fetched',
    about: 'What is missing is fetched.',
    test: 'test/service/replication.test.ts',
    title: 'lets a node that was cut off catch up by itself',
  },
  {
    name: 'C08 fork-order-independence, as a property',
    about: 'Every order, repetition and grouping.',
    test: 'test/core/trusted/fork.test.ts',
    title: 'C08: leads to one state in every order, with repetition and in any grouping',
  },
  {
    name: 'C08 fork-order-independence, partitions',
    about: 'Nodes that did not see each other.',
    test: 'test/e2e/fork.test.ts',
    title: 'stops at the last common sequence on every node and client, and shows the evidence',
  },
  {
    name: 'C12 resolution, programs',
    about: 'No program goes back; nodes and programs end as one.',
    test: 'test/e2e/fork.test.ts',
    title: 'goes on with the side that the charter lets stand, and no program goes back',
  },
  {
    name: 'C12 resolution, regions',
    about: 'The same with regions, on processes, by the command line.',
    test: 'test/e2e/region-fork.test.ts',
    title: 'goes from two releases that were signed twice to one again, on nodes and programs',
  },
  {
    name: 'C13 signer-ledger',
    about: 'The signing tool refuses a second digest for one sequence.',
    test: 'test/signers/ledger.test.ts',
    title: 'refuses a second digest for one sequence (C13)',
  },
  {
    name: 'C14 concurrent-publish, two regions',
    about: 'At two nodes; nothing is forked.',
    test: 'test/service/replication.test.ts',
    title: 'answers the second of two admins who race with CONFLICT and forks nothing',
  },
  {
    name: 'C14 concurrent-publish, proposals',
    about: 'Two proposals for one sequence; the second that would have its quorum gets CONFLICT.',
    test: 'test/core/gossip/proposals/proposals.test.ts',
    title: 'of which two are for one place: the first with a quorum has it, and nothing forks',
  },
  {
    name: 'C15 roll-forward-rollback, shown',
    about: 'A signer is told that it is a rollback.',
    test: 'test/core/releases/diff.test.ts',
    title: 'shows another bundle, another note and a rollback',
  },
  {
    name: 'C18 slow-ceremony, a hundred',
    about: 'As many as the design names.',
    test: 'test/core/trusted/accept-rollout.test.ts',
    title: "C18: a hundred of them are in nobody's way who signs a release",
  },
];

/** A body that says something of its own. */
const noted = (note: string): JsonObject => bodyValue([ONE], { note });

function begun(name: string, about: string, options?: CaseOptions): [CaseBuilder, Doc] {
  const builder = new CaseBuilder(name, about, options);
  builder.begin();
  const first = builder.release([ONE]);
  builder.apply(first, 'accepted');
  return [builder, first];
}

function placeCases(): readonly ConformanceCase[] {
  const [lower, first] = begun('C01 lower-seq', 'What lies below the head changes nothing.');
  const second = lower.release(noted('2'));
  lower.apply(second, 'accepted');
  lower.apply(lower.release(noted('3')), 'accepted');
  const forged = lower.release(noted('x'), { after: first, by: ['alice'] });
  const taken = { instead: { admin: 'CONFLICT' }, why: 'the sequence is taken' } as const;
  lower.apply(forged, 'ROLLBACK', taken);
  lower.apply(second, 'held', {
    instead: { client: 'ROLLBACK' },
    why: 'a client keeps no history to recognise it by',
  });

  const [replay] = begun('C02 replay-same', 'The head again is no news.');
  const head = replay.release(noted('2'));
  replay.apply(head, 'accepted');
  replay.apply(head, 'held');
  replay.restart();
  replay.apply(head, 'held');
  const fewer = replay.release(noted('2'), { sequence: 2, after: first, by: ['alice'] });
  replay.apply(fewer, 'held', { about: 'with fewer signatures too: it is the same statement' });

  const [gap] = begun('C03 seq-gap', 'A gap is filled before anything beyond it is taken.');
  const two = gap.release(noted('2'));
  const three = gap.release(noted('3'), { after: two });
  gap.apply(three, 'GAP');
  gap.apply([two, three], 'accepted', {
    about: 'and with what lay between, it is',
    // Whoever announced something and did not deliver is asked again only after a while.
    nowMs: T0 + 10 * 60 * SECOND,
  });

  const [previous] = begun('C04 prev-mismatch', 'The hash chain must hold.');
  previous.apply(previous.release(noted('2'), { previous: 'ab'.repeat(32) }), 'PREVIOUS');
  previous.apply(previous.release(noted('2'), { previous: '0'.repeat(64) }), 'PREVIOUS');

  const [fast] = begun('C05 fast-forward', 'Nobody exhausts the sequences.');
  fast.apply(fast.release(noted('x'), { sequence: Number.MAX_SAFE_INTEGER }), 'GAP');
  fast.apply(fast.release(noted('x'), sequenceText('18446744073709551616')), 'PARSE');
  fast.apply(fast.release(noted('x'), sequenceText('18446744073709551615')), 'PARSE');

  const [forms] = begun('C06 number-forms', 'A sequence is written in one way.');
  for (const text of ['-1', '0', '2.0', '1e3', '"7"', '007', '9007199254740993', '-0', 'null']) {
    forms.apply(forms.release(noted('x'), sequenceText(text)), 'PARSE', { about: text });
  }
  return [lower, replay, gap, previous, fast, forms].map((builder) => builder.done());
}

function forkCases(): readonly ConformanceCase[] {
  const [fork] = begun('C07 fork-two-quorums', 'Two quorums for one sequence stop it.');
  const [a, b] = [fork.release(noted('a')), fork.release(noted('b'))];
  fork.apply(a, 'accepted');
  fork.apply(b, 'forked', TAKEN);
  const onA = fork.release(noted('next'), { after: a });
  fork.apply(onA, 'FORK', byAdmin('accepted', 'to this node nothing is forked'));
  fork.restart();
  fork.apply(onA, 'FORK', {
    ...byAdmin('held', 'to this node nothing is forked'),
    about: 'also after a restart',
  });
  fork.evidence(a, b, 'held');

  const [deep] = begun('C07 fork-below-the-head', 'A fork is found below the head too.', {
    skip: {
      client: 'a client keeps no history; nodes show it the evidence: C08 evidence-first',
    },
  });
  const [two, other] = [deep.release(noted('2')), deep.release(noted('other'))];
  deep.apply(two, 'accepted');
  deep.apply(deep.release(noted('3')), 'accepted');
  deep.apply(other, 'forked', TAKEN);

  const [alone] = begun('C07 fork-without-quorum', 'Half of a proof is none.');
  const good = alone.release(noted('a'));
  const weak = alone.release(noted('b'), { by: ['alice'] });
  alone.apply(good, 'accepted');
  alone.apply(weak, 'ROLLBACK', TAKEN);
  return [fork, deep, alone].map((builder) => builder.done());
}

/** C08: whatever arrives in which order, everybody ends with the same proof and the same root. */
function orderCases(): readonly ConformanceCase[] {
  const make = (
    name: string,
    write: (builder: CaseBuilder, a: Doc, b: Doc, c: Doc) => void,
  ): ConformanceCase => {
    const [builder] = begun(`C08 fork-order ${name}`, 'Every order ends the same.');
    const docs = ['a', 'b', 'c'].map((note) => builder.release(noted(note)));
    const [a, b, c] = docs.toSorted((x, y) => (x.digest < y.digest ? -1 : 1));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three are made');
    write(builder, a, b, c);
    return builder.done();
  };
  return [
    make('abc', (builder, a, b, c) => {
      builder.apply(a, 'accepted');
      builder.apply(b, 'forked', TAKEN);
      builder.apply(c, 'FORK', { ...TAKEN, about: 'known to be forked by two smaller ones' });
    }),
    make('cba', (builder, a, b, c) => {
      builder.apply(c, 'accepted');
      builder.apply(b, 'forked', TAKEN);
      builder.apply(a, 'forked', TAKEN);
    }),
    make('bca', (builder, a, b, c) => {
      builder.apply(b, 'accepted');
      builder.apply(c, 'forked', TAKEN);
      builder.restart();
      builder.apply(a, 'forked', TAKEN);
      builder.apply(a, 'FORK', { ...TAKEN, about: 'once more' });
    }),
    make('evidence-first', (builder, a, b, c) => {
      builder.evidence(b, c, 'forked');
      builder.evidence(a, c, 'forked');
      builder.evidence(b, c, 'held');
      builder.apply(a, 'FORK', byAdmin('accepted', 'to this node nothing is forked'));
    }),
    make('evidence-then-statement', (builder, a, b, c) => {
      builder.apply(c, 'accepted');
      builder.evidence(b, c, 'forked');
      builder.apply(a, 'forked', TAKEN);
    }),
  ];
}

function evidenceCases(): readonly ConformanceCase[] {
  const [deeper] = begun('C08 deeper-fork', 'The lowest fork of a stream counts.', {
    skip: { admin: 'Submit takes documents, not evidence' },
  });
  const [two, otherTwo] = [deeper.release(noted('2')), deeper.release(noted('other 2'))];
  deeper.apply(two, 'accepted');
  const [three, otherThree] = [deeper.release(noted('3')), deeper.release(noted('other 3'))];
  deeper.apply(three, 'accepted');
  deeper.evidence(three, otherThree, 'forked');
  deeper.evidence(two, otherTwo, 'forked');
  deeper.evidence(three, otherThree, 'held', { about: 'the higher fork is no news' });

  const [fabricated, first] = begun('C10 fabricated-evidence', 'Evidence is verified like all.', {
    skip: { admin: 'Submit takes documents, not evidence' },
  });
  const good = fabricated.release(noted('a'));
  const b = (options: Partial<StatementInput>): Doc => fabricated.release(noted('b'), options);
  fabricated.evidence(good, b({ by: [] }), 'THRESHOLD', { about: 'nobody signed one' });
  fabricated.evidence(good, b({ by: ['alice'] }), 'THRESHOLD', { about: 'one signer' });
  fabricated.evidence(good, b({ by: ['alice', 'mallory'] }), 'THRESHOLD', { about: 'a stranger' });
  fabricated.evidence(good, good, 'TYPE', { about: 'the same statement twice' });
  const stranger = b({ realm: 'staging.example.org' });
  fabricated.evidence(good, stranger, 'REALM', { about: 'of another realm' });
  const later = fabricated.release(noted('c'), { sequence: 3, previous: first.digest });
  fabricated.evidence(good, later, 'TYPE', { about: 'of two sequences' });
  fabricated.apply(good, 'accepted');
  return [deeper.done(), fabricated.done()];
}

function publishingCases(): readonly ConformanceCase[] {
  const why = 'a second valid statement that reaches it is evidence: C07';
  const [race] = begun('C14 concurrent-publish', 'The second of two admins gets CONFLICT.', {
    skip: { core: why, peer: why, client: why },
  });
  const [a, b] = [race.release(noted('a')), race.release(noted('b'))];
  race.apply(a, 'accepted');
  race.apply(b, 'CONFLICT');
  race.apply(race.release(noted('next')), 'accepted');

  const [forward] = begun('C15 roll-forward-rollback', 'Old content comes as a new sequence.');
  for (const note of ['2', '3']) {
    const label = { label: `CA one, release ${note}` };
    forward.apply(forward.release([{ ...ONE, ...label }]), 'accepted');
  }
  forward.apply(forward.release(bodyValue([ONE], { replaces: 4 })), 'LIFECYCLE', {
    about: 'it cannot replace itself',
  });
  forward.apply(forward.release(bodyValue([ONE], { replaces: 1 })), 'accepted');

  const floor = 'a floor is what a client is configured with';
  const reset = new CaseBuilder('C17 client-state-deleted', 'The configured floor holds.', {
    minSequence: { [PAYMENTS]: 3 },
    skip: { core: floor, peer: floor, admin: floor },
  });
  reset.begin();
  const first = reset.release([ONE]);
  const second = reset.release(noted('2'), { after: first });
  reset.apply(second, 'ROLLBACK', { mode: 'jump' });
  reset.apply(reset.release(noted('3'), { after: second }), 'accepted', { mode: 'jump' });
  return [race, forward, reset].map((builder) => builder.done());
}

/** Writes the sequence of a statement in another way. */
function sequenceText(text: string): Partial<StatementInput> {
  return { text: (payload) => payload.replace('"sequence":2', `"sequence":${text}`) };
}
