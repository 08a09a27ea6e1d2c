/**
 * How far the clients of all nodes are with one bundle, from the rows that one node holds.
 *
 * Counted are nodes that are alive for the one that answers. Of a node that is not, the clients may
 * have moved to another one, which counts them then: adding both would be too many.
 *
 * @module
 */
import type { AnchorId, BundleName } from '../ids.ts';
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
import { type AdoptionRow, type BundleRow, OTHER_LABELS } from './row.ts';

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
  /** With the anchors in it: of other ones no use is told. */
  readonly head:
    | (NonNullable<BundleAdoption['head']> & { readonly anchors: ReadonlySet<AnchorId> })
    | undefined;
  readonly nodes: readonly ReportingNode[];
}

/** What all groups of an answer may take, and one with the most that its labels can take. */
const GROUPS_MAX_BYTES = 2 * 1024 * 1024;
const GROUP_BYTES = 160;
const LABEL_BYTES = 8;
const CHAR_BYTES = 3;
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
      if (head?.anchors.has(use.anchor) === false) continue;
      // What a node says of the future was just now, for all that is known.
      const lastUsedMs = Math.min(nowMs, use.lastUsedMs);
      anchors.set(use.anchor, join(anchors.get(use.anchor), { ...use, lastUsedMs }));
    }
  }
  return {
    bundle,
    ...(head && { head: { sequence: head.sequence, digest: head.digest } }),
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

/** Whether the clients of a node count. */
export function standingOf({ state, trust, row }: ReportingNode): NodeStanding {
  if (state === 'left') return 'left';
  if (state !== 'alive' || trust === 'doubtful') return 'unreachable';
  return row === undefined ? 'silent' : 'counted';
}

/** What a node says of one bundle; absent: nothing. */
export function rowOf({ row }: ReportingNode, bundle: BundleName): BundleRow | undefined {
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
  const count = Math.min(Number.MAX_SAFE_INTEGER, known.count + group.count);
  groups.set(name, { ...known, count, ...(behindSinceMs !== undefined && { behindSinceMs }) });
}

/** With too much to say, clients of one region and stage are said together. */
function fewest(groups: ReadonlyMap<string, AdoptionGroup>): readonly AdoptionGroup[] {
  if (isFitting(groups)) return [...groups.values()];
  const merged = new Map<string, AdoptionGroup>();
  for (const { region, stage, presence, count, behindSinceMs } of groups.values()) {
    const various = { sequence: 0, digest: '', labels: OTHER_LABELS };
    const since = behindSinceMs === undefined ? {} : { behindSinceMs };
    add(merged, { region, stage, presence, count, ...various, ...since });
  }
  return [...merged.values()];
}

function isFitting(groups: ReadonlyMap<string, AdoptionGroup>): boolean {
  if (groups.size > ADOPTION_GROUPS_MAX) return false;
  let bytes = 0;
  for (const { region, labels } of groups.values()) {
    bytes += GROUP_BYTES + region.length;
    for (const [key, value] of labels) {
      bytes += LABEL_BYTES + key.length + CHAR_BYTES * value.length;
    }
    if (bytes > GROUPS_MAX_BYTES) return false;
  }
  return true;
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
