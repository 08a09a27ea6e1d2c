/**
 * Claim `rollout`: a bad release is stopped by its gate before the second wave, each time; and a
 * revocation reaches every program while a canary is under way.
 *
 * Three nodes in three regions, each a process. Bad releases: lean clients, of whose canaries one
 * refuses and the others take it; nothing may be sent to anybody outside the first wave.
 * Revocations: programs under the SDK with live TLS servers, a process for each region; in a canary
 * of 5 % an anchor is revoked, and the time counts from before the submission, the last signature
 * being there, until a program's new handshakes refuse leaves of it. One program in ten really gets
 * such a handshake.
 *
 * @module
 */
import type { Cluster } from '../demo/cluster.ts';
import { AdminClient } from '../src/client/admin-client.ts';
import { LeanChannels } from '../src/testing/lean-clients.ts';
import type { TestRelease } from '../src/testing/realm.ts';
import { WavedFleet } from '../src/testing/waved-fleet.ts';
import { atMost, type Claim, type Measurement, percentile, type Report, rounded } from './claim.ts';
import { beFirst, isQuick, load } from './machine.ts';
import { channelCredentials, inOwnCluster } from './own-cluster.ts';
import { say } from './progress.ts';
import { Revocations } from './rollout/revocations.ts';

const RUNS = 100;
const QUICK_RUNS = 10;
const CANARIES = 12;
const OTHERS = 48;
/** What nodes tell of refusals takes a second or two to get around. */
const GATES = { loadedPercent: 80, soakSeconds: 3 };
const ROUNDS = 10;
const QUICK_ROUNDS = 3;
const REFUSED_P99_MS = 1000;

/** The claim. */
export const rollout: Claim = {
  name: 'rollout',
  summary: 'bad releases stopped at their first wave; a revocation during a canary, 300 programs',
  measure,
};

async function measure(): Promise<Measurement> {
  beFirst();
  const report: Report = { figures: { loadBefore: load() }, bars: [], notes: [] };
  await inCluster(async (cluster, admins) => measureStops(cluster, admins, report));
  await inCluster(async (cluster, admins) => measureRevocations(cluster, admins, report));
  return report;
}

async function inCluster(
  work: (cluster: Cluster, admins: readonly AdminClient[]) => Promise<void>,
): Promise<void> {
  const terms = { rolloutSigner: 'deploy', blastRadiusPercent: 100 };
  await inOwnCluster(async (cluster) => {
    const admins: AdminClient[] = [];
    try {
      const tls = await cluster.linkFiles('admin', 'bench');
      for (const { place } of cluster.nodes) {
        admins.push(await AdminClient.open({ endpoint: place.address, tls }));
      }
      await work(cluster, admins);
    } finally {
      for (const admin of admins) admin[Symbol.dispose]();
    }
  }, terms);
}

async function measureStops(
  cluster: Cluster,
  admins: readonly AdminClient[],
  { figures, bars }: Report,
): Promise<void> {
  const runs = isQuick() ? QUICK_RUNS : RUNS;
  const tls = await channelCredentials(cluster, 'fleet');
  const channels = cluster.nodes.map(
    ({ place }) => new LeanChannels(place.address, tls, 1, 'localhost'),
  );
  using fleet = new WavedFleet({
    ...{ realm: cluster.realm, admins, channels },
    ...{ canaries: CANARIES, others: OTHERS },
  });
  const tookMs: number[] = [];
  let stopped = 0;
  let good = await fleet.publish({});
  await fleet.connect();
  await fleet.loaded(fleet.clients, good);
  for (let run = 0; run < runs; run += 1) {
    if (run % 10 === 0) say(`rollout: bad release ${String(run)} of ${String(runs)}`);
    const { isHeld, atMs } = await stopOne(fleet, good, run);
    if (isHeld) stopped += 1;
    tookMs.push(atMs);
    good = await fleet.publish({});
    await fleet.loaded(fleet.clients, good);
  }
  for (const one of channels) one[Symbol.dispose]();
  figures['badReleases'] = runs;
  figures['stoppedBeforeSecondWave'] = stopped;
  figures['stoppedByAllNodesP50Ms'] = rounded(percentile(tookMs, 0.5));
  figures['stoppedByAllNodesP99Ms'] = rounded(percentile(tookMs, 0.99));
  bars.push(atMost('badReleasesPastFirstWave', runs - stopped, 0));
}

/** One bad release; `isHeld`: nobody outside the first wave was sent it. */
async function stopOne(
  fleet: WavedFleet,
  good: TestRelease,
  run: number,
): Promise<{ readonly isHeld: boolean; readonly atMs: number }> {
  for (const [index, client] of fleet.canaries.entries()) {
    client.habit = index === run % fleet.canaries.length ? 'refuse' : 'load';
  }
  const bad = await fleet.publish({ delivery: 'waves', at: run % 3 });
  const startedMs = performance.now();
  await fleet.roll(good, bad, GATES);
  await fleet.until('all nodes to stop', async () => {
    const states = await fleet.status();
    return states.every(({ stop, waves }) => {
      return stop !== undefined || waves.every(({ openedAtMs }) => openedAtMs !== undefined);
    });
  });
  const atMs = performance.now() - startedMs;
  for (const client of fleet.canaries) client.habit = 'load';
  return { isHeld: fleet.others.every(({ sent }) => sent < bad.sequence), atMs };
}

async function measureRevocations(
  cluster: Cluster,
  admins: readonly AdminClient[],
  { figures, bars, notes }: Report,
): Promise<void> {
  const rounds = isQuick() ? QUICK_ROUNDS : ROUNDS;
  await using revocations = await Revocations.start(cluster, admins, rounds);
  for (let round = 0; round < rounds; round += 1) {
    say(`rollout: revocation ${String(round + 1)} of ${String(rounds)}`);
    await revocations.revoke(round);
  }
  const { usedMs, refusedMs, processorMs, canaries, programs } = revocations;
  figures['programs'] = programs;
  figures['canariesPerRoundMean'] = rounded(canaries / rounds);
  figures['revokedInUseP50Ms'] = rounded(percentile(usedMs, 0.5));
  figures['revokedInUseP99Ms'] = rounded(percentile(usedMs, 0.99));
  figures['processorMsPerRevocation'] = rounded(percentile(processorMs, 0.5));
  figures['handshakesRefused'] = refusedMs.length;
  figures['handshakeRefusedP99Ms'] = rounded(percentile(refusedMs, 0.99));
  bars.push(
    atMost('revocation: trust gone p99, ms', rounded(percentile(usedMs, 0.99)), REFUSED_P99_MS),
  );
  bars.push(
    atMost(
      'revocation: handshake refused p99, ms',
      rounded(percentile(refusedMs, 0.99)),
      REFUSED_P99_MS,
    ),
  );
  notes.push('from before the submission of the revocation, while a canary of 5 % is under way');
}
