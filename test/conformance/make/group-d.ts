/**
 * Group D: freshness and time, as a client sees it that demands two of three regions with a window
 * of ten minutes. More of it, as a table, is in `test/vectors/freshness.json`.
 */
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { CaseBuilder } from './case-builder.ts';
import { anchorEntry, DAY, type Doc, SECOND, T0 } from './realm.ts';
import { begun, inUse, noted } from './regions.ts';

const MINUTE = 60 * SECOND;
const WINDOW = 10 * MINUTE;
const YEAR = 365 * DAY;
/** When regions begin to speak: after everything is issued. */
const START = T0 + MINUTE;

/** Cases of the group that are elsewhere. */
export const COVERED_D: readonly CoveredCase[] = [
  {
    name: 'D01 quorum-older-than-W, once',
    about: 'Told once per transition; the set is served.',
    test: 'test/client/regions.test.ts',
    title: 'is fresh by the word of regions, and tells once when it becomes stale',
  },
  {
    name: 'D01 quorum-older-than-W, of a rollout',
    about: 'Who shows what waits and keeps back what became of the rollout makes programs stale.',
    test: 'test/client/regions-waiting.test.ts',
    title: 'is stale within the window when a node withholds what became of that rollout',
  },
  {
    name: 'D01 quorum-older-than-W, of a release that nobody published',
    about: 'A rollout of what no region has hides nothing that a region has before that.',
    test: 'test/client/regions-waiting.test.ts',
    title: 'is stale when a region has one before the release that a rollout names (DW-13)',
  },
  {
    name: 'D01 quorum-older-than-W, in waves',
    about: 'A release that waits behind a rollout makes no program stale: a real node.',
    test: 'test/node/waiting.test.ts',
    title: 'a release that waits behind a rollout makes no program stale (DW-18)',
  },
  {
    name: 'D01 quorum-older-than-W, behind stolen rollout keys',
    about: 'Who has a rollout of a revocation and a node that hides it makes nobody fresh.',
    test: 'test/node/waiting.test.ts',
    title: 'who %s a revocation behind a rollout of stolen keys makes nobody fresh (DW-13)',
  },
  {
    name: 'D02 release-expired',
    about: 'Kept by default, and reported as expired.',
    test: 'test/e2e/faults.test.ts',
    title: 'ahead: a program keeps what it uses, and says that it should be newer',
  },
  {
    name: 'D02 release-expired, fail',
    about: "With `onExpired: 'fail'` nobody is trusted until the next release.",
    test: 'test/client/states.test.ts',
    title: 'takes all trust away when the release expires, and tells',
  },
  {
    name: 'D03 expires-garbage',
    about: 'Every notation of a time but one is refused.',
    test: 'test/core/ids.test.ts',
    title: 'refuses %j (D03)',
  },
  {
    name: 'D03 expires-garbage, too far',
    about: 'Ten years after its issue at most.',
    test: 'test/core/statements/statement.test.ts',
    title: 'refuses %j as the expiry (D03)',
  },
  {
    name: 'D04 issued-in-future',
    about: 'Beyond the clock skew a statement is refused (EXPIRED), and offered again later.',
    test: 'test/core/trusted/accept-release.test.ts',
    title: 'D04: refuses a release from the future beyond the clock skew',
  },
  {
    name: 'D08 expiry-during-update, waiting for regions',
    about: 'When it came decides.',
    test: 'test/client/regions.test.ts',
    title: 'uses a release that waited while its charter expired (D08)',
  },
  {
    name: 'D08 expiry-during-update, waiting for the disk',
    about: 'When it came decides.',
    test: 'test/core/gossip/machine.test.ts',
    title: 'serves what it took, although the charter expired while it was written (D08)',
  },
  {
    name: 'D01-D10 as a table',
    about: 'Readers told by the Go libraries.',
    test: 'test/core/log/freshness.test.ts',
    title: '$name',
  },
];

/** The cases of the group. */
export function groupD(): readonly ConformanceCase[] {
  return [
    oldQuorum(),
    clockBack(),
    clockForward(),
    future(),
    minority(),
    zero(),
    newer(),
    during(),
  ];
}

/** Two regions say at a time what they hold. */
function beat(
  builder: CaseBuilder,
  regions: readonly string[],
  timeMs: number,
  heads: readonly Doc[],
  nowMs: number = timeMs,
): void {
  for (const region of regions) builder.heartbeat(region, timeMs, heads, 'accepted', { nowMs });
}

function oldQuorum(): ConformanceCase {
  const [builder, charter, first] = inUse('D01 quorum-older-than-W', 'Stale, and in use still.');
  builder.fresh('stale', START - SECOND, { about: 'no region has spoken' });
  beat(builder, ['fra', 'iad'], START, [charter, first]);
  builder.fresh('fresh', START);
  builder.fresh('fresh', START + WINDOW);
  builder.fresh('stale', START + WINDOW + 1);
  beat(builder, ['fra', 'sin'], START + 2 * WINDOW, [charter, first]);
  builder.fresh('fresh', START + 2 * WINDOW);
  return builder.done();
}

function clockBack(): ConformanceCase {
  const [builder, charter, first] = inUse('D05 clock-back-1y', 'The floor wins, and outlives all.');
  const late = T0 + 301 * DAY;
  beat(builder, ['fra', 'iad'], late, [charter, first]);
  const second = builder.release(noted('2'));
  builder.cosigned([first, second], ['fra', 'iad'], 'accepted', { nowMs: T0 });
  const back = { nowMs: late - YEAR, about: 'the charter has expired, whatever this clock says' };
  builder.apply(second, 'EXPIRED', back);
  builder.fresh('fresh', late - YEAR, { clock: 'behind' });
  builder.restart();
  builder.apply(second, 'EXPIRED', { ...back, about: 'also after a restart' });
  builder.fresh('stale', late - YEAR, { clock: 'behind' });
  return builder.done();
}

function clockForward(): ConformanceCase {
  const [builder, charter, first] = inUse('D06 clock-forward-10y', 'Suspected; heals by itself.');
  const ahead = 10 * YEAR;
  for (const passed of [0, MINUTE]) {
    beat(builder, ['fra', 'iad'], START + passed, [charter, first], START + passed + ahead);
  }
  builder.fresh('stale', START + MINUTE + ahead, { clock: 'ahead' });
  builder.fresh('fresh', START + MINUTE + SECOND, { about: 'it was put right' });
  return builder.done();
}

function future(): ConformanceCase {
  const [builder, charter, first] = inUse(
    'D07 one-region-future-timestamp',
    'One region that lies about the time changes neither the clock nor who is fresh.',
  );
  builder.heartbeat('sin', START + YEAR, [charter, first], 'accepted', { nowMs: START });
  beat(builder, ['fra'], START, [charter, first]);
  builder.fresh('stale', START, { about: 'two words, one of them from the future' });
  beat(builder, ['iad'], START, [charter, first]);
  builder.fresh('fresh', START);
  builder.fresh('stale', START + WINDOW + 1);
  return builder.done();
}

function minority(): ConformanceCase {
  const [builder, charter, first] = inUse('D10 partition-minority', 'Stale within W, not before.');
  beat(builder, ['fra', 'iad'], START, [charter, first]);
  for (let passed = 2 * MINUTE; passed <= WINDOW; passed += 2 * MINUTE) {
    beat(builder, ['fra'], START + passed, [charter, first]);
    builder.fresh('fresh', START + passed);
  }
  builder.fresh('stale', START + WINDOW + 1, { about: 'the word of one region does not do' });
  return builder.done();
}

function zero(): ConformanceCase {
  const [builder, , first] = begun('D11 cosignature-time-zero', 'No time, no cosignature.');
  builder.cosigned([first], ['fra', 'iad'], 'held', { note: { timeSeconds: 0 } });
  builder.apply(first, 'QUORUM');
  builder.cosigned([first], ['fra', 'iad'], 'accepted');
  builder.apply(first, 'accepted');
  return builder.done();
}

function newer(): ConformanceCase {
  const builder = new CaseBuilder('D09 expired-local-newer-remote', 'What expired is left behind.');
  builder.begin();
  builder.apply(builder.release(noted('1')), 'accepted');
  const issuedMs = T0 + 100 * DAY;
  builder.apply(builder.release([anchorEntry('one')], { issuedMs }), 'accepted');
  return builder.done();
}

/** What takes longer is in the tests of the client and of the machine. */
function during(): ConformanceCase {
  const builder = new CaseBuilder(
    'D08 expiry-during-update',
    'One time decides about a document: when it came.',
  );
  const expiresMs = T0 + 10 * DAY;
  builder.begin(() => undefined, { expiresMs });
  const issued = { issuedMs: expiresMs - MINUTE };
  const first = builder.release([anchorEntry('one', issued.issuedMs)], issued);
  builder.apply(first, 'accepted', { nowMs: expiresMs - 1 });
  builder.apply(first, 'held', { nowMs: expiresMs });
  const second = builder.release([anchorEntry('one', issued.issuedMs)], issued);
  builder.apply(second, 'EXPIRED', { nowMs: expiresMs });
  return builder.done();
}
