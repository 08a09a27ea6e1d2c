/**
 * What regions sign of a test realm: the head of a log, and heartbeats over the heads of all.
 *
 * @module
 */
import type { SigningKey } from '../core/crypto.ts';
import type { RealmName, RegionName, StreamName } from '../core/ids.ts';
import type { AttestedRows, CosignedLeaf } from '../core/log/attested.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import { cosignatureLine, cosignatureMessage, regionKeyName } from '../core/log/cosignature.ts';
import { type HeadTree, proveHead } from '../core/log/heads.ts';
import { type Heartbeat, heartbeatMessage, sealHeartbeat } from '../core/log/heartbeat.ts';
import type { LogName } from '../core/log/log-name.ts';
import type { NoteSignature } from '../core/log/note.ts';
import { completeProof, planInclusion } from '../core/log/plan.ts';
import {
  appendLeaf,
  EMPTY_TREE,
  type Frontier,
  hashLeaf,
  type Subtree,
  treeRoot,
} from '../core/log/tree.ts';
import { logOf as logAsOf } from '../core/trusted/decisions.ts';
import type { TestDocument, TestRealm } from './realm.ts';

/** A region with the key that attests for it. */
export interface TestRegion {
  readonly region: RegionName;
  readonly key: SigningKey;
}

/** A tree with everything that a store keeps of it. */
export interface Log {
  readonly frontier: Frontier;
  readonly stored: ReadonlyMap<string, Uint8Array>;
  readonly hashOf: (subtree: Subtree) => Uint8Array;
}

/** A log of these leaves. */
export function logOf(leaves: readonly Uint8Array[]): Log {
  let frontier = EMPTY_TREE;
  const stored = new Map<string, Uint8Array>();
  for (const leaf of leaves) {
    const appended = appendLeaf(frontier, hashLeaf(leaf));
    frontier = appended.frontier;
    for (const { level, index, hash } of appended.complete) stored.set(`${level}/${index}`, hash);
  }
  const hashOf = ({ level, index }: Subtree): Uint8Array => {
    const hash = stored.get(`${level}/${index}`);
    if (hash === undefined) throw new Error(`no subtree ${level}/${index}`);
    return hash;
  };
  return { frontier, stored, hashOf };
}

/** Which log the statements of a stream are in now, as the charters of the realm are (LG-9). */
export function logNameOf({ name: realm, charters }: TestRealm, stream: StreamName): LogName {
  const accepted = charters.map(({ charter }) => ({ version: charter.version, charter }));
  return logAsOf({ realm, charters: accepted }, stream);
}

/** The log of these documents, cosigned, with the proof of the last one. */
export function cosignedLeaf(
  name: LogName,
  documents: readonly TestDocument[],
  regions: readonly TestRegion[],
  timeSeconds: number,
): CosignedLeaf {
  const size = documents.length;
  const log = logOf(documents.map(({ document }) => document.statement.payload));
  const checkpoint = { ...name, size, root: treeRoot(log.frontier) };
  const proof = completeProof(planInclusion(size - 1, size), log.hashOf);
  return { checkpoint, lines: regions.map((one) => cosign(one, checkpoint, timeSeconds)), proof };
}

/** A region's cosignature. */
export function cosign(
  { region, key }: TestRegion,
  checkpoint: Checkpoint,
  timeSeconds: number,
): NoteSignature {
  const signature = key.sign(cosignatureMessage(checkpoint, timeSeconds));
  const name = regionKeyName(checkpoint.realm, region);
  return cosignatureLine(checkpoint, { name, key: key.publicKey, timeSeconds, signature });
}

/** A region's heartbeat over a tree of heads. */
export function signHeartbeat(
  realm: RealmName,
  { region, key }: TestRegion,
  timeSeconds: number,
  { size, root }: HeadTree,
): Heartbeat {
  const fields = { realm, region, timeSeconds, heads: { size, root } };
  return sealHeartbeat(fields, key.publicKey, key.sign(heartbeatMessage(fields)));
}

/** A heartbeat with what it says of some streams; without those that the tree does not have. */
export function attestedRows(
  heartbeat: Heartbeat,
  tree: HeadTree,
  streams: readonly StreamName[],
): AttestedRows {
  return { heartbeat, rows: streams.flatMap((stream) => proveHead(tree, stream) ?? []) };
}
