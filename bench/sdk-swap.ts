/**
 * Claim `sdk-swap`: what requests notice when a bundle of 140 anchors changes under them. A server
 * and a client, both with live trust, at 1,000 requests per second over kept-alive connections.
 *
 * Every second change takes an anchor away, so that all connections have to be made anew; the
 * others add one. Requests that ran while a change came into use are compared with all others.
 *
 * @module
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { publicRoots } from '../demo/bundles.ts';
import { type DemoCa, makeCa, makeLeaf, saveLeaf } from '../demo/certificates.ts';
import { type ProgramSetup, preciseNowMs, type Target } from '../demo/messages.ts';
import type { AdminClient } from '../src/client/admin-client.ts';
import { parseBundleName } from '../src/core/ids.ts';
import { addAnchor, revokeAnchor } from '../src/core/releases/edit.ts';
import type { TestRealm, TestRelease } from '../src/testing/realm.ts';
import type { CertificateFacts } from '../src/x509/certificate.ts';
import { atMost, type Claim, type Measurement, percentile, rounded } from './claim.ts';
import { hundredths } from './fanout/bars.ts';
import { Certificates } from './fanout/certificates.ts';
import { BenchNodes, REALM } from './fanout/nodes.ts';
import { beFirst, isQuick, load } from './machine.ts';
import { say } from './progress.ts';
import { Program, type Samples } from './sdk-swap/program.ts';
import { split, type Window } from './sdk-swap/windows.ts';

const BUNDLE = parseBundleName('swap.kedge.test');
const ANCHORS = 140;
const PURPOSES = ['tls-server', 'tls-client'];
const SWAPS = 20;
const QUICK_SWAPS = 6;
/** Requests that do not count: code is compiled, connections are made. */
const WARM_UP_MS = 5000;
const BETWEEN_MS = 2000;
/** How long a change may be felt after both programs use it. */
const AFTER_MS = 250;
const P99_RATIO_MAX = 2;

/** The claim. */
export const sdkSwap: Claim = {
  name: 'sdk-swap',
  summary: 'a bundle of 140 anchors changes under 1,000 requests per second',
  measure,
};

async function measure(): Promise<Measurement> {
  beFirst();
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  try {
    const certificates = await Certificates.make(folder, REALM);
    await using nodes = await BenchNodes.start(folder, certificates, { count: 1, workers: 0 });
    using admin = await nodes.openAdmin();
    const ca = makeCa('bench programs');
    await publish(admin, addAll(nodes.realm, [ca.facts, ...publicRoots().slice(1, ANCHORS)]));
    const make = programSetups({ folder, certificates, nodes, ca });
    await using server = new Program('../../demo/programs/server.js', await make('server', []));
    const target = { host: '127.0.0.1', port: await server.port() };
    await using client = new Program('./requester.js', await make('client', [target]));
    await client.port();
    const startMs = preciseNowMs() + WARM_UP_MS;
    await sleep(WARM_UP_MS);
    const windows = await swapAll(nodes.realm, admin, [server, client]);
    return judge(await client.finish(), { startMs, windows });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Swaps {
  readonly widening: readonly Window[];
  readonly narrowing: readonly Window[];
}

/** Adds an anchor, takes it away, and so on; when each change was under way. */
async function swapAll(
  realm: TestRealm,
  admin: AdminClient,
  programs: readonly Program[],
): Promise<Swaps> {
  const widening: Window[] = [];
  const narrowing: Window[] = [];
  const change = async (made: Made): Promise<Window> => {
    const fromMs = preciseNowMs();
    await publish(admin, made);
    const used = programs.map(async (program) => program.loaded(made.release.sequence));
    const untilMs = Math.max(...(await Promise.all(used))) + AFTER_MS;
    await sleep(BETWEEN_MS);
    return { fromMs, untilMs };
  };
  const swaps = isQuick() ? QUICK_SWAPS : SWAPS;
  for (let i = 0; i < swaps / 2; i += 1) {
    const { facts } = makeCa(`CA ${i}`);
    widening.push(await change(addAll(realm, [facts])));
    const release = realm.nextRelease(BUNDLE, (body, point) => revokeAnchor(body, facts.id, point));
    narrowing.push(await change({ release, blobs: [] }));
    say(`${2 * (i + 1)} of ${swaps} changes`);
  }
  return { widening, narrowing };
}

function judge(
  { atMs, tookMs, failed, lastFailure }: Samples,
  { startMs, windows }: { readonly startMs: number; readonly windows: Swaps },
): Measurement {
  const { widening, narrowing } = windows;
  const samples = atMs
    .map((at, i) => ({ atMs: at, tookMs: tookMs[i] ?? Number.NaN }))
    .filter((sample) => sample.atMs >= startMs);
  const all = split(samples, [...widening, ...narrowing]);
  const p99 = (values: readonly number[]): number => rounded(percentile(values, 0.99));
  const ratio = percentile(all.inside, 0.99) / percentile(all.outside, 0.99);
  const lengths = [...widening, ...narrowing].map(
    ({ fromMs, untilMs }) => untilMs - AFTER_MS - fromMs,
  );
  return {
    figures: {
      anchors: ANCHORS,
      changes: lengths.length,
      requests: samples.length,
      requestsDuringChanges: all.inside.length,
      failed,
      changeMsMedian: rounded(percentile(lengths, 0.5)),
      p50MsSteady: rounded(percentile(all.outside, 0.5)),
      p99MsSteady: p99(all.outside),
      p99MsDuring: p99(all.inside),
      p99MsDuringWidening: p99(split(samples, widening).inside),
      p99MsDuringNarrowing: p99(split(samples, narrowing).inside),
      maxMsDuring: rounded(percentile(all.inside, 1)),
      loadAfter: load(),
    },
    bars: [
      atMost('failed', failed, 0),
      atMost('p99DuringToSteady', hundredths(ratio), P99_RATIO_MAX),
    ],
    ...(lastFailure === undefined ? {} : { notes: [`the last failure: ${lastFailure}`] }),
  };
}

interface Made {
  readonly release: TestRelease;
  readonly blobs: readonly Uint8Array[];
}

function addAll(realm: TestRealm, roots: readonly CertificateFacts[]): Made {
  const release = realm.nextRelease(BUNDLE, (body, point) =>
    roots.reduce(
      (next, { id, subject }) =>
        addAnchor(next, { id, label: subject.slice(0, 100), purposes: PURPOSES }, 'active', point),
      body,
    ),
  );
  return { release, blobs: roots.map(({ der }) => der) };
}

async function publish(admin: AdminClient, { release, blobs }: Made): Promise<void> {
  await admin.submit({ document: release.document, blobs });
}

/** What the programs are started with. */
function programSetups({
  folder,
  certificates,
  nodes,
  ca,
}: {
  readonly folder: string;
  readonly certificates: Certificates;
  readonly nodes: BenchNodes;
  readonly ca: DemoCa;
}): (name: string, targets: readonly Target[]) => Promise<ProgramSetup> {
  return async (name, targets) => {
    const own = join(folder, name);
    await mkdir(own);
    return {
      name,
      realm: REALM,
      firstCharterDigest: nodes.realm.firstCharterDigest,
      endpoints: [nodes.node().place.address],
      link: await certificates.files('client', name),
      cacheFolder: join(own, 'cache'),
      bundles: [BUNDLE],
      identity: await saveLeaf(own, name, makeLeaf(ca, { commonName: name })),
      targets,
      pauseMs: 0,
    };
  };
}
