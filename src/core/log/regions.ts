/**
 * Which regions count: k of the n regions of a charter, found through their keys.
 *
 * Counted are regions. A key counts for the first region that lists it, a region once however many
 * of its keys signed; a line that does not verify is dropped and spoils nothing, or a relay could
 * veto. With n regions, f of them bad, k > (n + f) / 2 leaves no two roots for which k regions
 * sign. Spec section 8.
 *
 * @module
 */
import type { Charter, Region } from '../charter/model.ts';
import type { PublicKey } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import type { KeyId, RealmName, RegionName } from '../ids.ts';
import { NOTE_SIGNATURES_MAX } from '../limits.ts';
import {
  type Checkpoint,
  checkpointText,
  parseCheckpoint,
  requireLog,
  requireRealm,
} from './checkpoint.ts';
import { cosignatureKeyHash, regionKeyName, verifyCosignature } from './cosignature.ts';
import type { LogName } from './log-name.ts';
import { encodeNote, type NoteSignature, parseNote } from './note.ts';

/** A key that may speak for a region. */
export interface RegionKey {
  readonly region: RegionName;
  readonly key: PublicKey;
}

/** Who counts, and how many of them are needed. */
export interface RegionPolicy {
  readonly realm: RealmName;
  /** How many regions must agree. */
  readonly threshold: number;
  /** Ed25519 keys of the regions that count. */
  readonly keys: ReadonlyMap<KeyId, RegionKey>;
  /** The same keys by what a signature line says about them. */
  readonly lines: ReadonlyMap<string, RegionKey>;
}

/** A checkpoint with one cosignature. */
export interface CosignedHead {
  readonly checkpoint: Checkpoint;
  readonly line: NoteSignature;
}

/** The outcome of counting cosignatures. */
export interface CosignatureCount {
  /** Distinct, sorted. */
  readonly regions: readonly RegionName[];
  /** The first valid line of each region, in the order of the note. */
  readonly valid: readonly NoteSignature[];
}

/**
 * The policy "`threshold` regions of this charter". Regions with a key among `faulty` do not count:
 * one such key signed two roots (`split.ts`). Errors: `POLICY` (not from 1 to the number of
 * regions). Rules CO-9 to CO-11.
 */
export function regionPolicy(
  { realm, regions }: Pick<Charter, 'realm' | 'regions'>,
  threshold: number,
  faulty: ReadonlySet<KeyId> = new Set(),
): RegionPolicy {
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > regions.length) {
    throw new KedgeError(
      'POLICY',
      `${threshold} cosigning regions were asked for; the charter has ${regions.length}`,
      { detail: { threshold, regions: regions.length } },
    );
  }
  const keys = new Map<KeyId, RegionKey>();
  const lines = new Map<string, RegionKey>();
  for (const { name: region, keys: regionKeys } of regions) {
    if (isFaulty(regionKeys, faulty)) continue;
    for (const key of regionKeys) {
      const name = regionKeyName(realm, region);
      const keyHash = cosignatureKeyHash(name, key);
      if (keyHash === undefined || keys.has(key.keyId)) continue;
      keys.set(key.keyId, { region, key });
      lines.set(lineKey({ name, keyHash }), { region, key });
    }
  }
  return { realm, threshold, keys, lines };
}

/** The key that a signature line names; absent for a stranger's line. */
export function keyOfLine(policy: RegionPolicy, line: NoteSignature): RegionKey | undefined {
  return policy.lines.get(lineKey(line));
}

/**
 * Counts the regions that cosigned a checkpoint. Errors: `LIMIT` (more lines than a note may have),
 * before any is verified. Rules CO-8 to CO-10.
 */
export function countCosignatures(
  policy: RegionPolicy,
  checkpoint: Checkpoint,
  lines: readonly NoteSignature[],
): CosignatureCount {
  if (lines.length > NOTE_SIGNATURES_MAX) {
    throw new KedgeError('LIMIT', `a checkpoint has at most ${NOTE_SIGNATURES_MAX} cosignatures`);
  }
  const valid = new Map<RegionName, NoteSignature>();
  for (const line of lines) {
    const known = keyOfLine(policy, line);
    if (known === undefined || valid.has(known.region)) continue;
    if (verifyCosignature(checkpoint, known.key, line) !== undefined) valid.set(known.region, line);
  }
  return { regions: [...valid.keys()].sort(), valid: [...valid.values()] };
}

/**
 * Requires that enough regions cosigned. Errors: `REALM` (the policy is another realm's), `QUORUM`,
 * `LIMIT`. Rule CO-12.
 */
export function requireCosigned(
  policy: RegionPolicy,
  checkpoint: Checkpoint,
  lines: readonly NoteSignature[],
): CosignatureCount {
  requireRealm(checkpoint, policy.realm);
  const count = countCosignatures(policy, checkpoint, lines);
  if (count.regions.length >= policy.threshold) return count;
  const { stream, size } = checkpoint;
  throw new KedgeError(
    'QUORUM',
    `${count.regions.length} of ${policy.threshold} needed regions cosigned ${stream} at ${size}`,
    { detail: { stream, size, needed: policy.threshold, cosigned: count.regions } },
  );
}

/** A checkpoint that enough regions cosigned. */
export interface CosignedCheckpoint extends CosignatureCount {
  readonly checkpoint: Checkpoint;
}

/**
 * Reads a note as a checkpoint of one log and requires that enough regions cosigned it.
 *
 * Errors: `LIMIT`, `PARSE`, `REALM`, `TYPE`, `QUORUM`. Rules CO-1 to CO-12.
 */
export function openCheckpoint(
  bytes: Uint8Array,
  log: LogName,
  policy: RegionPolicy,
): CosignedCheckpoint {
  const { text, signatures } = parseNote(bytes);
  const checkpoint = parseCheckpoint(text);
  requireLog(checkpoint, log);
  return { checkpoint, ...requireCosigned(policy, checkpoint, signatures) };
}

/** Reads a note with exactly one cosignature; nothing is verified. Errors: `LIMIT`, `PARSE`. */
export function parseCosignedHead(bytes: Uint8Array): CosignedHead {
  const { text, signatures } = parseNote(bytes);
  const [line, ...more] = signatures;
  if (line === undefined || more.length > 0) {
    throw new KedgeError('PARSE', 'a cosigned head has not one signature line');
  }
  return { checkpoint: parseCheckpoint(text), line };
}

/** A checkpoint with its cosignatures as a note. Errors: `PARSE` (none), `LIMIT`. */
export function sealCheckpoint(
  checkpoint: Checkpoint,
  lines: readonly NoteSignature[],
): Uint8Array {
  return encodeNote({ text: checkpointText(checkpoint), signatures: lines });
}

function isFaulty(keys: Region['keys'], faulty: ReadonlySet<KeyId>): boolean {
  return keys.some(({ keyId }) => faulty.has(keyId));
}

function lineKey({ name, keyHash }: Pick<NoteSignature, 'name' | 'keyHash'>): string {
  return `${name} ${keyHash}`;
}
