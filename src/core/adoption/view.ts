/**
 * How far the clients of all nodes are with one bundle, from the rows that one node holds.
 *
 * Counted are nodes that are alive for the one that answers. Of a node that is not, the clients may
 * have moved to another one, which counts them then: adding both would be too many.
 *
 * @module
 */
import type { BundleName } from '../ids.ts';
import { ADOPTION_GROUPS_MAX, ANCHORS_MAX, MEMBERS_MAX } from '../limits.ts';
import type { MemberState } from '../membership/view.ts';
import type { PeerIdentity } from '../peer.ts';
import type {
  AdoptionGroup,
  AnchorAdoption,
  BundleAdoption,
  ClientCounts,
  NodeAdoption,
  NodeStanding,
} from './model.ts';
import type { AdoptionRow, BundleRow } from './row.ts';

/** A node, as the one that answers sees it. */
export interface ReportingNode extends PeerIdentity {
  readonly state: MemberState;
  /** `doubtful`: nobody here ever met it, or the link to it is lost. */
  readonly trust: 'met' | 'doubtful';
  /** Of the process that runs now; absent: none is held. */
  readonly row: AdoptionRow | undefined;
}

/** What adoption is made of. */
export interface AdoptionInput extends Pick<BundleAdoption, 'bundle' | 'nowMs'> {
  readonly head: BundleAdoption['head'] | undefined;
  readonly nodes: readonly ReportingNode[];
}

const NOBODY: ClientCounts = { connected: 0, departed: 0, silent: 0, untracked: 0 };

/** Adds up what nodes say. */
export function adoptionOf({ bundle, head, nowMs, nodes }: AdoptionInput): BundleAdoption {
  const groups = new Map<string, AdoptionGroup>();
  const anchors = new Map<AnchorAdoption['anchor'], AnchorAdoption>();
  for (const node of nodes) {
    if (standingOf(node) !== 'counted') continue;
    const row = rowOf(node, bundle);
    for (const group of row?.groups ?? []) add(groups, { ...group, region: node.region });
    for (const use of row?.anchors ?? []) {
      anchors.set(use.anchor, join(anchors.get(use.anchor), use));
    }
  }
  return {
    bundle,
    ...(head !== undefined && { head }),
    nowMs,
    groups: fewest(groups).toSorted(byPlace),
    anchors: [...anchors.values()]
      .toSorted((a, b) => b.lastUsedMs - a.lastUsedMs)
      .slice(0, ANCHORS_MAX),
    nodes: nodes
      .map((node) => nodeOf(node, bundle))
      .toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1))
      .slice(0, MEMBERS_MAX),
  };
}

function standingOf({ state, trust, row }: ReportingNode): NodeStanding {
  if (state === 'left') return 'left';
  if (state !== 'alive' || trust === 'doubtful') return 'unreachable';
  return row === undefined ? 'silent' : 'counted';
}

function rowOf({ row }: ReportingNode, bundle: BundleName): BundleRow | undefined {
  return row?.bundles.find((one) => one.bundle === bundle);
}

function nodeOf(node: ReportingNode, bundle: BundleName): NodeAdoption {
  const { nodeId, region, row } = node;
  const said = rowOf(node, bundle);
  const isPartial =
    said === undefined ? row?.knowledge === 'partial' : said.knowledge === 'partial';
  return {
    nodeId,
    region,
    standing: standingOf(node),
    ...(said?.counts ?? NOBODY),
    ...(row !== undefined && { sinceMs: row.sinceMs, issuedAtMs: row.issuedAtMs }),
    knowledge: isPartial ? 'partial' : 'whole',
  };
}

function add(groups: Map<string, AdoptionGroup>, group: AdoptionGroup): void {
  const { region, stage, sequence, digest, otherSequence = 0, code = '', presence } = group;
  const labels = JSON.stringify([...group.labels]);
  const at = `${sequence} ${digest} ${otherSequence} ${code}`;
  const name = `${region} ${stage} ${at} ${presence} ${labels}`;
  const known = groups.get(name);
  if (known === undefined) {
    groups.set(name, group);
    return;
  }
  const behindSinceMs = earliest(known.behindSinceMs, group.behindSinceMs);
  const count = known.count + group.count;
  groups.set(name, { ...known, count, ...(behindSinceMs !== undefined && { behindSinceMs }) });
}

/** With too many groups, clients of one region and stage are said together. */
function fewest(groups: ReadonlyMap<string, AdoptionGroup>): readonly AdoptionGroup[] {
  if (groups.size <= ADOPTION_GROUPS_MAX) return [...groups.values()];
  const merged = new Map<string, AdoptionGroup>();
  for (const { region, stage, presence, count, behindSinceMs } of groups.values()) {
    const various = { sequence: 0, digest: '', labels: new Map([['(other)', '(other)']]) };
    const since = behindSinceMs === undefined ? {} : { behindSinceMs };
    add(merged, { region, stage, presence, count, ...various, ...since });
  }
  return [...merged.values()];
}

function join(known: AnchorAdoption | undefined, use: AnchorAdoption): AnchorAdoption {
  if (known === undefined) return use;
  return {
    anchor: use.anchor,
    clients: known.clients + use.clients,
    handshakes: Math.min(Number.MAX_SAFE_INTEGER, known.handshakes + use.handshakes),
    lastUsedMs: Math.max(known.lastUsedMs, use.lastUsedMs),
  };
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function byPlace(a: AdoptionGroup, b: AdoptionGroup): number {
  if (a.region !== b.region) return a.region < b.region ? -1 : 1;
  return a.sequence === b.sequence ? b.count - a.count : b.sequence - a.sequence;
}
