/**
 * Kedge: a real node with real releases, from submit until each client has the whole update.
 *
 * A change adds one anchor to a bundle that all clients hold: the certificate, then the update with
 * its delta. A snapshot is the first release of a bundle that all clients wait for.
 *
 * @module
 */
import { availableParallelism } from 'node:os';
import { PUBLIC_WEB, publicRoots } from '../../demo/bundles.ts';
import { makeCa } from '../../demo/certificates.ts';
import type { AdminClient } from '../../src/client/admin-client.ts';
import { type BundleName, parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { addAnchor, setNote } from '../../src/core/releases/edit.ts';
import type { TestRealm, TestRelease } from '../../src/testing/realm.ts';
import type { CertificateFacts } from '../../src/x509/certificate.ts';
import { mark } from '../swarm/requests.ts';
import { acknowledgements } from './acknowledgements.ts';
import { BenchNodes } from './nodes.ts';
import type { FanoutSystem, Publication, RunningServer, Setting } from './system.ts';

const CHANGED = PUBLIC_WEB;
const UNWATCHED = parseBundleName('unwatched.kedge.test');
/** Bundles without a release, one for each snapshot. */
const SNAPSHOTS_MAX = 12;
const SNAPSHOT_ANCHORS = 140;
const LABEL_CHARS = 120;
/** With it a change has 2 KB. */
const NOTE_CHARS = 470;

/** A node on its own. */
export const kedge: FanoutSystem = {
  name: 'kedge',
  summary: 'submit until clients have it; two signatures verified, synced to disk first',
  programs: [],
  start: async (setting) => startKedge(setting, 0),
};

/** The same, with TLS in as many processes as there are processors, two at least. */
export const kedgeWorkers: FanoutSystem = {
  name: 'kedgeWorkers',
  summary: 'the same node, whose workers do TLS',
  programs: [],
  start: async (setting) => startKedge(setting, workerCount()),
};

/** Workers of a node that has this machine to itself. */
export function workerCount(): number {
  return Math.max(2, availableParallelism());
}

async function startKedge(
  { folder, certificates }: Setting,
  workers: number,
): Promise<RunningServer> {
  const nodes = await BenchNodes.start(folder, certificates, { count: 1, workers });
  const { realm } = nodes;
  const admin = await nodes.openAdmin();
  const first = realm.nextRelease(CHANGED, (body) => body);
  await admin.submit({ document: first.document, blobs: [] });
  const bundles = [CHANGED, ...Array.from({ length: SNAPSHOTS_MAX }, (_, i) => snapshotBundle(i))];
  const releases = new Map<number, TestRelease>();
  const snapshots = new Set<number>();
  return {
    pid: nodes.node().pid ?? 0,
    dialogue: nodes.dialogue(
      bundles.map((bundle) => ({
        bundle,
        held: bundle === CHANGED ? { sequence: first.sequence, digest: first.digest } : undefined,
      })),
    ),
    prepare: ({ round, content }) => {
      if (content === 'snapshot') snapshots.add(round);
      const made =
        content === 'delta'
          ? change(realm, round, CHANGED)
          : snapshot(realm, round, snapshotBundle(snapshots.size - 1));
      releases.set(round, made.release);
      return async () => submit(admin, made);
    },
    keptAtMs: async ({ round }) => {
      const { body, sequence } = prepared(releases, round);
      return await nodes.node().logged(releaseStream(body.bundle), sequence);
    },
    reply: ({ round }) => acknowledgements(prepared(releases, round)),
    prepareUnwatched: (publication) => {
      const made = unwatched(realm, publication);
      return async () => submit(admin, made);
    },
    async [Symbol.asyncDispose]() {
      admin[Symbol.dispose]();
      await nodes[Symbol.asyncDispose]();
    },
  };
}

function prepared(releases: ReadonlyMap<number, TestRelease>, round: number): TestRelease {
  const release = releases.get(round);
  if (release === undefined) throw new Error(`round ${round} was not prepared`);
  return release;
}

interface Made {
  readonly release: TestRelease;
  readonly blobs: readonly Uint8Array[];
}

async function submit(admin: AdminClient, { release, blobs }: Made): Promise<void> {
  await admin.submit({ document: release.document, blobs });
}

function change(realm: TestRealm, round: number, bundle: BundleName): Made {
  return add(realm, bundle, round, [makeCa(`CA ${round}`).facts]);
}

function snapshot(realm: TestRealm, round: number, bundle: BundleName): Made {
  return add(realm, bundle, round, publicRoots().slice(0, SNAPSHOT_ANCHORS));
}

/** The like of a round, of a bundle that nobody watches. */
function unwatched(realm: TestRealm, { round, content }: Publication): Made {
  if (content === 'delta') return change(realm, round, UNWATCHED);
  return snapshot(realm, round, parseBundleName(`unwatched-${round}.kedge.test`));
}

/** The mark of the round stands in the labels, and so at the end of the last message. */
function add(
  realm: TestRealm,
  bundle: BundleName,
  round: number,
  roots: readonly CertificateFacts[],
): Made {
  const label = mark(round).padEnd(LABEL_CHARS, ' of this round');
  const note = 'Why signers sign this. '.padEnd(NOTE_CHARS, 'As agreed. ');
  const release = realm.nextRelease(bundle, (body, point) =>
    roots.reduce(
      (next, { id }) => addAnchor(next, { id, label, purposes: ['tls-server'] }, 'active', point),
      setNote(body, note),
    ),
  );
  return { release, blobs: roots.map(({ der }) => der) };
}

function snapshotBundle(index: number): BundleName {
  return parseBundleName(`whole-${index}.kedge.test`);
}
