/**
 * Claim `fanout`: one change to thousands of mTLS subscribers of one node, each with a connection
 * of its own, beside bare servers and other systems under the same driver.
 *
 * All systems of one size run at the same time and take turns, so that whatever else the machine
 * does meets all of them alike. T is from just before the publish call until a subscriber has the
 * last byte, by the clock that all processes share.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Claim, type Measurement, type Report, rounded } from './claim.ts';
import { bareHttp2, rawTls } from './fanout/bare.ts';
import { hundredths, judgeFanout, keyOf, ratioKey } from './fanout/bars.ts';
import { Certificates } from './fanout/certificates.ts';
import { Contestant, type Field } from './fanout/contestant.ts';
import { duel } from './fanout/duel.ts';
import { etcd } from './fanout/etcd.ts';
import { kedge, kedgeWorkers } from './fanout/kedge.ts';
import { natsCore, natsKv } from './fanout/nats.ts';
import { REALM } from './fanout/nodes.ts';
import { redis } from './fanout/redis.ts';
import { figuresOf, pairedRatio, type Round } from './fanout/rounds.ts';
import type { Content, FanoutSystem } from './fanout/system.ts';
import {
  beFirst,
  clientsAsked,
  isInstalled,
  isQuick,
  load,
  processorWaitMs,
  processorWaitPercent,
} from './machine.ts';
import { say } from './progress.ts';
import { buildSwarm } from './swarm/swarm.ts';

const WARM_UP_ROUNDS = 2;
const ROUNDS = 5;
const PAUSE_MS = 300;
/** More snapshots would not fit in memory: those of all subscribers wait there at once. */
const SNAPSHOT_MAX = 5000;
/** Kedge first: it decides how large a message is. */
const QUICK_SYSTEMS: readonly FanoutSystem[] = [kedge, kedgeWorkers, bareHttp2, rawTls];
const SYSTEMS: readonly FanoutSystem[] = [...QUICK_SYSTEMS, natsCore, natsKv, redis, etcd];

/** The claim. */
export const fanout: Claim = {
  name: 'fanout',
  summary: 'a change to 1,000, 5,000 and 10,000 mTLS subscribers of a node, beside other systems',
  measure,
};

async function measure(): Promise<Measurement> {
  beFirst();
  const start = { waitMs: processorWaitMs(), atMs: performance.now() };
  const counts = subscriberCounts();
  const largest = Math.max(...counts);
  const report: Report = { figures: { loadBefore: load() }, bars: [], notes: [] };
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  try {
    const program = buildSwarm(folder);
    const certificates = await Certificates.make(folder, REALM);
    for (const subscribers of counts) {
      const field = { folder, certificates, program, subscribers };
      const contents: readonly Content[] =
        subscribers > SNAPSHOT_MAX ? ['delta'] : ['delta', 'snapshot'];
      await measureField(field, contents, report);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  report.figures['loadAfter'] = load();
  report.figures['processorWaitPercent'] = rounded(processorWaitPercent(start));
  report.bars.push(...judgeFanout(report.figures, largest));
  return report;
}

function subscriberCounts(): readonly number[] {
  const asked = clientsAsked();
  if (asked !== undefined) return [asked];
  return isQuick() ? [1000, 5000] : [1000, 5000, 10_000];
}

/** All systems with so many subscribers. */
async function measureField(
  field: Field,
  contents: readonly Content[],
  report: Report,
): Promise<void> {
  const contestants: Contestant[] = [];
  try {
    for (const system of isQuick() ? QUICK_SYSTEMS : SYSTEMS) {
      const contestant = await tryToOpen(system, field, report);
      if (contestant !== undefined) contestants.push(contestant);
    }
    let firstRound = 1;
    for (const content of contents) {
      await runSeries(contestants, { field, content, firstRound }, report);
      firstRound += WARM_UP_ROUNDS + ROUNDS;
    }
    firstRound += await runDuel(contestants, { field, content: 'delta', firstRound }, report);
    await runAcknowledged(contestants[0], { field, content: 'delta', firstRound }, report);
  } finally {
    for (const contestant of contestants) await contestant[Symbol.asyncDispose]();
  }
}

/** A system that does not start is told by name, and does not cost the figures of the others. */
async function tryToOpen(
  system: FanoutSystem,
  field: Field,
  { notes }: Report,
): Promise<Contestant | undefined> {
  const { name, summary, programs } = system;
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length > 0) {
    note(notes, `${name} skipped, not installed: ${missing.join(', ')}`);
    return undefined;
  }
  say(`${name}: connecting ${field.subscribers} subscribers`);
  try {
    const contestant = await Contestant.open(system, field);
    note(notes, `${name}: ${summary}`);
    return contestant;
  } catch (thrown) {
    if (system === kedge) throw thrown;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    note(notes, `${name} with ${field.subscribers} subscribers failed: ${why}`);
    return undefined;
  }
}

interface Series {
  readonly field: Field;
  readonly content: Content;
  readonly firstRound: number;
}

/** Rounds in which all take turns, each time in another order. */
async function runSeries(
  contestants: readonly Contestant[],
  series: Series,
  report: Report,
): Promise<void> {
  const { content, firstRound, field } = series;
  const rounds = new Map<Contestant, Round[]>(contestants.map((each) => [each, []]));
  let bytes = 0;
  for (let i = 0; i < WARM_UP_ROUNDS + ROUNDS; i += 1) {
    const turn = i < WARM_UP_ROUNDS ? 0 : i % contestants.length;
    for (const each of [...contestants.slice(turn), ...contestants.slice(0, turn)]) {
      const round = await each.round({ round: firstRound + i, content, bytes });
      if (each.system === kedge && i < WARM_UP_ROUNDS) ({ bytes } = round);
      if (i >= WARM_UP_ROUNDS) rounds.get(each)?.push(round);
      await sleep(PAUSE_MS);
    }
  }
  report.figures[bytesKey(field.subscribers, content)] = bytes;
  for (const [{ system }, own] of rounds) noteFigures(report, system.name, series, own);
  noteRatios(report, series, rounds);
  if (content !== 'delta') return;
  for (const each of contestants) {
    const key = `${each.system.name}${field.subscribers}ResidentKb`;
    report.figures[key] = rounded(await each.residentKb());
  }
}

/** Kedge and `bare` once more, by turns; returns how many rounds that were. */
async function runDuel(
  contestants: readonly Contestant[],
  { field, content, firstRound }: Series,
  { figures }: Report,
): Promise<number> {
  const find = (wanted: FanoutSystem): Contestant | undefined =>
    contestants.find(({ system }) => system === wanted);
  const [own, bare] = [find(kedge), find(bareHttp2)];
  if (own === undefined || bare === undefined) return 0;
  const bytes = figures[bytesKey(field.subscribers, content)] ?? 0;
  const { ratio, low, high, rounds } = await duel(own, bare, firstRound, { content, bytes });
  const key = ratioKey(bareHttp2.name, field.subscribers, content);
  Object.assign(figures, {
    [key]: hundredths(ratio),
    [`${key}Low`]: hundredths(low),
    [`${key}High`]: hundredths(high),
  });
  say(`${key} by turns ${hundredths(ratio)}, quartiles ${hundredths(low)} to ${hundredths(high)}`);
  return rounds;
}

/** Kedge once more, with clients that answer as the SDK does: delivered, then loaded. */
async function runAcknowledged(
  contestant: Contestant | undefined,
  series: Series,
  report: Report,
): Promise<void> {
  if (contestant?.system !== kedge) return;
  const rounds: Round[] = [];
  for (let i = 0; i < 1 + ROUNDS; i += 1) {
    const publication = { round: series.firstRound + i, content: series.content, bytes: 0 };
    const round = await contestant.round(publication, 'acknowledging');
    if (i > 0) rounds.push(round);
    await sleep(PAUSE_MS);
  }
  noteFigures(report, 'kedgeAcknowledged', series, rounds);
}

function noteRatios(
  { figures }: Report,
  { field, content }: Series,
  rounds: ReadonlyMap<Contestant, readonly Round[]>,
): void {
  for (const [{ system: ours }, own] of rounds) {
    if (ours.name !== 'kedge' && ours.name !== 'kedgeWorkers') continue;
    for (const [{ system }, theirs] of rounds) {
      if (system === ours || system === kedge) continue;
      const key = ratioKey(system.name, field.subscribers, content, ours.name);
      const ratio = hundredths(pairedRatio(own, theirs));
      const served = hundredths(pairedRatio(own, theirs, 'served'));
      Object.assign(figures, { [key]: ratio, [`${key}Served`]: served });
      say(`${key} ${ratio}, served ${served}`);
    }
  }
}

function noteFigures(
  { figures }: Report,
  name: string,
  { field, content }: Series,
  rounds: readonly Round[],
): void {
  const found = figuresOf(rounds, field.subscribers);
  for (const [figure, value] of Object.entries(found)) {
    const suffix = `${figure.slice(0, 1).toUpperCase()}${figure.slice(1)}`;
    figures[keyOf(name, field.subscribers, content, suffix)] = rounded(Number(value));
  }
  const { keepMs, firstMs, p50Ms, lastMs, processorUs } = found;
  const parts = [keepMs, firstMs, p50Ms, lastMs, processorUs].map(rounded).join(' / ');
  say(`${name} ${field.subscribers} ${content}: kept, first, p50, last ms, µs each: ${parts}`);
}

function bytesKey(count: number, content: Content): string {
  return keyOf('bytes', count, content, '');
}

function note(notes: string[], text: string): void {
  if (!notes.includes(text)) notes.push(text);
}
