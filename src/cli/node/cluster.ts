/**
 * A cluster as one or several of its nodes see it: members, and whether all hold the same.
 *
 * Pure. What a node says of itself counts; of a node that was not asked, what the others say: its
 * state is then the worst that anybody sees, and its root what it told on a link. What nobody knows
 * stays unknown, and then nobody can say that all hold the same.
 *
 * @module
 */
import type { NodeStatus, PeerStatus } from '../../core/admin/messages.ts';
import { type KeyWait, keyWaitText } from '../../core/admin/process-status.ts';
import {
  formatTimestamp,
  type NodeId,
  type RegionName,
  type Sha256,
  type StreamName,
} from '../../core/ids.ts';
import type { MemberDoubt } from '../../core/membership/view.ts';
import { byRegion } from './peers-view.ts';

/** One node of the cluster. */
export interface ClusterMember {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly state: PeerStatus['state'];
  /** Absent when only the node itself was asked: it does not say. */
  readonly role?: PeerStatus['role'];
  /** `itself`: it was asked; `others`: they told. */
  readonly source: 'itself' | 'others';
  readonly root?: Sha256;
  /** Streams that it lacks; only who is asked says. */
  readonly behind?: number;
  /** By the node itself, or what others say of it; absent: nobody knows. */
  readonly version?: string;
  /** Up to which level it understands what is signed, likewise. */
  readonly documents?: number;
}

/** A link that should be there and is not. */
export interface DownLink {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly lastError?: string;
}

/** A seed that leads a node to nobody. */
export interface FailingSeed {
  readonly from: NodeId;
  readonly address: string;
  readonly reason: string;
}

/** A node that cannot keep what comes. */
export interface FailingStore {
  readonly nodeId: NodeId;
  readonly reason: string;
}

/** A node that another one refuses. */
export interface RefusedNode {
  readonly nodeId: NodeId;
  readonly by: NodeId;
  readonly lastFault: string;
}

/** A node of which another one finds something hard to believe. */
export interface DoubtedNode {
  readonly nodeId: NodeId;
  readonly by: NodeId;
  readonly doubt: MemberDoubt;
}

/** An address that did not answer. */
export interface Unreachable {
  readonly endpoint: string;
  readonly reason: string;
}

/** How a cluster is. */
export interface Cluster {
  /** By region, then by name. */
  readonly members: readonly ClusterMember[];
  /** How many hold each root, most first; who left does not count. */
  readonly roots: readonly { readonly root: Sha256; readonly nodeIds: readonly NodeId[] }[];
  /** Of which nobody knows what they hold; who failed is not asked for it. */
  readonly unknownRoots: readonly NodeId[];
  readonly linksDown: readonly DownLink[];
  /** Members of which another one only heard, because it cannot reach them. */
  readonly unreached: readonly DownLink[];
  readonly failingSeeds: readonly FailingSeed[];
  /** Nodes whose store takes no writes; only who is asked says. */
  readonly failingStores: readonly FailingStore[];
  /** Nodes whose key of the region waits for others for a minute, and for whom; likewise. */
  readonly keyWaits: readonly (KeyWait & { readonly nodeId: NodeId })[];
  /** Nodes that others refuse for what they got wrong. */
  readonly refused: readonly RefusedNode[];
  /** What is hard to believe; where a node stands is no reason to call the cluster unwell. */
  readonly doubted: readonly DoubtedNode[];
  readonly forkedStreams: readonly StreamName[];
  readonly unreachable: readonly Unreachable[];
  /**
   * Why it is not well; empty: all members are alive, reach each other as far as they have to, and
   * hold the same, and nothing is forked.
   */
  readonly problems: readonly string[];
}

/** From best to worst. */
const STATES: readonly PeerStatus['state'][] = ['alive', 'left', 'suspect', 'failed'];

/** A key that waits is news after so long: every key does when its node starts. */
const KEY_WAIT_MIN_MS = 60_000;

/** Puts together what nodes said. */
export function gatherCluster(
  statuses: readonly NodeStatus[],
  unreachable: readonly Unreachable[],
  nowMs: number,
): Cluster {
  const members = gatherMembers(statuses);
  const present = members.filter(({ state, nodeId }) => {
    return state !== 'left' && !isUnproven(statuses, nodeId);
  });
  const nodesByRoot = new Map<Sha256, NodeId[]>();
  for (const { nodeId, root } of present) {
    if (root !== undefined) nodesByRoot.set(root, [...(nodesByRoot.get(root) ?? []), nodeId]);
  }
  const roots = Array.from(nodesByRoot, ([root, nodeIds]) => ({ root, nodeIds }));
  roots.sort((a, b) => b.nodeIds.length - a.nodeIds.length);
  const unknownRoots = present
    .filter(({ root, state }) => root === undefined && state !== 'failed')
    .map(({ nodeId }) => nodeId);
  const forked = statuses.flatMap(({ streams }) =>
    streams.flatMap(({ stream, fork }) => (fork === undefined ? [] : [stream])),
  );
  const parts = {
    members,
    roots,
    unknownRoots,
    linksDown: statuses.flatMap(linksDownOf),
    unreached: statuses.flatMap(unreachedOf),
    failingSeeds: statuses.flatMap(failingSeedsOf),
    failingStores: statuses.flatMap(failingStoreOf),
    keyWaits: statuses.flatMap((status) => keyWaitOf(status, nowMs)),
    refused: statuses.flatMap(refusedOf),
    doubted: statuses.flatMap(doubtedOf),
    forkedStreams: [...new Set(forked)].sort(),
    unreachable,
  };
  return { ...parts, problems: problemsOf(parts) };
}

function gatherMembers(statuses: readonly NodeStatus[]): readonly ClusterMember[] {
  const members = new Map<NodeId, ClusterMember>();
  for (const peer of statuses.flatMap(({ peers }) => peers)) {
    const { nodeId, region, role } = peer;
    const known = members.get(nodeId);
    const root = known?.root ?? (peer.link === 'up' ? peer.peerRoot : undefined);
    const state = worse(known?.state ?? 'alive', peer.state);
    const told = root === undefined ? {} : { root };
    const { version = known?.version, documents = known?.documents } = peer.software ?? {};
    const runs = version === undefined || documents === undefined ? {} : { version, documents };
    members.set(nodeId, { nodeId, region, state, role, source: 'others', ...told, ...runs });
  }
  for (const { nodeId, region, root, behind, version, documents } of statuses) {
    const role = members.get(nodeId)?.role;
    const own = { nodeId, region, state: 'alive', source: 'itself' } as const;
    members.set(nodeId, {
      ...{ ...own, root, behind, version },
      ...(documents !== undefined && { documents }),
      ...(role !== undefined && { role }),
    });
  }
  return [...members.values()].sort(byRegion);
}

function worse(a: PeerStatus['state'], b: PeerStatus['state']): PeerStatus['state'] {
  return STATES.indexOf(a) >= STATES.indexOf(b) ? a : b;
}

function linksDownOf({ nodeId, peers }: NodeStatus): readonly DownLink[] {
  return peers.filter(({ link }) => link === 'down').map((peer) => downLink(nodeId, peer));
}

function downLink(from: NodeId, { nodeId: to, lastError }: PeerStatus): DownLink {
  return lastError === undefined ? { from, to } : { from, to, lastError };
}

/** Either they cannot be reached or somebody invented them: both are to be looked at. */
function unreachedOf({ nodeId, peers }: NodeStatus): readonly DownLink[] {
  return peers
    .filter(({ doubt, link, state }) => {
      return doubt === 'unproven' && link === 'none' && state !== 'left';
    })
    .map((peer) => downLink(nodeId, peer));
}

function failingSeedsOf({ nodeId: from, failingSeeds }: NodeStatus): readonly FailingSeed[] {
  return failingSeeds.map(({ address, reason }) => ({ from, address, reason }));
}

function failingStoreOf({ nodeId, storeTrouble }: NodeStatus): readonly FailingStore[] {
  return storeTrouble === undefined ? [] : [{ nodeId, reason: storeTrouble.reason }];
}

function keyWaitOf({ nodeId, keyWait }: NodeStatus, nowMs: number): Cluster['keyWaits'] {
  const isNews = keyWait !== undefined && nowMs - keyWait.sinceMs >= KEY_WAIT_MIN_MS;
  return isNews ? [{ nodeId, ...keyWait }] : [];
}

function refusedOf({ nodeId: by, peers }: NodeStatus): readonly RefusedNode[] {
  return peers.flatMap(({ nodeId, conduct }) =>
    conduct?.refusedUntilMs === undefined ? [] : [{ nodeId, by, lastFault: conduct.lastFault }],
  );
}

/** Says whether nobody who was asked has ever met it: it may not exist, so nothing waits for it. */
function isUnproven(statuses: readonly NodeStatus[], one: NodeId): boolean {
  const told = statuses.flatMap(({ peers }) => peers.filter(({ nodeId }) => nodeId === one));
  if (statuses.some(({ nodeId }) => nodeId === one)) return false;
  return told.every(({ doubt }) => doubt === 'unproven');
}

function doubtedOf({ nodeId: by, peers }: NodeStatus): readonly DoubtedNode[] {
  return peers.flatMap(({ nodeId, doubt }) => (doubt === undefined ? [] : [{ nodeId, by, doubt }]));
}

function problemsOf(cluster: Omit<Cluster, 'problems'>): readonly string[] {
  const { members, roots, unknownRoots, refused, forkedStreams, unreachable } = cluster;
  const { linksDown, unreached, failingSeeds, failingStores, keyWaits } = cluster;
  const problems = unreachable.map(({ endpoint }) => `${endpoint} does not answer`);
  for (const { nodeId, state } of members) {
    if (state === 'suspect' || state === 'failed') problems.push(`${nodeId} is ${state}`);
  }
  const alive = new Set(members.filter(({ state }) => state === 'alive').map((one) => one.nodeId));
  for (const { from, to, lastError } of [...linksDown, ...unreached]) {
    // Of one that is not alive that is no news.
    if (alive.has(to)) problems.push(`${from} does not reach ${to}${because(lastError)}`);
  }
  for (const { from, address, reason } of failingSeeds) {
    problems.push(`${from} finds nobody at its seed ${address}${because(reason)}`);
  }
  for (const { nodeId, reason } of failingStores) {
    problems.push(`${nodeId} can keep nothing: ${reason}`);
  }
  for (const wait of keyWaits) {
    problems.push(`${wait.nodeId}, since ${formatTimestamp(wait.sinceMs)}: ${keyWaitText(wait)}`);
  }
  for (const { nodeId, by } of refused) problems.push(`${by} refuses ${nodeId} for its faults`);
  if (roots.length > 1) {
    const different = roots.slice(1).flatMap(({ nodeIds }) => nodeIds);
    problems.push(`not the same as most hold: ${different.join(', ')}`);
  }
  if (unknownRoots.length > 0) {
    problems.push(`what they hold is not known, ask them with --nodes: ${unknownRoots.join(', ')}`);
  }
  return [...problems, ...forkedStreams.map((stream) => `${stream} is forked`)];
}

function because(reason: string | undefined): string {
  return reason === undefined ? '' : `: ${reason}`;
}
