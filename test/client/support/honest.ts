/**
 * What an honest node says, made from a test realm: the messages that a test then bends.
 */
import { sha256 } from '../../../src/core/crypto.ts';
import { contentFrom } from '../../../src/core/gossip/push.ts';
import type { BundleName } from '../../../src/core/ids.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import type { TestAnchor } from '../../../src/testing/anchors.ts';
import type { TestCharter, TestRealm, TestRelease } from '../../../src/testing/realm.ts';
import type { Script, WatchSession } from './scripted-node.ts';

/** The DER of anchors, as one message. */
export function blobs(...anchors: readonly TestAnchor[]): WatchResponse {
  return { kind: 'blobs', blobs: anchors.map(({ der }) => der) };
}

export function charters(...list: readonly TestCharter[]): WatchResponse {
  return { kind: 'charters', charters: list.map(({ document }) => document) };
}

/** A release whole, as a client gets it that has nothing. */
export function snapshot(release: TestRelease): WatchResponse {
  const { statement, body } = release.document;
  const content = { kind: 'whole', body } as const;
  return {
    kind: 'update',
    update: { bundle: bundleOf(release), statements: [statement], content },
  };
}

/** From one release to a later one, with everything between. */
export function delta(base: TestRelease, ...chain: readonly TestRelease[]): WatchResponse {
  const last = chain.at(-1) ?? base;
  const held = {
    sequence: base.sequence,
    bodyDigest: sha256(base.document.body),
    bodyBytes: base.document.body,
  };
  const statements = chain.map(({ document }) => document.statement);
  const content = contentFrom(held, last.document.body);
  return { kind: 'update', update: { bundle: bundleOf(last), statements, content } };
}

export function current(bundle: BundleName, release?: TestRelease): WatchResponse {
  const held = release && { sequence: release.sequence, digest: release.digest };
  return { kind: 'current', at: { bundle, held } };
}

export function evidence(a: TestRelease, b: TestRelease): WatchResponse {
  const [first, second] = a.digest < b.digest ? [a, b] : [b, a];
  return {
    kind: 'fork',
    evidence: {
      stream: a.stream,
      sequence: a.sequence,
      first: first.document.statement,
      second: second.document.statement,
    },
  };
}

export function bundleOf(release: TestRelease): BundleName {
  return release.body.bundle;
}

/** Serves everything that a realm has published: deltas to whoever has a base, else snapshots. */
export function honest(realm: TestRealm, anchors: readonly TestAnchor[]): Script {
  return (session) => answer(session, realm, anchors);
}

/** Says everything that a client misses, as of now. */
export function answer(
  session: WatchSession,
  realm: TestRealm,
  anchors: readonly TestAnchor[],
): void {
  const missing = realm.charters.slice(session.start.charterVersion);
  if (missing.length > 0) session.send(charters(...missing));
  for (const { bundle, held } of session.start.bundles) {
    const releases = realm.releases(bundle);
    const head = releases.at(-1);
    const base = releases.find(({ digest }) => digest === held?.digest);
    if (head === undefined || head === base) {
      session.send(current(bundle, head));
    } else if (base === undefined) {
      session.send(blobs(...anchors), snapshot(head));
    } else {
      const known = new Set(base.body.anchors.map(({ id }) => id));
      const fresh = anchors.filter(({ id }) => !known.has(id));
      session.send(blobs(...fresh), delta(base, ...releases.slice(base.sequence)));
    }
  }
}
