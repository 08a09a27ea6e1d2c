/**
 * Claim `storm`: a node restarts, and all its clients come back at once. How long until each is
 * served again, beside the time that as many bare resumed TLS handshakes take in the same run; what
 * it costs the node; and whether clients of another node notice.
 *
 * Clients wait between attempts as the SDK does. The neighbour's clients are watched from the
 * beginning, also during the bare handshakes: those take the same processors, so what they do to
 * the neighbour is the machine's part.
 *
 * @module
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PUBLIC_WEB } from '../demo/bundles.ts';
import { atMost, type Claim, type Measurement, type Report, rounded } from './claim.ts';
import { hundredths } from './fanout/bars.ts';
import { Certificates } from './fanout/certificates.ts';
import { workerCount } from './fanout/kedge.ts';
import { BenchNodes, REALM } from './fanout/nodes.ts';
import { beFirst, clientsAsked, isQuick, load } from './machine.ts';
import { residentBytes } from './process-stats.ts';
import { say } from './progress.ts';
import { measureHandshakes } from './storm/handshakes.ts';
import { Neighbour } from './storm/neighbour.ts';
import { nowUs } from './swarm/clock.ts';
import { buildSwarm, Swarm } from './swarm/swarm.ts';

const OPEN_AT_ONCE = 64;
const WITHIN_MS = 300_000;
const STEADY_MS = 10_000;
/** What the clients do afterwards is not part of a storm. */
const CALM_MS = 3000;
const TO_HANDSHAKES_MAX = 1.3;
/** Delivery takes this much longer at most beside a storm than beside the bare handshakes. */
const NEIGHBOUR_MAX = 1.5;
const MEGABYTE = 1024 * 1024;
/** Where TLS is done: in the node, or in its workers. */
const SETTINGS = [
  { name: '', workers: 0 },
  { name: 'Workers', workers: workerCount() },
] as const;
const ENDINGS = ['Sigterm', 'Sigkill'] as const;

/** The claim. */
export const storm: Claim = {
  name: 'storm',
  summary: '10,000 clients come back to a node that restarted, beside bare resumed handshakes',
  measure,
};

async function measure(): Promise<Measurement> {
  beFirst();
  const count = clientsAsked() ?? (isQuick() ? 2000 : 10_000);
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  const report: Report = { figures: { clients: count, loadBefore: load() }, bars: [], notes: [] };
  try {
    const program = buildSwarm(folder);
    const certificates = await Certificates.make(folder, REALM);
    for (const { name, workers } of SETTINGS) {
      const place = join(folder, `nodes${name}`);
      await mkdir(place);
      await endure({ name, workers, count, folder: place, certificates, program }, report);
    }
    report.notes.push(
      'clients are lean: TLS and HTTP/2 like the SDK, waits like the SDK, nothing is verified; ' +
        'they have one node each, and resume TLS sessions where a node allows it',
    );
    report.figures['loadAfter'] = load();
    return report;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the nodes do TLS. */
interface Weather {
  /** Behind the names of figures. */
  readonly name: string;
  readonly workers: number;
  readonly count: number;
  /** Of its own. */
  readonly folder: string;
  readonly certificates: Certificates;
  readonly program: string;
}

/** Both endings of one kind of nodes. */
async function endure(weather: Weather, report: Report): Promise<void> {
  const { name, workers, count, folder, certificates, program } = weather;
  await using nodes = await BenchNodes.start(folder, certificates, { count: 2, workers });
  await using neighbour = await Neighbour.start(nodes, { program, certificates });
  await sleep(STEADY_MS);
  report.figures[`neighbourP99MsSteady${name}`] = rounded(neighbour.takeP99Ms());
  say(`bare handshakes beside nodes with ${workers} workers`);
  const bare = await measureHandshakes({ folder, certificates, program, clients: count });
  const besideBareMs = neighbour.takeP99Ms();
  Object.assign(report.figures, {
    [`fullHandshakesMs${name}`]: rounded(bare.fullMs),
    [`resumedHandshakesMs${name}`]: rounded(bare.resumedMs),
    [`resumedHandshakes${name}`]: bare.resumed,
    [`neighbourP99MsBesideHandshakes${name}`]: rounded(besideBareMs),
  });
  await using crowd = await connect(nodes, { program, certificates, count });
  for (const ending of ENDINGS) {
    await sleep(CALM_MS);
    neighbour.takeP99Ms();
    const which = `${ending}${name}`;
    const servedMs = await restart(nodes, crowd, { ending, which, count }, report);
    const besideMs = neighbour.takeP99Ms();
    report.figures[`neighbourP99Ms${which}`] = rounded(besideMs);
    report.bars.push(
      atMost(`toHandshakes${which}`, hundredths(servedMs / bare.resumedMs), TO_HANDSHAKES_MAX),
      atMost(`neighbour${which}`, hundredths(besideMs / besideBareMs), NEIGHBOUR_MAX),
    );
  }
}

/** Clients that hold the newest release, as those have that were connected before. */
async function connect(
  nodes: BenchNodes,
  setting: {
    readonly program: string;
    readonly certificates: Certificates;
    readonly count: number;
  },
): Promise<Swarm> {
  const { program, certificates, count } = setting;
  const release = nodes.realm.nextRelease(PUBLIC_WEB, (body) => body);
  using admin = await nodes.openAdmin();
  await admin.submit({ document: release.document, blobs: [] });
  const held = { sequence: release.sequence, digest: release.digest };
  const dialogue = nodes.dialogue([{ bundle: PUBLIC_WEB, held }]);
  const crowd = new Swarm(program, { dialogue, certificates, resumption: 'on' });
  say(`connecting ${count} clients`);
  await crowd.open(count, OPEN_AT_ONCE, WITHIN_MS);
  return crowd;
}

interface Ending {
  readonly ending: (typeof ENDINGS)[number];
  /** Behind the names of figures. */
  readonly which: string;
  readonly count: number;
}

/** Ends the node and starts it again; milliseconds from when it serves until all are served. */
async function restart(
  nodes: BenchNodes,
  crowd: Swarm,
  { ending, which, count }: Ending,
  { figures, bars }: Report,
): Promise<number> {
  say(`restart after ${ending}`);
  const node = nodes.node();
  const before = await crowd.stats();
  crowd.mark();
  const endedUs = nowUs();
  await (ending === 'Sigkill' ? node.kill() : node.end());
  await node.start();
  const startedUs = nowUs();
  const failed = await crowd.ready(WITHIN_MS).then(
    ({ us, attempts, failed: tries, resumed }) => {
      const firstUs = Math.min(startedUs, minOf(us));
      const lastUs = maxOf(us);
      Object.assign(figures, {
        [`servedMs${which}`]: rounded((lastUs - firstUs) / 1000),
        [`servedMsSinceEnd${which}`]: rounded((lastUs - endedUs) / 1000),
        [`downMs${which}`]: rounded((startedUs - endedUs) / 1000),
        [`attempts${which}`]: attempts - before.attempts,
        [`failedAttempts${which}`]: tries - before.failed,
        [`resumed${which}`]: resumed - before.resumed,
      });
      return 0;
    },
    async (thrown: unknown) => {
      say(String(thrown));
      return count - (await crowd.stats()).ready;
    },
  );
  figures[`peakMb${which}`] = rounded(residentBytes(node.pid ?? 0).peak / MEGABYTE);
  bars.push(atMost(`notServed${which}`, failed, 0));
  return figures[`servedMs${which}`] ?? Number.POSITIVE_INFINITY;
}

function minOf(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

function maxOf(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}
