/**
 * The other nodes, as one node says that they are, as text.
 *
 * @module
 */
import type { NodeStatus, PeerStatus } from '../../core/admin/messages.ts';
import type { MemberDoubt } from '../../core/membership/view.ts';
import { formatDistance } from '../durations.ts';
import { formatTable, printable, type Styles } from '../terminal/styles.ts';

/** All that is to be said of them: who they are, and what is wrong. */
export function formatOthers(status: NodeStatus, styles: Styles, nowMs: number): readonly string[] {
  return [
    styles.bold(`${String(status.peers.length)} other nodes`),
    formatPeers(status, styles, nowMs),
    ...titled(styles.bold('Seeds that lead to nobody'), formatSeeds(status, nowMs)),
    ...formatConduct(status, styles, nowMs),
    ...formatDoubts(status, styles),
  ];
}

function titled(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function formatPeers({ peers, root }: NodeStatus, styles: Styles, nowMs: number): string {
  if (peers.length === 0) return '  none known';
  const sorted = peers.toSorted(byRegion);
  const rows = sorted.map((peer, index) => [
    `  ${peer.region === sorted[index - 1]?.region ? '' : peer.region}`,
    peer.nodeId,
    printable(peer.address),
    peer.role,
    peer.state === 'alive' ? styles.green(peer.state) : styles.red(peer.state),
    peer.link === 'down' ? styles.red('down') : peer.link === 'up' ? styles.green('up') : '-',
    peer.rttMs === undefined ? '' : `${peer.rttMs.toFixed(1)} ms`,
    peer.sinceMs === 0 ? '' : formatDistance(peer.sinceMs, nowMs),
    peer.link !== 'up' || peer.peerRoot === undefined
      ? ''
      : peer.peerRoot === root
        ? 'the same'
        : styles.yellow('something else'),
    printable(peer.software?.version ?? '?'),
    printable(troubleOf(peer)),
  ]);
  const head = ['node', 'address', 'role', 'state', 'link', 'RTT', 'since', 'holds', 'version'];
  return formatTable(['  region', ...head, 'last error'], rows);
}

/** Why a node is not reached; nothing when no link is needed and nothing is wrong. */
function troubleOf({ link, state, doubt, lastError }: PeerStatus): string {
  const isMissed = link === 'none' && (doubt === 'unproven' || state === 'suspect');
  if (link === 'down') return lastError ?? 'not tried yet';
  return isMissed || state === 'failed' ? (lastError ?? '') : '';
}

function formatSeeds({ failingSeeds }: NodeStatus, nowMs: number): readonly string[] {
  const rows = failingSeeds.map(({ address, sinceMs, reason }) => [
    `  ${printable(address)}`,
    formatDistance(Math.min(sinceMs, nowMs), nowMs),
    printable(reason),
  ]);
  return rows.length === 0 ? [] : [formatTable(['  seed', 'since', 'reason'], rows)];
}

/** Nothing where nobody got anything wrong. */
function formatConduct({ peers }: NodeStatus, styles: Styles, nowMs: number): readonly string[] {
  const rows = peers.flatMap(({ nodeId, conduct }) => {
    if (conduct === undefined) return [];
    const { faults, cutOffs, refusedUntilMs, lastFault } = conduct;
    const until =
      refusedUntilMs === undefined
        ? 'no'
        : styles.red(`ends ${formatDistance(refusedUntilMs, nowMs)}`);
    return [[`  ${nodeId}`, String(faults), String(cutOffs), until, printable(lastFault)]];
  });
  if (rows.length === 0) return [];
  const table = formatTable(['  node', 'faults', 'cut off', 'refused', 'last fault'], rows);
  return ['', styles.bold('Nodes that got something wrong'), table];
}

/** What a node finds hard to believe of another one, in words. */
export function describeDoubt(doubt: MemberDoubt): string {
  switch (doubt) {
    case 'unproven':
      return 'never showed itself and cannot be reached: there may be no such node';
    case 'too-far':
      return 'claims the same region, and is far away';
    case 'too-near':
      return 'claims a region that is far away, and is near';
  }
}

function formatDoubts({ peers }: NodeStatus, styles: Styles): readonly string[] {
  const rows = peers.flatMap(({ nodeId, region, doubt }) =>
    doubt === undefined ? [] : [[`  ${nodeId}`, region, describeDoubt(doubt)]],
  );
  if (rows.length === 0) return [];
  return [
    '',
    styles.bold('Nodes that are hard to believe'),
    formatTable(['  node', 'region', ''], rows),
  ];
}

/** The order of members: by region, then by name. */
export function byRegion(
  a: Pick<PeerStatus, 'region' | 'nodeId'>,
  b: Pick<PeerStatus, 'region' | 'nodeId'>,
): number {
  const [left, right] = a.region === b.region ? [a.nodeId, b.nodeId] : [a.region, b.region];
  return left < right ? -1 : left > right ? 1 : 0;
}
