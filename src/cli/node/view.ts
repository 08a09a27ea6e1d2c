/**
 * What one node says about itself, checked as far as it can be, as JSON and as text.
 *
 * A status is the node's own word. What can be checked is checked: that it is of the pinned realm,
 * and whether evidence of a fork proves one.
 *
 * @module
 */
import type { NodeStatus, StreamStatus } from '../../core/admin/messages.ts';
import { keyWaitText, type TlsWorkerStatus } from '../../core/admin/process-status.ts';
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM, formatTimestamp } from '../../core/ids.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { acceptEvidence } from '../../core/trusted/accept.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import { formatDistance } from '../durations.ts';
import { expiryReminder } from '../expiry-view.ts';
import type { Json } from '../output.ts';
import type { RealmOptions } from '../realm/options.ts';
import { openRealm, type Realm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import { countOf, formatFields, formatTable, printable, type Styles } from '../terminal/styles.ts';
import { clockReminder } from './clock.ts';
import { formatOthers } from './peers-view.ts';

const MEGABYTE = 1_000_000;

/** The answer of one node. */
export interface AskedNode {
  readonly status: NodeStatus;
  /** Forks that it has evidence of, in words. */
  readonly forks: readonly string[];
  /** That the charter of the realm ends soon, or that a clock is wrong, in words. */
  readonly reminders: readonly string[];
}

/** Asks a node. Errors: `CONFIG`, `REALM` for one of another realm, those of calling it. */
export async function askNode(session: Session, options: RealmOptions): Promise<AskedNode> {
  await using realm = await openRealm(session, options);
  if (realm.node === undefined) {
    throw new KedgeError('CONFIG', 'the node is not given', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  const status = await realm.node.status();
  if (status.firstCharterDigest !== realm.pin.digest) {
    throw new KedgeError('REALM', `the node pins ${status.firstCharterDigest} for ${status.realm}`);
  }
  const forks = status.streams.flatMap(({ stream, fork }) =>
    fork === undefined ? [] : [`${stream} is forked: ${describeFork(realm, fork)}`],
  );
  const current = requireCharter(realm.state);
  const nowMs = session.context.nowMs();
  const found = [expiryReminder(CHARTER_STREAM, current, nowMs), clockReminder(status, nowMs)];
  return { status, forks, reminders: found.filter((each) => each !== undefined) };
}

/** Says whether evidence proves a fork, by the rules that nodes and clients use. */
function describeFork(realm: Realm, fork: Evidence): string {
  const digests = [fork.first, fork.second].map(({ payload }) => parseStatement(payload).digest);
  const both = `sequence ${fork.sequence} exists as ${digests.join(' and as ')}`;
  try {
    acceptEvidence(realm.state, fork);
    return `${both}; both are validly signed. See docs/errors.md#fork`;
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    return `${both}, but this proves nothing: ${message} (${code})`;
  }
}

/** A status for a terminal. */
export function formatStatus(status: NodeStatus, styles: Styles, nowMs: number): string {
  const { repair } = status;
  // The clock of the node may be a little ahead of this one; what it tells of is over all the same.
  const when = (timeMs: number | undefined): string =>
    timeMs === undefined ? 'never' : formatDistance(Math.min(timeMs, nowMs), nowMs);
  return [
    styles.bold(`Node ${status.nodeId} in ${status.region}, realm ${status.realm}`),
    formatFields([
      ['version', printable(status.version)],
      ['started', `${formatTimestamp(status.startedAtMs)} (${when(status.startedAtMs)})`],
      ['pin', status.firstCharterDigest],
      ['root', status.root],
      ['others hold', formatRoots(status, styles)],
      ['behind', formatBehind(status.behind, styles)],
      ['store', formatStore(status, styles, nowMs)],
      ['repair', `compared ${when(repair.comparedAtMs)}, fetched ${when(repair.fetchedAtMs)}`],
    ]),
    '',
    styles.bold(countOf(status.streams.length, 'stream')),
    formatStreams(status.streams, styles),
    '',
    ...formatOthers(status, styles, nowMs),
    '',
    styles.bold(attesting(status)),
    formatRegions(status, styles, nowMs),
    ...formatKeyWait(status, styles, nowMs),
    '',
    styles.bold('Clients of this node'),
    formatAdoption(status),
    ...formatWorkers(status, styles, nowMs),
  ].join('\n');
}

/** How many of the linked nodes hold the same as this one; those that told nothing count apart. */
function countRoots({ peers, root }: NodeStatus): {
  readonly same: number;
  readonly different: number;
  readonly unknown: number;
} {
  const linked = peers.filter(({ link }) => link === 'up');
  const told = linked.filter(({ peerRoot }) => peerRoot !== undefined);
  const same = told.filter(({ peerRoot }) => peerRoot === root).length;
  return { same, different: told.length - same, unknown: linked.length - told.length };
}

function formatRoots(status: NodeStatus, styles: Styles): string {
  const { same, different, unknown } = countRoots(status);
  const linked = same + different + unknown;
  if (linked === 0) return 'no node is linked';
  const parts = [`the same: ${String(same)} of ${String(linked)} linked nodes`];
  if (different > 0) parts.push(styles.yellow(`something else: ${String(different)}`));
  if (unknown > 0) parts.push(`not told yet: ${String(unknown)}`);
  return parts.join(', ');
}

/** How much of what others hold this node lacks. */
export function formatBehind(behind: number, styles: Styles): string {
  return behind === 0 ? 'nothing' : styles.yellow(countOf(behind, 'stream'));
}

function formatStreams(streams: readonly StreamStatus[], styles: Styles): string {
  const rows = streams.map(({ stream, sequence, digest, fork }) => [
    `  ${stream}`,
    String(sequence),
    digest.slice(0, 16),
    fork === undefined ? 'open' : styles.red(`FORKED at ${fork.sequence}`),
  ]);
  return formatTable(['  stream', 'sequence', 'digest', 'state'], rows);
}

function attesting({ regions }: NodeStatus): string {
  const heard = regions.filter(
    ({ heartbeatAtMs, standing }) => heartbeatAtMs !== undefined && standing === 'counts',
  );
  return `Heartbeats of ${heard.length} of ${regions.length} regions`;
}

function formatRegions({ regions }: NodeStatus, styles: Styles, nowMs: number): string {
  if (regions.length === 0) return '  the charter lists none';
  const rows = regions.map(({ region, heartbeatAtMs, standing }) => [
    `  ${region}`,
    heartbeatAtMs === undefined ? 'none' : formatDistance(heartbeatAtMs, nowMs),
    standing === 'faulty' ? styles.red('signed two roots') : '',
  ]);
  return formatTable(['  region', 'heartbeat', 'counts'], rows);
}

function formatKeyWait({ keyWait }: NodeStatus, styles: Styles, nowMs: number): readonly string[] {
  if (keyWait === undefined) return [];
  const since = formatDistance(Math.min(keyWait.sinceMs, nowMs), nowMs);
  return [styles.yellow(`  ! since ${since} ${keyWaitText(keyWait)}`)];
}

function formatAdoption({ subscribers }: NodeStatus): string {
  if (subscribers.length === 0) return '  none connected';
  const rows = subscribers.map(({ bundle, sequence, delivered, loaded, refused }) => [
    `  ${bundle}`,
    String(sequence),
    String(delivered),
    String(loaded),
    String(refused),
  ]);
  return formatTable(['  bundle', 'release', 'delivered', 'loaded', 'refused'], rows);
}

function formatStore({ storeTrouble }: NodeStatus, styles: Styles, nowMs: number): string {
  if (storeTrouble === undefined) return 'takes what is written';
  const { sinceMs, reason } = storeTrouble;
  const since = formatDistance(Math.min(sinceMs, nowMs), nowMs);
  return styles.red(`takes nothing, first ${since}: ${printable(reason)}`);
}

/** Nothing where the node does TLS itself. */
function formatWorkers(
  { tlsWorkers }: NodeStatus,
  styles: Styles,
  nowMs: number,
): readonly string[] {
  if (tlsWorkers.length === 0) return [];
  const rows = tlsWorkers.map(({ place, state, sinceMs, connections, residentBytes, ended }) => [
    `  ${String(place)}`,
    state === 'running' ? styles.green(state) : styles.red(state),
    formatDistance(Math.min(sinceMs, nowMs), nowMs),
    String(connections),
    formatMemory(state, residentBytes),
    ended === 0 ? '0' : styles.yellow(String(ended)),
  ]);
  const head = ['  worker', 'state', 'since', 'programs', 'memory', 'ended'];
  return ['', styles.bold('Processes that do TLS with programs'), formatTable(head, rows)];
}

function formatMemory(state: TlsWorkerStatus['state'], residentBytes: number | undefined): string {
  if (state === 'ended') return '-';
  const known = residentBytes !== undefined;
  return known ? `${(residentBytes / MEGABYTE).toFixed(0)} MB` : 'not told yet';
}

/** A status for programs. */
export function statusJson(status: NodeStatus): Json {
  const { comparedAtMs, fetchedAtMs } = status.repair;
  return {
    nodeId: status.nodeId,
    region: status.region,
    realm: status.realm,
    version: status.version,
    documents: status.documents ?? null,
    firstCharterDigest: status.firstCharterDigest,
    startedAt: formatTimestamp(status.startedAtMs),
    root: status.root,
    roots: countRoots(status),
    behind: status.behind,
    repair: {
      comparedAt: comparedAtMs === undefined ? null : formatTimestamp(comparedAtMs),
      fetchedAt: fetchedAtMs === undefined ? null : formatTimestamp(fetchedAtMs),
    },
    streams: status.streams.map(({ stream, sequence, digest, fork }) => ({
      stream,
      sequence,
      digest,
      state: fork === undefined ? 'open' : 'forked',
    })),
    peers: status.peers.map(({ conduct, software, ...peer }) => ({
      ...peer,
      ...(conduct !== undefined && { conduct: { ...conduct } }),
      ...(software !== undefined && { software: { ...software } }),
    })),
    failingSeeds: status.failingSeeds.map((seed) => ({ ...seed })),
    regions: status.regions.map((region) => ({ ...region })),
    store: { trouble: troubleJson(status) },
    keyWait: keyWaitJson(status),
    tlsWorkers: status.tlsWorkers.map(({ sinceMs, ...worker }) => ({
      ...worker,
      since: formatTimestamp(sinceMs),
    })),
    subscribers: status.subscribers.map((subscriber) => ({ ...subscriber })),
  };
}

function keyWaitJson({ keyWait }: NodeStatus): Json {
  return keyWait === undefined
    ? null
    : { since: formatTimestamp(keyWait.sinceMs), on: [...keyWait.on] };
}

function troubleJson({ storeTrouble }: NodeStatus): Json {
  if (storeTrouble === undefined) return null;
  const { sinceMs, reason } = storeTrouble;
  return { since: formatTimestamp(sinceMs), reason };
}
