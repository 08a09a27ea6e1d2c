/**
 * What regions attest of a test realm, as messages of a node.
 */
import {
  type BundleName,
  CHARTER_STREAM,
  type RegionName,
  releaseStream,
  rolloutStream,
  type StreamName,
} from '../../../src/core/ids.ts';
import { type HeadRow, headTree } from '../../../src/core/log/heads.ts';
import { completeProof, planInclusion } from '../../../src/core/log/plan.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import {
  attestedRows,
  cosignedLeaf,
  logNameOf,
  signHeartbeat,
  type TestRegion,
} from '../../../src/testing/attesting.ts';
import type { TestDocument, TestRealm } from '../../../src/testing/realm.ts';
import { logOf, regionKey } from '../../core/log/fixtures.ts';

/** The head of a bundle's log at a sequence, cosigned by these regions. */
export function cosigned(
  realm: TestRealm,
  bundle: BundleName,
  sequence: number,
  ...regions: readonly RegionName[]
): Extract<WatchResponse, { kind: 'cosigned' }> {
  const releases = realm.releases(bundle).slice(0, sequence);
  return cosignedLog(realm, releaseStream(bundle), releases, regions);
}

/** The same, with the proof of an earlier release in that log. */
export function cosignedWithin(
  realm: TestRealm,
  bundle: BundleName,
  place: { readonly size: number; readonly at: number },
  ...regions: readonly RegionName[]
): Extract<WatchResponse, { kind: 'cosigned' }> {
  const { leaf } = cosigned(realm, bundle, place.size, ...regions);
  const releases = realm.releases(bundle).slice(0, place.size);
  const log = logOf(releases.map(({ document }) => document.statement.payload));
  const proof = completeProof(planInclusion(place.at - 1, place.size), log.hashOf);
  return { kind: 'cosigned', leaf: { ...leaf, proof, sequence: place.at } };
}

/** The log of the realm's charters, cosigned by these regions. */
export function cosignedCharters(
  realm: TestRealm,
  ...regions: readonly RegionName[]
): Extract<WatchResponse, { kind: 'cosigned' }> {
  return cosignedLog(realm, CHARTER_STREAM, realm.charters, regions);
}

function cosignedLog(
  realm: TestRealm,
  stream: StreamName,
  documents: readonly TestDocument[],
  regions: readonly RegionName[],
): Extract<WatchResponse, { kind: 'cosigned' }> {
  const name = logNameOf(realm, stream);
  return { kind: 'cosigned', leaf: cosignedLeaf(name, documents, regions.map(keyed), 1) };
}

function keyed(region: RegionName): TestRegion {
  return { region, key: regionKey(region) };
}

/** The rows of a realm: the newest charter, and these bundles at these sequences. */
export function rowsAt(
  realm: TestRealm,
  sequences: ReadonlyMap<BundleName, number>,
): readonly HeadRow[] {
  const { sequence, digest } = realm.charters.at(-1) ?? realm.charter;
  const charter = { stream: CHARTER_STREAM, sequence, digest, forked: false };
  const releases = [...sequences].flatMap(([bundle, at]) => {
    const release = realm.releases(bundle)[at - 1];
    if (release === undefined) return [];
    return [{ stream: releaseStream(bundle), sequence: at, digest: release.digest, forked: false }];
  });
  return [charter, ...releases];
}

/** The row of a rollout. */
export function rolloutRow(realm: TestRealm, bundle: BundleName, sequence: number): HeadRow {
  const rollout = realm.rollouts(bundle)[sequence - 1];
  if (rollout === undefined) throw new Error(`no rollout ${String(sequence)} of ${bundle}`);
  return { stream: rolloutStream(bundle), sequence, digest: rollout.digest, forked: false };
}

/** A region's heartbeat over rows, with the proof of each. */
export function heartbeat(
  realm: TestRealm,
  region: RegionName,
  timeMs: number,
  rows: readonly HeadRow[],
): Extract<WatchResponse, { kind: 'heartbeat' }> {
  const tree = headTree(rows);
  const streams = rows.map(({ stream }) => stream);
  const beat = signHeartbeat(realm.name, keyed(region), Math.floor(timeMs / 1000), tree);
  return { kind: 'heartbeat', said: attestedRows(beat, tree, streams) };
}
