/**
 * What the audit log of a node is worth: whether it is whole, who signed its head, whether it grew
 * from what it was, and whether what it calls accepted is what the realm's chains hold.
 *
 * A node can write down what it likes. It cannot change an entry that a checkpoint covers without
 * another root, and it cannot name another statement than the signers made, because the chains are
 * verified from the pin down.
 *
 * @module
 */
import {
  type AuditSeal,
  type ReadCheckpoint,
  readAuditCheckpoint,
  verifyAuditSeals,
} from '../../core/audit/checkpoint.ts';
import { type AuditContent, verifyAuditLog } from '../../core/audit/verify.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  parseStreamName,
  type RealmName,
  type Sha256,
  type StreamName,
  splitStream,
} from '../../core/ids.ts';
import { verifyConsistency } from '../../core/log/proof.ts';
import { decisionsOn } from '../../core/trusted/decisions.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import type { Realm } from '../realm/realm.ts';
import { type PastStatement, readHistory, requireHead } from '../release/history.ts';
import { readRollouts } from '../rollout/history.ts';
import { type ReadEntry, readPages, requireNode } from './reading.ts';

/** An audit log as it was read, whole. */
export interface ReadLog extends Omit<AuditContent, 'entries'> {
  readonly checkpointBytes: Uint8Array;
  readonly read: ReadCheckpoint;
  readonly entries: readonly ReadEntry[];
}

/** Digests of what the chains of a realm hold, by stream and sequence. */
export type Chains = ReadonlyMap<StreamName, ReadonlyMap<number, Sha256>>;

/** What comparing entries with the chains came to. */
export interface ChainFindings {
  /** Entries that name what the chain holds. */
  readonly matched: number;
  /** Entries about streams whose chain is not at hand. */
  readonly unchecked: number;
  /** Entries about statements that the charter decided against. */
  readonly fallen: readonly ReadEntry[];
  /** Entries that name what no chain holds. */
  readonly wrong: readonly ReadEntry[];
}

/**
 * Reads the audit log of a node and verifies that the entries are those of its checkpoint. Errors:
 * `PROOF`, `REALM`, `TYPE`, `PARSE`, those of the node.
 */
export async function readWholeLog(realm: Realm): Promise<ReadLog> {
  const node = requireNode(realm);
  // The head first: what comes after it is of no interest.
  const head = await node.audit({ order: 'newest-first', kinds: [], limit: 1 });
  const { size } = readAuditCheckpoint(head.checkpoint).checkpoint;
  const entries: ReadEntry[] = [];
  let first: number | undefined;
  if (size > 0) {
    for await (const page of readPages(node, { order: 'oldest-first', kinds: [] })) {
      first ??= page.entries[0]?.index;
      entries.push(...page.entries.filter(({ index }) => index < size));
      if ((page.entries.at(-1)?.index ?? size) >= size - 1) break;
    }
  }
  const from = first ?? 0;
  const peaks = from === 0 ? [] : await node.auditProof({ kind: 'peaks', size: from });
  return openLog(realm.state.realm, head.checkpoint, { first: from, peaks, entries });
}

/**
 * Reads a checkpoint and requires that these are its entries. Errors: `PROOF`, `REALM`, `TYPE`,
 * `PARSE`, `LIMIT`.
 */
export function openLog(
  realm: RealmName,
  checkpointBytes: Uint8Array,
  { first, peaks, entries }: Pick<ReadLog, 'first' | 'peaks' | 'entries'>,
): ReadLog {
  const read = readAuditCheckpoint(checkpointBytes, { realm });
  const isInRow = entries.every(({ index }, at) => index === first + at);
  if (!isInRow) throw new KedgeError('PROOF', 'the node leaves entries of its audit log out');
  const content = { first, peaks, entries: entries.map(({ bytes }) => bytes) };
  verifyAuditLog(read.checkpoint, content);
  return { checkpointBytes, read, first, peaks, entries };
}

/** Requires that a log grew from an earlier checkpoint of it. Errors: `PROOF`, `ROLLBACK`, … */
export async function requireGrown(realm: Realm, log: ReadLog, earlier: Uint8Array): Promise<void> {
  const { checkpoint } = log.read;
  const { checkpoint: before } = readAuditCheckpoint(earlier, checkpoint);
  if (before.size > checkpoint.size) {
    throw new KedgeError(
      'ROLLBACK',
      `the audit log of ${checkpoint.node} had ${before.size} entries and has ${checkpoint.size}`,
    );
  }
  const sizes = { from: before.size, size: checkpoint.size };
  const proof = await requireNode(realm).auditProof({ kind: 'consistency', ...sizes });
  verifyConsistency(before, checkpoint, proof);
}

/** Which regions signed the head of a log, by the keys of any charter of the realm. */
export function sealsOf(
  { read }: Pick<ReadLog, 'read'>,
  state: TrustedState,
): readonly AuditSeal[] {
  return verifyAuditSeals(
    read,
    state.charters.map(({ charter }) => charter),
  );
}

/** Reads what the chains hold of every stream that entries name, verified. */
export async function readChains(realm: Realm, entries: readonly ReadEntry[]): Promise<Chains> {
  const node = requireNode(realm);
  const heads = new Set((await node.streams()).map(({ stream }) => stream));
  const chains = new Map<StreamName, ReadonlyMap<number, Sha256>>([
    [CHARTER_STREAM, new Map(realm.state.charters.map((one) => [one.version, one.digest]))],
  ]);
  for (const stream of new Set(entries.flatMap(({ entry }) => entry?.stream ?? []))) {
    const parsed = splitStream(stream);
    if (parsed.kind === 'charter' || !heads.has(stream) || chains.has(stream)) continue;
    const { kind, bundle } = parsed;
    const past = await (kind === 'rollout' ? readRollouts : readReleases)(realm, bundle);
    chains.set(
      stream,
      new Map(past.map(({ statement }) => [statement.sequence, statement.digest])),
    );
  }
  return chains;
}

async function readReleases(realm: Realm, bundle: BundleName): Promise<readonly PastStatement[]> {
  const { head } = await requireHead(realm, bundle, { blobs: 'without' });
  return await readHistory(realm, { ...head, bundle }, { limit: head.sequence });
}

/** Compares what a log calls accepted with what the chains hold. */
export function compareWithChains(
  state: TrustedState,
  entries: readonly ReadEntry[],
  chains: Chains,
): ChainFindings {
  let matched = 0;
  let unchecked = 0;
  const fallen: ReadEntry[] = [];
  const wrong: ReadEntry[] = [];
  for (const one of entries) {
    const { what, stream, sequence, digest } = one.entry ?? {};
    if (what !== 'accepted' || stream === undefined || sequence === undefined) continue;
    const chain = chains.get(parseStreamName(stream));
    const held = chain?.get(sequence);
    const isDecided = decisionsOn(state.charters, stream).some((by) => by.sequence <= sequence);
    if (held === digest) matched += 1;
    else if (isDecided) fallen.push(one);
    // Beyond the head is what came while this was read.
    else if (chain === undefined || held === undefined) unchecked += 1;
    else wrong.push(one);
  }
  return { matched, unchecked, fallen, wrong };
}
