/**
 * Group B: the chain of charters.
 */
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { byAdmin, CaseBuilder, TAKEN } from './case-builder.ts';
import {
  anchorEntry,
  at,
  DAY,
  govern,
  type JsonObject,
  listRegions,
  recoverable,
  reveal,
  roleEntry,
  SECOND,
  signerEntry,
  T0,
} from './realm.ts';
import { begun, DEMAND, inUse, noted, REGIONS, threeRegions } from './regions.ts';

/** The cases of the group, but for the long one. */
export function groupB(): readonly ConformanceCase[] {
  return [
    ...quorumCases(),
    ...orderCases(),
    ...expiryCases(),
    ...recoveryCases(),
    ...rivalCases(),
    ...logCases(),
  ];
}

/** B10, in a file of its own. */
export function groupB10(): readonly ConformanceCase[] {
  const b = new CaseBuilder('B10 300-rotations-behind', 'Every version in between is walked.');
  const alone = (charter: JsonObject): void => {
    charter['signers'] = [signerEntry('alice')];
    charter['regions'] = [];
    const role = { ...roleEntry(1, 'alice'), expiryDays: 365 };
    charter['roles'] = { charter: role, release: role };
  };
  const short = { by: ['alice'], expiresMs: T0 + 20 * DAY };
  b.begin(alone, short);
  for (let version = 2; version <= 300; version += 1) {
    b.apply(b.charter(alone, { ...short, issuedMs: T0 - DAY + version * SECOND }), 'accepted');
  }
  b.apply(b.release([anchorEntry('one')], { by: ['alice'] }), 'accepted');
  return [b.done()];
}

/** Cases of the group that are about more than documents. */
export const COVERED_B: readonly CoveredCase[] = [
  {
    name: 'B14 recovery-quorum, statement alone',
    about: 'What recovery keys signed proves a fork until it is there whole.',
    test: 'test/core/trusted/accept-charter.test.ts',
    title: 'is one while what they signed is not whole, and the keys go along as proof (QU-3)',
  },
  {
    name: 'B16 recovery-over-rival, as a property',
    about: 'Every order, repetition and subset, against the rules written down a second time.',
    test: 'test/core/trusted/rival-charter.test.ts',
    title: 'end with the same, which the charters alone say',
  },
  {
    name: 'B16 recovery-over-rival, parties',
    about: 'Parties that saw different charters agree once they told each other.',
    test: 'test/core/trusted/rival-charter.test.ts',
    title: 'end with the same once the proofs of forks went round',
  },
  {
    name: 'B16 recovery-over-rival, nodes',
    about: 'Nodes give up what a thief published, and go on.',
    test: 'test/service/recovery.test.ts',
    title: 'takes what a thief published away from every node, and goes on',
  },
  {
    name: 'B18 recovery-twice, nodes',
    about: 'All nodes stop with the same proof.',
    test: 'test/service/recovery.test.ts',
    title: 'stops for good where recovery keys signed twice',
  },
  {
    name: 'B18 recovery-used',
    about: 'What recovery keys signed and nobody can take counts with the proof of a lower fork.',
    test: 'test/core/trusted/rival-charter.test.ts',
    title: 'end with the same where recovery keys signed what nobody can take',
  },
];

function quorumCases(): readonly ConformanceCase[] {
  const rotation = (charter: JsonObject): void => govern(charter, 2, 'carol', 'erin', 'frank');
  const one = new CaseBuilder('B01 only-old-quorum', 'The new signers must agree too.');
  one.begin();
  one.apply(one.charter(rotation, { by: ['alice', 'bob'] }), 'THRESHOLD');
  one.apply(one.charter(rotation, { by: ['alice', 'bob', 'carol'] }), 'THRESHOLD');
  const two = new CaseBuilder('B02 only-new-quorum', 'The old signers must agree.');
  two.begin();
  two.apply(two.charter(rotation, { by: ['erin', 'frank'] }), 'THRESHOLD');
  two.apply(two.charter(rotation, { by: ['carol', 'erin', 'frank'] }), 'THRESHOLD');
  const three = new CaseBuilder('B03 rotate-all-with-both', 'Both quorums change everybody.');
  three.begin();
  const all = (charter: JsonObject): void => govern(charter, 2, 'erin', 'frank', 'mallory');
  three.apply(three.charter(all, { by: ['alice', 'bob', 'erin', 'frank'] }), 'accepted');
  three.apply(three.release([anchorEntry('one')]), 'THRESHOLD');
  three.apply(three.release([anchorEntry('one')], { by: ['erin', 'frank'] }), 'accepted');
  const four = new CaseBuilder('B04 threshold-raise-lower', 'Both thresholds must be met.');
  const thresholdOf = (threshold: number) => (charter: JsonObject) => {
    const role = roleEntry(threshold, 'alice', 'bob', 'carol');
    at(charter, 'roles')['charter'] = { ...role, expiryDays: 365 };
  };
  const everybody = { by: ['alice', 'bob', 'carol'] };
  four.begin();
  four.apply(four.charter(thresholdOf(3)), 'THRESHOLD', { about: 'raised by two' });
  four.apply(four.charter(thresholdOf(3), everybody), 'accepted');
  four.apply(four.charter(thresholdOf(2)), 'THRESHOLD', { about: 'lowered by two' });
  four.apply(four.charter(thresholdOf(2), everybody), 'accepted');
  return [one, two, three, four].map((builder) => builder.done());
}

function orderCases(): readonly ConformanceCase[] {
  const five = new CaseBuilder('B05 skip-version', 'Version 3 says nothing without version 2.');
  const first = five.begin();
  five.apply(
    five.charter(() => undefined, { sequence: 3 }),
    'GAP',
  );
  five.apply(five.release([anchorEntry('one')], { charterVersion: 2 }), 'GAP', {
    about: 'nor does a release under a version that is not held',
  });
  const wrong = { previous: first.digest.replace(/^./, (c) => (c === '0' ? '1' : '0')) };
  five.apply(
    five.charter(() => undefined, wrong),
    'PREVIOUS',
    { about: 'another predecessor' },
  );

  const six = new CaseBuilder('B06 same-version-other-bytes', 'A fork of the charter stops all.');
  six.begin();
  six.apply(six.release([anchorEntry('one')]), 'accepted');
  const noted = (note: string) => (charter: JsonObject) => {
    charter['note'] = note;
  };
  const [a, b] = [six.charter(noted('a')), six.charter(noted('b'))];
  six.apply(a, 'accepted');
  const before = six.release([anchorEntry('one')], { charterVersion: 1 });
  six.apply(b, 'forked', TAKEN);
  const unforked = byAdmin('accepted', 'to this node nothing is forked');
  six.apply(before, 'FORK', unforked);
  six.apply(six.charter(noted('c'), { after: a, sequence: 3 }), 'FORK', unforked);
  six.restart();
  six.evidence(a, b, 'held');

  const half = new CaseBuilder('B06 half-a-proof', 'Who signed too little forks no charter.', {
    skip: { admin: 'Submit takes documents, not evidence' },
  });
  half.begin();
  const good = half.charter(noted('a'));
  const weak = half.charter(noted('b'), { by: ['alice'] });
  half.evidence(good, weak, 'THRESHOLD', { about: 'one signer' });
  half.evidence(good, half.charter(noted('b'), { by: ['alice', 'mallory'] }), 'THRESHOLD', {
    about: 'and a stranger',
  });
  half.evidence(good, good, 'TYPE', { about: 'one charter twice' });
  half.apply(good, 'accepted');
  half.evidence(good, weak, 'THRESHOLD', { about: 'also against what is in use' });

  const seven = new CaseBuilder('B07 older', 'Older versions change nothing.');
  seven.begin();
  const second = seven.charter(noted('2'));
  seven.apply(second, 'accepted');
  seven.apply(seven.charter(noted('3')), 'accepted');
  seven.apply(second, 'held');
  const forged = seven.charter(noted('x'), { after: 'nothing', sequence: 2, by: ['alice'] });
  seven.apply(forged, 'ROLLBACK', TAKEN);
  const other = seven.charter(noted('y'), { after: 'nothing' });
  seven.apply(other, 'ROLLBACK', { ...TAKEN, about: 'the first one is pinned, not voted on' });

  const eleven = new CaseBuilder(
    'B11 crash-between-charter-and-release',
    'What was stored is there again, and the rest follows.',
  );
  eleven.begin();
  const next = eleven.charter((charter) => govern(charter, 2, 'alice', 'bob', 'erin'));
  eleven.apply(next, 'accepted');
  eleven.restart();
  eleven.apply(next, 'held');
  const release = eleven.release([anchorEntry('one')], { by: ['alice', 'erin'] });
  eleven.apply(release, 'accepted');
  eleven.restart();
  eleven.apply(release, 'held');
  return [five, six, half, seven, eleven].map((builder) => builder.done());
}

function expiryCases(): readonly ConformanceCase[] {
  const late = T0 + 100 * DAY;
  const same = (): void => undefined;
  const eight = new CaseBuilder(
    'B08 intermediate-expired-final-valid',
    'Who was away walks over expired charters.',
  );
  const first = eight.charter(same, { expiresMs: T0 + 10 * DAY });
  eight.pin(first);
  const past = byAdmin('EXPIRED', 'what has expired comes from peers, as history');
  const without = byAdmin('GAP', 'this node lacks the charters before');
  eight.apply(first, 'accepted', { ...past, nowMs: late });
  const middle = eight.charter(same, { expiresMs: T0 + 20 * DAY });
  eight.apply(middle, 'accepted', { ...past, nowMs: late });
  eight.apply(eight.charter(same), 'accepted', { ...without, nowMs: late });
  const now = eight.release([anchorEntry('one', late)], { issuedMs: late });
  eight.apply(now, 'accepted', without);

  const nine = new CaseBuilder(
    'B09 final-expired',
    'Nothing new under an expired charter; what is held stays, and the next charter helps.',
  );
  nine.begin(same, { expiresMs: T0 + 10 * DAY });
  nine.apply(nine.release([anchorEntry('one')]), 'accepted');
  const after = T0 + 11 * DAY;
  const refused = nine.release([anchorEntry('one')], { issuedMs: after });
  nine.apply(refused, 'EXPIRED');
  nine.apply(nine.charter(same, { issuedMs: after }), 'accepted');
  nine.apply(refused, 'accepted');
  return [eight.done(), nine.done()];
}

/** B15: a client that demands two regions takes a charter only when two of those it has saw it. */
/** Rita, Ron and Ruth hold recovery keys; Erin and Frank take over. */
function recoveryCases(): readonly ConformanceCase[] {
  const hidden = (charter: JsonObject): void => recoverable(charter, 2, 'rita', 'ron', 'ruth');
  const takeover =
    (...names: readonly string[]) =>
    (charter: JsonObject) => {
      govern(charter, 2, 'erin', 'frank');
      recoverable(charter, 1, 'ruth');
      reveal(charter, ...names);
    };
  const own = ['erin', 'frank'];
  const thirteen = new CaseBuilder('B13 recovery-wrong-digest', 'Only listed keys recover.');
  thirteen.begin(hidden);
  thirteen.apply(thirteen.release([anchorEntry('one')]), 'accepted');
  const wrong = { by: ['rita', 'mallory', ...own] };
  thirteen.apply(thirteen.charter(takeover('rita', 'mallory'), wrong), 'KEY');
  thirteen.apply(thirteen.charter(takeover('rita', 'ron'), { by: ['rita', ...own] }), 'THRESHOLD', {
    about: 'one key of two',
  });
  const alone = { by: ['rita', 'ron', 'erin'] };
  thirteen.apply(thirteen.charter(takeover('rita', 'ron'), alone), 'THRESHOLD', {
    about: 'the new charter has its own quorum all the same',
  });
  const thief = (charter: JsonObject): void => recoverable(charter, 1, 'mallory');
  thirteen.apply(thirteen.charter(thief), 'POLICY', {
    about: 'the charter quorum does not replace the recovery keys',
  });
  thirteen.apply(
    thirteen.charter(() => undefined),
    'POLICY',
    { about: 'nor does it remove them' },
  );
  const fourteen = new CaseBuilder('B14 recovery-quorum', 'The new charter resets every role.');
  fourteen.begin(hidden);
  fourteen.apply(fourteen.release([anchorEntry('one')]), 'accepted');
  const both = { by: ['rita', 'ron', ...own] };
  fourteen.apply(fourteen.charter(takeover('rita', 'ron'), both), 'accepted');
  fourteen.apply(fourteen.release([anchorEntry('one')]), 'THRESHOLD', {
    about: 'who signed before signs nothing now',
  });
  fourteen.apply(fourteen.release([anchorEntry('one')], { by: own }), 'accepted');
  fourteen.restart();
  const again = (charter: JsonObject): void => {
    takeover('ruth')(charter);
    recoverable(charter, 1, 'rita');
  };
  fourteen.apply(fourteen.charter(again, { by: ['ruth', ...own] }), 'KEY', {
    about: 'what was revealed once is used up',
  });
  return [thirteen.done(), fourteen.done()];
}

/** B16 to B18: the thief has the keys of Alice and Bob; Rita, Ron and Ruth those of recovery. */
function rivalCases(): readonly ConformanceCase[] {
  const hidden = (charter: JsonObject): void => recoverable(charter, 2, 'rita', 'ron', 'ruth');
  const rival = (note: string) => (charter: JsonObject) => {
    hidden(charter);
    charter['note'] = note;
  };
  const takeover =
    (...names: readonly string[]) =>
    (charter: JsonObject) => {
      govern(charter, 2, 'erin', 'frank');
      recoverable(charter, 1, 'mallory');
      reveal(charter, ...names);
    };
  const own = ['erin', 'frank'];
  const by = { by: ['rita', 'ron', ...own] };

  const held = new CaseBuilder('B16 recovery-over-rival held', 'What was adopted falls.');
  const first = held.begin(hidden);
  const ours = held.release([anchorEntry('one')]);
  held.apply(ours, 'accepted');
  const second = held.charter(rival('stolen'));
  held.apply(second, 'accepted');
  held.apply(held.charter(rival('stolen too')), 'accepted');
  const recovered = held.charter(takeover('rita', 'ron'), { ...by, after: first });
  held.apply(recovered, 'accepted');
  held.restart();
  held.apply(second, 'FORK', { ...TAKEN, about: 'it is covered now' });
  held.apply(held.release([anchorEntry('one')]), 'THRESHOLD', { about: 'the thief signs nothing' });
  held.apply(held.release([anchorEntry('one')], { by: own }), 'accepted');

  const late = new CaseBuilder('B16 recovery-over-rival late', 'It does not come back.');
  const root = late.begin(hidden);
  late.apply(late.charter(takeover('rita', 'ron'), by), 'accepted');
  late.apply(late.charter(rival('stolen'), { after: root }), 'FORK', TAKEN);
  late.restart();
  late.apply(late.release([anchorEntry('one')], { by: own }), 'accepted');

  const fork = new CaseBuilder('B16 recovery-over-rival fork', 'It ends a fork.');
  const begun = fork.begin(hidden);
  fork.apply(fork.charter(rival('a'), { after: begun }), 'accepted');
  fork.apply(fork.charter(rival('b'), { after: begun }), 'forked', TAKEN);
  fork.restart();
  fork.apply(fork.charter(takeover('rita', 'ron'), { ...by, after: begun }), 'accepted');
  fork.apply(fork.release([anchorEntry('one')], { by: own }), 'accepted');

  const buried = new CaseBuilder('B17 covered-rival', 'Keys that left stop nothing.');
  const start = buried.begin(hidden);
  buried.apply(buried.charter(rival('ours')), 'accepted');
  buried.apply(buried.charter(takeover('rita', 'ron'), by), 'accepted');
  const gone = [
    buried.charter(rival('x'), { after: start }),
    buried.charter(rival('y'), { after: start }),
  ];
  for (const one of gone) buried.apply(one, 'FORK', TAKEN);
  const [x, y] = gone;
  if (x !== undefined && y !== undefined) buried.evidence(x, y, 'held');
  buried.apply(buried.release([anchorEntry('one')], { by: own }), 'accepted');

  const twice = new CaseBuilder('B18 recovery-twice', 'Then nothing decides.');
  const base = twice.begin(hidden);
  twice.apply(twice.charter(takeover('rita', 'ron'), by), 'accepted');
  const other = { by: ['ron', 'ruth', ...own], after: base };
  twice.apply(twice.charter(takeover('ron', 'ruth'), other), 'forked');
  twice.restart();
  twice.apply(twice.release([anchorEntry('one')]), 'FORK');
  return [
    ...[held, late, fork, buried, twice].map((builder) => builder.done()),
    attestedRecovery(),
  ];
}

/** A client that demands two regions takes a recovery as any other charter, in a log of its own. */
function attestedRecovery(): ConformanceCase {
  const hidden = (charter: JsonObject): void => {
    threeRegions(charter);
    recoverable(charter, 2, 'rita', 'ron', 'ruth');
  };
  const [b, first] = begun(
    'B16 recovery-and-regions',
    'Regions of the charter that both follow say which one is to be used.',
    DEMAND,
    hidden,
  );
  const stolen = b.charter(hidden);
  b.cosigned([first, stolen], ['iad', 'sin'], 'accepted');
  b.apply(stolen, 'accepted', { about: 'the thief shows it to everybody' });
  const fallen = b.release(noted('fallen'));
  b.cosigned([fallen], REGIONS, 'accepted');
  b.apply(fallen, 'accepted');
  const more = b.charter((charter) => {
    hidden(charter);
    const { digest, sequence, stream } = fallen;
    charter['resolutions'] = [{ digest, sequence, stream }];
  });
  b.cosigned([first, stolen, more], ['iad', 'sin'], 'accepted');
  b.apply(more, 'accepted');
  b.cosigned([fallen], REGIONS, 'accepted', {
    note: { log: '/3' },
    about: 'he decides about his own',
  });
  const takeover = (charter: JsonObject): void => {
    threeRegions(charter);
    govern(charter, 2, 'erin', 'frank');
    recoverable(charter, 1, 'mallory');
    reveal(charter, 'rita', 'ron');
  };
  const by = { by: ['rita', 'ron', 'erin', 'frank'], after: first };
  const recovered = b.charter(takeover, by);
  b.apply(recovered, 'QUORUM', { about: 'no region cosigned its log' });
  b.cosigned([first, recovered], ['fra'], 'accepted', { note: { log: '/2' } });
  b.apply(recovered, 'QUORUM', { about: 'one region too few' });
  b.cosigned([first, recovered], ['iad'], 'accepted', { note: { log: '/2' } });
  b.apply(recovered, 'accepted');
  const release = b.release(noted('1'), { by: ['erin', 'frank'], after: 'nothing' });
  b.apply(release, 'QUORUM', { about: 'regions cosigned another one in the log before' });
  const note = { log: '/2/0' };
  b.cosigned([release], REGIONS, 'accepted', { note, about: 'no second root' });
  b.apply(release, 'accepted');
  b.cosigned([fallen], REGIONS, 'held', { note: { log: '/3' }, about: 'of a log that is over' });
  return b.done();
}

function logCases(): readonly ConformanceCase[] {
  return [hiddenRotation(), replacedRegions(), firstRegions()];
}

function hiddenRotation(): ConformanceCase {
  const [b, first, release] = inUse(
    'B15 hidden-rotation',
    'A charter that verifies and that regions did not see is not used.',
  );
  const hidden = b.charter((charter) => listRegions(charter, { gru: ['gru'], syd: ['mallory'] }));
  b.apply(hidden, 'QUORUM', { about: 'no region cosigned it' });
  const own = { gru: ['gru'], syd: ['mallory'] };
  b.cosigned([first, hidden], ['gru', 'syd'], 'held', { note: { keys: own } });
  b.apply(hidden, 'QUORUM', { about: 'its own regions have no say in it' });
  b.cosigned([first, hidden], ['sin'], 'accepted');
  b.apply(hidden, 'QUORUM', { about: 'one region too few' });
  const shown = b.charter((charter) => {
    threeRegions(charter);
    charter['note'] = 'shown to everybody';
  });
  b.cosigned([first, shown], ['fra', 'iad'], 'accepted');
  b.apply(hidden, 'PROOF', { about: 'two regions cosigned another one' });
  b.apply(release, 'held', { about: 'what is in use stays' });
  b.apply(shown, 'accepted');
  return b.done();
}

function replacedRegions(): ConformanceCase {
  const [b, first] = inUse(
    'B15 regions-replaced',
    'The regions of the charter in use decide about the next one.',
  );
  const second = b.charter((charter) =>
    listRegions(charter, { fra: ['fra'], gru: ['gru'], iad: ['iad'] }),
  );
  b.cosigned([first, second], ['iad', 'sin'], 'accepted');
  b.apply(second, 'accepted', { about: 'a region that leaves may still say that it saw it' });
  const third = b.charter(threeRegions);
  b.cosigned([first, second, third], ['iad'], 'accepted');
  b.cosigned([first, second, third], ['sin'], 'held', { about: 'it is none of the second' });
  b.apply(third, 'QUORUM');
  b.cosigned([first, second, third], ['gru'], 'accepted');
  b.apply(third, 'accepted');
  return b.done();
}

function firstRegions(): ConformanceCase {
  const b = new CaseBuilder('B15 first-regions', 'Who has no regions cannot ask them.', DEMAND);
  const first = b.begin((charter) => listRegions(charter, {}));
  const second = b.charter(threeRegions);
  b.apply(second, 'accepted');
  const third = b.charter(threeRegions);
  b.apply(third, 'QUORUM');
  b.cosigned([first, second, third], REGIONS, 'accepted');
  b.apply(third, 'accepted');
  const release = b.release(noted('1'));
  b.cosigned([release], REGIONS, 'accepted');
  b.apply(release, 'accepted');
  return b.done();
}
