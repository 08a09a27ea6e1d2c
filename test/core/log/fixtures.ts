/**
 * Regions with fixed keys, a log of a few leaves, and the golden vectors, for the tests of
 * `src/core/log`.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { encodeUtf8, parseHex } from '../../../src/core/bytes.ts';
import type { Region } from '../../../src/core/charter/model.ts';
import type { SigningKey } from '../../../src/core/crypto.ts';
import {
  parseRegionName,
  parseSha256,
  parseStreamName,
  type RegionName,
  type Sha256,
  type StreamName,
} from '../../../src/core/ids.ts';
import type { Checkpoint } from '../../../src/core/log/checkpoint.ts';
import { type HeadRow, type HeadTree, headTree } from '../../../src/core/log/heads.ts';
import type { Heartbeat } from '../../../src/core/log/heartbeat.ts';
import type { NoteSignature } from '../../../src/core/log/note.ts';
import { completeProof, planConsistency, planInclusion } from '../../../src/core/log/plan.ts';
import type { ProofHashes } from '../../../src/core/log/proof.ts';
import { type RegionPolicy, regionPolicy } from '../../../src/core/log/regions.ts';
import { treeRoot } from '../../../src/core/log/tree.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { cosign as cosignWith, logOf, signHeartbeat } from '../../../src/testing/attesting.ts';
import { ed25519Key, REALM } from '../support.ts';

export { logOf };

export const STREAM: StreamName = parseStreamName('release/payments.prod.example.org');
export const FRA: RegionName = parseRegionName('fra');
export const GRU: RegionName = parseRegionName('gru');
export const IAD: RegionName = parseRegionName('iad');
export const SIN: RegionName = parseRegionName('sin');
const SYD: RegionName = parseRegionName('syd');
/** The four regions of most tests. */
export const REGION_NAMES: readonly RegionName[] = [FRA, GRU, IAD, SIN];
const KEYS = new Map([...REGION_NAMES, SYD].map((name, i) => [name, ed25519Key(0x21 + i)]));

/** The key of a region. */
export function regionKey(region: RegionName): SigningKey {
  const key = KEYS.get(region);
  if (key === undefined) throw new Error(`no region ${region}`);
  return key;
}

/** Regions as a charter lists them, each with its one key. */
export function regionsOf(...names: readonly RegionName[]): readonly Region[] {
  return names.map((name) => ({ name, keys: [regionKey(name).publicKey] }));
}

/** `threshold` of these regions, by default of all four. */
export function policyOf(
  threshold: number,
  names: readonly RegionName[] = REGION_NAMES,
): RegionPolicy {
  return regionPolicy({ realm: REALM, regions: regionsOf(...names) }, threshold);
}

/** Leaves that tell which log they are of. */
export function leavesOf(count: number, log: string = 'a'): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => encodeUtf8(`${log}${index}`));
}

/** The checkpoint of the stream with these leaves. */
export function checkpointOf(leaves: readonly Uint8Array[]): Checkpoint {
  const root = treeRoot(logOf(leaves).frontier);
  return { realm: REALM, stream: STREAM, size: leaves.length, root };
}

/** Proves that these leaves begin with their first `from`. */
export function consistencyOf(leaves: readonly Uint8Array[], from: number): ProofHashes {
  return completeProof(planConsistency(from, leaves.length), logOf(leaves).hashOf);
}

/** Proves one of these leaves. */
export function inclusionOf(leaves: readonly Uint8Array[], index: number): ProofHashes {
  return completeProof(planInclusion(index, leaves.length), logOf(leaves).hashOf);
}

/** A region's cosignature. */
export function cosign(
  region: RegionName,
  checkpoint: Checkpoint,
  timeSeconds: number,
): NoteSignature {
  return cosignWith({ region, key: regionKey(region) }, checkpoint, timeSeconds);
}

/** The row of the stream at a sequence. */
export function rowAt(sequence: number, digest: Sha256 = digestOf(sequence)): HeadRow {
  return { stream: STREAM, sequence, digest, forked: false };
}

/** A digest for each sequence. */
export function digestOf(sequence: number): Sha256 {
  return parseSha256(sequence.toString(16).padStart(64, '0'));
}

/** Trees of heads that hold the stream at a sequence, and another stream. */
export function treeAt(sequence: number): HeadTree {
  const charter = { stream: parseStreamName('charter'), sequence: 1, digest: digestOf(9) };
  return headTree([rowAt(sequence), { ...charter, forked: false }]);
}

/** A region's heartbeat over a tree of heads. */
export function heartbeat(region: RegionName, timeSeconds: number, heads: HeadTree): Heartbeat {
  return signHeartbeat(REALM, { region, key: regionKey(region) }, timeSeconds, heads);
}

/** The golden vectors of one name, as whatever the test says they are. */
export function readVectors(name: string): unknown {
  const url = new URL(`../../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8'));
}

/** Hashes from hex. */
export function hashesOf(texts: readonly string[]): readonly Uint8Array[] {
  return texts.map(parseHex);
}

/** The state after a recovery; for who looks at no more of a charter than what it says. */
export function recoveredAfter(state: TrustedState): TrustedState {
  const before = state.charters.at(-1);
  if (before === undefined) throw new Error('no charter');
  const { resolutions: _, ...charter } = before.charter;
  const version = before.version + 1;
  const revealed = [ed25519Key(77).publicKey];
  const recovery = { ...before, version, charter: { ...charter, version, revealed } };
  return { ...state, charters: [...state.charters, recovery] };
}
