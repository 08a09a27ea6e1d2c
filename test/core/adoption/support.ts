/**
 * Clients and nodes for the tests of adoption.
 */
import { AdoptionBoard } from '../../../src/core/adoption/board.ts';
import type { Client } from '../../../src/core/adoption/client.ts';
import type { AdoptionRow, BundleRow, RowGroup } from '../../../src/core/adoption/row.ts';
import {
  type BundleName,
  parseBundleName,
  parseNodeId,
  parseRealmName,
  parseSequence,
  parseSha256,
  type Sha256,
} from '../../../src/core/ids.ts';
import type { HeldRelease, WatchStart } from '../../../src/core/watch/messages.ts';

export const BUNDLE: BundleName = parseBundleName('payments.test.example.org');
export const ANCHOR: Sha256 = parseSha256('aa'.repeat(32));
export const OTHER_ANCHOR: Sha256 = parseSha256('bb'.repeat(32));
export const NOW_MS = 1_795_428_000_000;
export const DEPARTED_MS = 3_600_000;
export const APP = 'spiffe://test.example.org/client/app';

/** The release with that sequence. */
export function releaseAt(sequence: number): HeldRelease {
  const digest = parseSha256(sequence.toString(16).padStart(2, '0').repeat(32));
  return { bundle: BUNDLE, sequence: parseSequence(sequence), digest };
}

/** An instance by a small number. */
export function instance(number: number): string {
  return number.toString(16).padStart(32, '0');
}

/** A start of a client that runs `held`, or nothing. */
export function startOf(held: number | undefined, change: Partial<WatchStart> = {}): WatchStart {
  const { sequence, digest } = releaseAt(held ?? 1);
  return {
    realm: parseRealmName('test.example.org'),
    firstCharterDigest: parseSha256('0'.repeat(64)),
    charterVersion: 1,
    bundles: [{ bundle: BUNDLE, held: held === undefined ? undefined : { sequence, digest } }],
    labels: new Map(),
    wantsAttestations: false,
    ...change,
  };
}

/** A board that serves a release with both anchors. */
export function boardAt(sequence: number, departedMax = 100): AdoptionBoard {
  const board = new AdoptionBoard({ labels: ['service'], departedMs: DEPARTED_MS, departedMax });
  serve(board, sequence, NOW_MS);
  return board;
}

/** A newer release is served. */
export function serve(board: AdoptionBoard, sequence: number, atMs: number): void {
  const { digest } = releaseAt(sequence);
  const head = { sequence: parseSequence(sequence), digest };
  board.serve(BUNDLE, { ...head, anchors: new Set([ANCHOR, OTHER_ANCHOR]) }, atMs);
}

/** A client with an instance that watches. */
export function join(
  board: AdoptionBoard,
  number: number,
  held: number | undefined,
  change: Partial<WatchStart> = {},
): Client {
  const start = startOf(held, { instance: instance(number), streams: 1, ...change });
  return board.open(APP, start, NOW_MS);
}

/** What a board tells of the bundle. */
export function told(board: AdoptionBoard, nowMs: number = NOW_MS): BundleRow {
  const found = board.rows(nowMs).find(({ bundle }) => bundle === BUNDLE);
  const counts = { connected: 0, departed: 0, silent: 0, untracked: 0 };
  return found ?? { bundle: BUNDLE, counts, groups: [], anchors: [], knowledge: 'whole' };
}

/** How many clients are counted in groups for which `test` holds. */
export function count(groups: readonly RowGroup[], test: (group: RowGroup) => boolean): number {
  return groups.filter(test).reduce((sum, group) => sum + group.count, 0);
}

/** The row of a node that tells this of the bundle. */
export function rowOf(name: string, bundles: readonly BundleRow[], version = 1): AdoptionRow {
  return {
    nodeId: parseNodeId(name),
    realm: parseRealmName('test.example.org'),
    bootId: '0'.repeat(32),
    version,
    sinceMs: NOW_MS,
    issuedAtMs: NOW_MS,
    bundles,
    knowledge: 'whole',
  };
}
