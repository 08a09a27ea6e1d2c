/**
 * Claim `replication`: how much longer than light an update takes to the last of 15 nodes in five
 * regions, and how that compares with other systems on the same network in the same run.
 *
 * T is from just before the publish call until the last place has the update; D is the largest
 * one-way way from the origin; judged is R = T / D. Between updates there are pauses in which TCP
 * forgets what the way can carry, as it does between real releases.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost, type Claim, type Measurement, percentile, type Report } from './claim.ts';
import { isInstalled, isQuick, load, processorWaitMs, processorWaitPercent } from './machine.ts';
import { say } from './progress.ts';
import { kedge, releaseBytes } from './replication/kedge.ts';
import type { RunningSystem, System } from './replication/system.ts';
import { QUICK_SYSTEMS, SYSTEMS } from './replication/systems.ts';
import { measureDelayError } from './wan/delay-error.ts';
import { FIVE_REGIONS, farthestMs } from './wan/matrix.ts';
import { openWan } from './wan/open-wan.ts';
import { allowCongestionControls, type TcpSetting, tuneTcp } from './wan/tuning.ts';
import type { Wan } from './wan/wan.ts';

const HOSTS_PER_REGION = 3;
const ROUNDS = 50;
/** Updates that are not counted: code is compiled, bundles get their first release. */
const WARM_UP_ROUNDS = 10;
const PAUSE_MIN_MS = 700;
const PAUSE_SPREAD_MS = 500;
/** How long nodes are watched that have nothing to do. */
const REST_MS = 5000;
const MEDIAN_MAX = 1.1;
const P95_MAX = 1.25;
const DELAY_ERROR_MAX_PERCENT = 0.5;

/** Without a bar: it says what 15 nodes on one machine wait for. */
const ONE_EACH: System = {
  ...kedge,
  name: 'kedgeOneEach',
  summary: 'the same with one node a region, so that nobody waits for a processor',
};

/** The claim. */
export const replication: Claim = {
  name: 'replication',
  summary: '15 nodes in 5 regions: time until the last one has an update, divided by distance',
  measure,
};

async function measure(): Promise<Measurement> {
  const report: Report = { figures: {}, bars: [], notes: [] };
  await measureAll(report);
  await measureOneEach(report);
  report.notes.push('slow start after idle: 1 (the default of the kernel) unless the name says 0');
  return report;
}

async function measureAll(report: Report): Promise<void> {
  const { wan, notes } = await openWan(FIVE_REGIONS, HOSTS_PER_REGION);
  await using _ = wan;
  const start = { waitMs: processorWaitMs(), atMs: performance.now() };
  report.notes.push(...notes);
  const distanceMs = farthestMs(wan.matrix, 0);
  const payloadBytes = releaseBytes();
  const delayErrorPercent = rounded(await measureDelayError(wan));
  Object.assign(report.figures, {
    nodes: wan.hosts.length,
    rounds: rounds(),
    distanceMs,
    payloadBytes,
    delayErrorPercent,
    loadBefore: load(),
  });
  report.bars.push(atMost('delayErrorPercent', delayErrorPercent, DELAY_ERROR_MAX_PERCENT));
  report.notes.push(`network: ${wan.kind}, origin ${wan.hosts[0]?.name ?? ''}`);
  using controls = allowCongestionControls(wan);
  for (const congestion of controls.names.length > 0 ? controls.names : ['proxies']) {
    for (const system of isQuick() ? QUICK_SYSTEMS : SYSTEMS) {
      await tryToMeasure(wan, system, congestion, report);
    }
  }
  report.figures['loadAfter'] = load();
  report.figures['processorWaitPercent'] = rounded(processorWaitPercent(start));
}

/** What is left when the last nodes to have it do not wait for each other's processor. */
async function measureOneEach(report: Report): Promise<void> {
  const { wan } = await openWan(FIVE_REGIONS, 1);
  await using _ = wan;
  using controls = allowCongestionControls(wan);
  await tryToMeasure(wan, ONE_EACH, controls.names[0] ?? 'proxies', report);
}

/** A system that does not start is told by name, and does not cost the figures of the others. */
async function tryToMeasure(
  wan: Wan,
  system: System,
  congestion: string,
  report: Report,
): Promise<void> {
  try {
    await measureSystem(wan, system, congestion, report);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    report.notes.push(`${system.name} with ${congestion} failed: ${why}`);
    if (system === kedge) report.bars.push(atMost(`${system.name}Failed`, 1, 0));
  }
}

async function measureSystem(
  wan: Wan,
  system: System,
  congestion: string,
  report: Report,
): Promise<void> {
  const [origin] = wan.hosts;
  const missing = system.programs.filter((name) => !isInstalled(name));
  if (origin === undefined) return;
  if (missing.length > 0 || (wan.kind === 'proxies' && system !== kedge)) {
    const why = missing.length > 0 ? `not installed: ${missing.join(', ')}` : 'needs namespaces';
    note(report, `${system.name} skipped, ${why}`);
    return;
  }
  note(report, `${system.name}: ${system.summary}`);
  const distanceMs = farthestMs(wan.matrix, origin.regionIndex);
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  try {
    tuneTcp(wan, { congestion, slowStartAfterIdle: '1' });
    say(`${system.name} with ${congestion}`);
    await using running = await system.start({
      wan,
      origin,
      payloadBytes: releaseBytes(),
      folder,
    });
    const rest = await processorAtRest(running);
    const cold = { first: 0, count: WARM_UP_ROUNDS };
    await noteProcessor(report, 'cpuMsPerUpdateCold', running, rest, async () =>
      publishAll(running, cold),
    );
    const warm = { first: WARM_UP_ROUNDS, count: rounds() };
    const times = await noteProcessor(report, 'cpuMsPerUpdate', running, rest, async () =>
      publishAll(running, warm),
    );
    judge(report, system, { congestion, slowStartAfterIdle: '1' }, times, distanceMs);
    if (system !== kedge || wan.tune === undefined) return;
    const setting: TcpSetting = { congestion, slowStartAfterIdle: '0' };
    tuneTcp(wan, setting);
    const last = { first: WARM_UP_ROUNDS + rounds(), count: rounds() };
    const again = await publishAll(running, last);
    judge(report, system, setting, again, distanceMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of processor time that a node takes in a second without updates. */
async function processorAtRest({ processorMs }: RunningSystem): Promise<number> {
  if (processorMs === undefined) return Number.NaN;
  await sleep(REST_MS);
  const before = sum(processorMs());
  await sleep(REST_MS);
  const after = processorMs();
  return (sum(after) - before) / after.length / (REST_MS / 1000);
}

/** Notes what one update cost one node in `publish`, without what it takes at rest. */
async function noteProcessor(
  { figures }: Report,
  name: string,
  { processorMs }: RunningSystem,
  restMsPerSecond: number,
  publish: () => Promise<readonly number[]>,
): Promise<readonly number[]> {
  if (processorMs === undefined) return await publish();
  const before = sum(processorMs());
  const startMs = performance.now();
  const times = await publish();
  await sleep(PAUSE_MIN_MS);
  const after = processorMs();
  const restMs = (restMsPerSecond * (performance.now() - startMs)) / 1000;
  const spentMs = (sum(after) - before) / after.length - restMs;
  figures[name] ??= rounded(spentMs / times.length);
  say(`${name}: ${rounded(spentMs / times.length)}`);
  return times;
}

async function publishAll(
  system: RunningSystem,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = first; round < first + count; round += 1) {
    await sleep(PAUSE_MIN_MS + Math.random() * PAUSE_SPREAD_MS);
    times.push(await publishOne(system, round));
  }
  return times;
}

/** An update that is lost counts as the time that it was waited for. */
async function publishOne(system: RunningSystem, round: number): Promise<number> {
  const startMs = performance.now();
  try {
    return await system.publish(round);
  } catch (thrown) {
    say(`update ${round}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return performance.now() - startMs;
  }
}

function judge(
  report: Report,
  { name }: System,
  { congestion, slowStartAfterIdle }: TcpSetting,
  times: readonly number[],
  distanceMs: number,
): void {
  const suffix = slowStartAfterIdle === '0' ? 'Idle0' : '';
  const key = `${name}${congestion.slice(0, 1).toUpperCase()}${congestion.slice(1)}${suffix}`;
  const median = rounded(percentile(times, 0.5) / distanceMs);
  const p95 = rounded(percentile(times, 0.95) / distanceMs);
  report.figures[`${key}Median`] = median;
  report.figures[`${key}P95`] = p95;
  report.figures[`${key}Max`] = rounded(percentile(times, 1) / distanceMs);
  say(`${key}: median ${median}, p95 ${p95}`);
  if (name !== kedge.name || suffix !== '') return;
  report.bars.push(atMost(`${key}Median`, median, MEDIAN_MAX), atMost(`${key}P95`, p95, P95_MAX));
}

function note({ notes }: Report, text: string): void {
  if (!notes.includes(text)) notes.push(text);
}

/** `KEDGE_BENCH_ROUNDS` makes a run shorter; bars are meant for the default. */
function rounds(): number {
  const given = Number(process.env['KEDGE_BENCH_ROUNDS']);
  return Number.isInteger(given) && given > 0 ? given : ROUNDS;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
