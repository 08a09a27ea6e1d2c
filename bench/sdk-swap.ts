/**
 * Claim `sdk-swap`: what requests notice when a bundle of 140 anchors changes under them. A server
 * and a client, both with live trust, at 1,000 requests per second over kept-alive connections.
 *
 * Every second change takes an anchor away, for which both build new TLS contexts; the others add
 * one, which the contexts in use read. Connections rest on an anchor that stays, and go on.
 * Requests that ran while a change came into use are compared with all others, and with those that
 * ran while a bundle changed that neither program watches: that is what the node, and the admin in
 * the process of the benchmark, take from two programs with which they share the processors.
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
import { type BundleName, parseBundleName } from '../src/core/ids.ts';
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
const UNWATCHED = parseBundleName('unwatched.kedge.test');
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
    const roots = [ca.facts, ...publicRoots().slice(1, ANCHORS)];
    for (const bundle of [BUNDLE, UNWATCHED]) {
      await publish(admin, addAll(nodes.realm, bundle, roots));
    }
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
  /** As long as those before them. */
  readonly unwatched: readonly Window[];
}

/** Adds an anchor, takes it away, and so on, also unwatched; when each change was under way. */
async function swapAll(
  realm: TestRealm,
  admin: AdminClient,
  programs: readonly Program[],
): Promise<Swaps> {
  const widening: Window[] = [];
  const narrowing: Window[] = [];
  const unwatched: Window[] = [];
  const change = async (made: Made): Promise<Window> => {
    const fromMs = preciseNowMs();
    await publish(admin, made);
    const used = programs.map(async (program) => program.loaded(made.release.sequence));
    const untilMs = Math.max(...(await Promise.all(used))) + AFTER_MS;
    await sleep(BETWEEN_MS);
    return { fromMs, untilMs };
  };
  const beside = async (made: Made, like: Window): Promise<Window> => {
    const fromMs = preciseNowMs();
    await publish(admin, made);
    await sleep(BETWEEN_MS);
    return { fromMs, untilMs: fromMs + like.untilMs - like.fromMs };
  };
  const swaps = isQuick() ? QUICK_SWAPS : SWAPS;
  for (let i = 0; i < swaps / 2; i += 1) {
    const { facts } = makeCa(`CA ${i}`);
    const widened = await change(addAll(realm, BUNDLE, [facts]));
    const narrowed = await change(revoke(realm, BUNDLE, facts));
    widening.push(widened);
    narrowing.push(narrowed);
    unwatched.push(await beside(addAll(realm, UNWATCHED, [facts]), widened));
    unwatched.push(await beside(revoke(realm, UNWATCHED, facts), narrowed));
    say(`${2 * (i + 1)} of ${swaps} changes`);
  }
  return { widening, narrowing, unwatched };
}

function judge(
  { atMs, tookMs, failed, lastFailure }: Samples,
  { startMs, windows }: { readonly startMs: number; readonly windows: Swaps },
): Measurement {
  const { widening, narrowing, unwatched } = windows;
  const watched = [...widening, ...narrowing];
  const samples = atMs
    .map((at, i) => ({ atMs: at, tookMs: tookMs[i] ?? Number.NaN }))
    .filter((sample) => sample.atMs >= startMs);
  const { inside } = split(samples, watched);
  const { outside } = split(samples, [...watched, ...unwatched]);
  const p99 = (values: readonly number[]): number => rounded(percentile(values, 0.99));
  const p99In = (some: readonly Window[]): number => p99(split(samples, some).inside);
  const ratio = percentile(inside, 0.99) / percentile(outside, 0.99);
  const lengths = watched.map(({ fromMs, untilMs }) => untilMs - AFTER_MS - fromMs);
  return {
    figures: {
      anchors: ANCHORS,
      changes: lengths.length,
      requests: samples.length,
      requestsDuringChanges: inside.length,
      failed,
      changeMsMedian: rounded(percentile(lengths, 0.5)),
      p50MsSteady: rounded(percentile(outside, 0.5)),
      p99MsSteady: p99(outside),
      p99MsDuring: p99(inside),
      p99MsDuringWidening: p99In(widening),
      p99MsDuringNarrowing: p99In(narrowing),
      p99MsDuringUnwatched: p99In(unwatched),
      maxMsDuring: rounded(percentile(inside, 1)),
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

function addAll(realm: TestRealm, bundle: BundleName, roots: readonly CertificateFacts[]): Made {
  const release = realm.nextRelease(bundle, (body, point) =>
    roots.reduce(
      (next, { id, subject }) =>
        addAnchor(next, { id, label: subject.slice(0, 100), purposes: PURPOSES }, 'active', point),
      body,
    ),
  );
  return { release, blobs: roots.map(({ der }) => der) };
}

function revoke(realm: TestRealm, bundle: BundleName, { id }: CertificateFacts): Made {
  const release = realm.nextRelease(bundle, (body, point) => revokeAnchor(body, id, point));
  return { release, blobs: [] };
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
