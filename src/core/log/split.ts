/**
 * A region that signs two roots for one size of one stream, and the proof of it.
 *
 * The two lines prove it to anybody who has the charter. From then on the region counts nowhere
 * until a charter no longer lists the key: what else it signed is worth nothing, and whoever holds
 * the key can sign anything. Proofs merge to the smallest, so that all parties end with the same
 * one whatever comes in which order. Spec section 8.
 *
 * @module
 */
import { encodeHex } from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import type { KeyId, RegionName } from '../ids.ts';
import { COSIGNED_HEADS_MAX } from '../limits.ts';
import { checkpointText, requireLog, requireRealm } from './checkpoint.ts';
import { verifyCosignature } from './cosignature.ts';
import { compareLogs, isSameLog } from './log-name.ts';
import { type CosignedHead, keyOfLine, type RegionKey, type RegionPolicy } from './regions.ts';

/** Two cosigned heads that may be a proof. */
export interface SplitPair {
  readonly first: CosignedHead;
  readonly second: CosignedHead;
}

/** Proof that one key signed two roots for one size; `first` has the smaller root. */
export interface RegionSplit extends SplitPair {
  readonly keyId: KeyId;
}

/** The newest heads that each key signed in one stream, largest first: what a node remembers. */
export type CosignedHeads = ReadonlyMap<KeyId, readonly CosignedHead[]>;

/** What a cosignature comes to for whoever collects them. */
export type Observation =
  /** Larger than what this key signed before: pass it on. */
  | { readonly kind: 'new'; readonly heads: CosignedHeads }
  /** Nothing that was not known, or is of use. */
  | { readonly kind: 'held' }
  /** No region's, or not valid. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'split'; readonly split: RegionSplit };

/** The newest head of each key of these regions that counts; no regions: of any. */
export function newestHeads(
  heads: CosignedHeads,
  { keys }: RegionPolicy,
  regions: readonly RegionName[],
): readonly CosignedHead[] {
  return [...heads].flatMap(([keyId, [head]]) => {
    const region = keys.get(keyId)?.region;
    const isAsked = regions.length === 0 || (region !== undefined && regions.includes(region));
    return head === undefined || !isAsked ? [] : [head];
  });
}

/** Takes in one cosignature of a stream. Rules CO-8 and CO-13. */
export function observeCosignature(
  heads: CosignedHeads,
  policy: RegionPolicy,
  seen: CosignedHead,
): Observation {
  const known = keyOfLine(policy, seen.line);
  if (known === undefined || policy.realm !== seen.checkpoint.realm) return { kind: 'dropped' };
  const { keyId } = known.key;
  const { size, root } = seen.checkpoint;
  const all = heads.get(keyId) ?? [];
  const before = all.filter(({ checkpoint }) => isSameLog(checkpoint, seen.checkpoint));
  const isOfOldLog = all.some(({ checkpoint }) => compareLogs(checkpoint, seen.checkpoint) > 0);
  const rival = before.find(({ checkpoint }) => checkpoint.size === size);
  const isUseful = rival === undefined || rival.checkpoint.root !== root;
  const isSmaller = rival === undefined && size < (before[0]?.checkpoint.size ?? 0);
  // Only what would change something is worth a verification.
  if (!isUseful || isSmaller || isOfOldLog) return { kind: 'held' };
  if (!isCosigned(known, seen)) return { kind: 'dropped' };
  if (rival !== undefined) return { kind: 'split', split: makeSplit(keyId, rival, seen) };
  const kept = [seen, ...before].slice(0, COSIGNED_HEADS_MAX);
  return { kind: 'new', heads: new Map(heads).set(keyId, kept) };
}

/**
 * Requires that a proof is one, and returns it in its normal form.
 *
 * Errors: `REALM`, `TYPE` (two logs), `KEY` (of no region, or of two), `PROOF` (one root, two
 * sizes, a line that does not verify). Rule CO-13.
 */
export function verifySplit(policy: RegionPolicy, split: SplitPair): RegionSplit {
  const { first, second } = split;
  requireRealm(first.checkpoint, policy.realm);
  requireLog(second.checkpoint, first.checkpoint);
  const known = keyOfLine(policy, first.line);
  if (known === undefined || keyOfLine(policy, second.line) !== known) {
    throw new KedgeError('KEY', 'two cosignatures are not by one key of a region');
  }
  const [a, b] = [first.checkpoint, second.checkpoint];
  const isSplit = a.size === b.size && a.root !== b.root;
  if (!isSplit || !isCosigned(known, first) || !isCosigned(known, second)) {
    throw new KedgeError('PROOF', 'two cosignatures do not show two roots for one size');
  }
  return makeSplit(known.key.keyId, first, second);
}

/** Of two proofs against one key the smaller one; merging in any order gives the same. */
export function mergeSplits(a: RegionSplit, b: RegionSplit): RegionSplit {
  return splitText(b) < splitText(a) ? b : a;
}

function makeSplit(keyId: KeyId, a: CosignedHead, b: CosignedHead): RegionSplit {
  const [first, second] = a.checkpoint.root < b.checkpoint.root ? [a, b] : [b, a];
  return { keyId, first, second };
}

function isCosigned({ key }: RegionKey, { checkpoint, line }: CosignedHead): boolean {
  return verifyCosignature(checkpoint, key, line) !== undefined;
}

function splitText({ first, second }: RegionSplit): string {
  const texts = [first, second].map(
    ({ checkpoint, line }) => `${checkpointText(checkpoint)}${encodeHex(line.signature)}\n`,
  );
  return texts.join('');
}
