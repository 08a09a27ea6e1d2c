/**
 * What an honest node says, made from a test realm: messages that a test sends, or bends.
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { contentFrom } from '../core/gossip/replica/push.ts';
import type { BundleName } from '../core/ids.ts';
import type { Evidence } from '../core/trusted/state.ts';
import type { BundleCursor, WatchResponse } from '../core/watch/messages.ts';
import type { TestAnchor } from './anchors.ts';
import type { TestCharter, TestDocument, TestRealm, TestRelease } from './realm.ts';

/** The DER of anchors, as one message. */
export function blobs(...anchors: readonly Pick<TestAnchor, 'der'>[]): WatchResponse {
  return { kind: 'blobs', blobs: anchors.map(({ der }) => der) };
}

/** Charters, ascending. */
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

/** A release that waits while a rollout runs, as a client is shown it that has the one before. */
export function shown(
  before: TestRelease,
  release: TestRelease,
): Extract<WatchResponse, { kind: 'waiting' }> {
  const { statement, body } = release.document;
  const held = { sequence: before.sequence, bodyDigest: sha256(before.document.body) };
  const content = contentFrom({ ...held, bodyBytes: before.document.body }, body);
  const update = { bundle: bundleOf(release), statements: [statement], content };
  return { kind: 'waiting', update };
}

/** What the node holds, when the client has it already. */
export function current(bundle: BundleName, release?: TestRelease): WatchResponse {
  const held = release && { sequence: release.sequence, digest: release.digest };
  return { kind: 'current', at: { bundle, held } };
}

/** Two releases for one sequence, as the proof of a fork. */
export function evidence(a: TestRelease, b: TestRelease): WatchResponse {
  return { kind: 'fork', evidence: evidenceOf(a, b) };
}

/** Two documents of one stream and sequence as the proof itself. */
export function evidenceOf(a: TestDocument, b: TestDocument): Evidence {
  const [first, second] = a.digest < b.digest ? [a, b] : [b, a];
  const { stream, sequence } = a;
  const statements = { first: first.document.statement, second: second.document.statement };
  return { stream, sequence, ...statements };
}

/** The bundle of a release. */
export function bundleOf(release: TestRelease): BundleName {
  return release.body.bundle;
}

/** What a client that holds `held` of a bundle misses: nothing, a delta, or all of it. */
export function missing(
  realm: TestRealm,
  { bundle, held }: BundleCursor,
  ders: readonly Pick<TestAnchor, 'id' | 'der'>[],
): readonly WatchResponse[] {
  const releases = realm.releases(bundle);
  const head = releases.at(-1);
  const base = releases.find(({ digest }) => digest === held?.digest);
  if (head === undefined || head === base) return [current(bundle, head)];
  if (base === undefined) return [blobs(...ders), snapshot(head)];
  const known = new Set(base.body.anchors.map(({ id }) => id));
  const fresh = ders.filter(({ id }) => !known.has(id));
  return [blobs(...fresh), delta(base, ...releases.slice(base.sequence))];
}
