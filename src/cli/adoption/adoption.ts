/**
 * How far the clients of a bundle are, put together from what one node answers and from the
 * verified release: shares by release, region and label, who lags, which anchors are used, and what
 * nobody knows.
 *
 * Pure. What is not known is never counted as none: it is in `unknowns`, and then `isComplete` is
 * false and a use that nobody reported is `undefined`, not zero.
 *
 * @module
 */
import { isOutdated } from '../../core/adoption/freshness.ts';
import type {
  AdoptionGroup,
  AnchorAdoption,
  BundleAdoption,
  NodeAdoption,
} from '../../core/adoption/model.ts';
import type { Anchor } from '../../core/anchors/anchor.ts';
import type { BundleName, NodeId, RegionName } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';

/** How many clients there are of something, and how many of them run the newest release. */
export interface Share {
  readonly total: number;
  readonly newest: number;
}

/** Clients that run one release. */
export interface ReleaseShare {
  /** 0 for none; `various` where nodes no longer tell them apart. */
  readonly sequence: number | 'various';
  /** How the digest begins; empty for none. */
  readonly digest: string;
  readonly standing: 'newest' | 'other';
  readonly count: number;
}

/** Clients of one region. */
export interface RegionShare extends Share {
  readonly region: RegionName;
  readonly refused: number;
  /** They run nothing yet. */
  readonly waiting: number;
  readonly behind: number;
  /** Since when, of the one that is behind for longest. */
  readonly behindSinceMs?: number;
}

/** Clients with one value of a label; absent: without it. */
export interface LabelShare extends Share {
  readonly value?: string;
}

/** An anchor of the release, and what clients reported of it. */
export interface AnchorUsed {
  readonly anchor: Anchor;
  /** Absent: nobody reported a use. */
  readonly use?: AnchorAdoption;
}

/** A node, and how old what it told of its clients is. */
export interface NodeTold extends Pick<NodeAdoption, 'nodeId' | 'region' | 'standing'> {
  /** Connected ones. */
  readonly clients: number;
  /** Its clock; absent: it told nothing. */
  readonly toldAtMs?: number;
  readonly age: 'fresh' | 'outdated';
}

/** Something that nobody knows. */
export interface Unknown {
  readonly kind:
    | 'unreachable'
    | 'silent'
    | 'partial'
    | 'outdated'
    | 'unreported'
    | 'untracked'
    | 'no-node';
  /** Whose clients are not, or not all, counted. */
  readonly nodeId?: NodeId;
  /** Clients that it is about; for a node those that it told of last. Absent: not known. */
  readonly clients?: number;
  /** When the node told of its clients last; its clock. */
  readonly toldAtMs?: number;
}

/** How far the clients of a bundle are. */
export interface AdoptionReport extends Share {
  readonly bundle: BundleName;
  /** The newest release that is verified here. */
  readonly sequence: number;
  readonly nowMs: number;
  /** Clients whose stream broke and that were not seen since. */
  readonly departed: number;
  /** Newest first. */
  readonly releases: readonly ReleaseShare[];
  readonly regions: readonly RegionShare[];
  /** By name; only labels that nodes group by. */
  readonly labels: ReadonlyMap<string, readonly LabelShare[]>;
  /** The longest first. */
  readonly behind: readonly AdoptionGroup[];
  readonly refused: readonly AdoptionGroup[];
  /** Those who went away and did not run the newest release when they were seen last. */
  readonly away: readonly AdoptionGroup[];
  /** Those who told longest ago first; without those that stopped in order. */
  readonly nodes: readonly NodeTold[];
  readonly anchors: readonly AnchorUsed[];
  readonly unknowns: readonly Unknown[];
  readonly isComplete: boolean;
}

/** Nodes put clients together under this name when there are too many groups. */
const OTHER = '(other)';

/** Puts the report together; `sequence` and `body` are of the newest verified release. */
export function reportAdoption(
  adoption: BundleAdoption,
  { sequence, body }: { readonly sequence: number; readonly body: ReleaseBody },
): AdoptionReport {
  const connected = adoption.groups.filter(({ presence }) => presence === 'connected');
  const digest = adoption.head?.digest ?? '';
  const isNewest = (group: AdoptionGroup): boolean =>
    group.digest !== '' && digest.startsWith(group.digest);
  const refused = connected.filter(({ stage }) => stage === 'refused');
  const behind = connected.filter((group) => group.stage !== 'refused' && !isNewest(group));
  const away = adoption.groups.filter((group) => group.presence === 'departed' && !isNewest(group));
  const unknowns = unknownsOf(adoption);
  return {
    bundle: adoption.bundle,
    sequence,
    nowMs: adoption.nowMs,
    ...shareOf(connected, isNewest),
    departed: sumOf(adoption.groups) - sumOf(connected),
    releases: releasesOf(connected, isNewest),
    regions: regionsOf(connected, isNewest),
    labels: labelsOf(connected, isNewest),
    behind: behind.toSorted(byLag),
    refused: refused.toSorted(byLag),
    away: away.toSorted(byLag),
    nodes: toldOf(adoption),
    anchors: body.anchors.map((anchor) => {
      const use = adoption.anchors.find((one) => one.anchor === anchor.id);
      return use === undefined ? { anchor } : { anchor, use };
    }),
    unknowns,
    isComplete: unknowns.length === 0,
  };
}

type IsNewest = (group: AdoptionGroup) => boolean;

function sumOf(groups: readonly AdoptionGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function shareOf(groups: readonly AdoptionGroup[], isNewest: IsNewest): Share {
  return { total: sumOf(groups), newest: sumOf(groups.filter(isNewest)) };
}

function releasesOf(groups: readonly AdoptionGroup[], isNewest: IsNewest): readonly ReleaseShare[] {
  const shares = new Map<string, ReleaseShare>();
  for (const group of groups) {
    const { digest } = group;
    const sequence = group.labels.has(OTHER) ? 'various' : group.sequence;
    const name = `${sequence} ${digest}`;
    const count = (shares.get(name)?.count ?? 0) + group.count;
    const standing = isNewest(group) ? 'newest' : 'other';
    shares.set(name, { sequence, digest, standing, count });
  }
  return [...shares.values()].toSorted((a, b) => {
    return rankOf(a) === rankOf(b) ? b.count - a.count : rankOf(b) - rankOf(a);
  });
}

function rankOf({ sequence, standing }: ReleaseShare): number {
  if (standing === 'newest') return Number.POSITIVE_INFINITY;
  return sequence === 'various' ? -1 : sequence;
}

function regionsOf(groups: readonly AdoptionGroup[], isNewest: IsNewest): readonly RegionShare[] {
  return [...groupBy(groups, ({ region }) => region)].map(([region, own]) => {
    const lagging = own.filter((group) => group.stage !== 'refused' && !isNewest(group));
    const waiting = lagging.filter(({ stage, sequence }) => sequence === 0 && stage === 'waiting');
    const times = own.flatMap(({ behindSinceMs }) => behindSinceMs ?? []);
    return {
      region,
      ...shareOf(own, isNewest),
      refused: sumOf(own.filter(({ stage }) => stage === 'refused')),
      waiting: sumOf(waiting),
      behind: sumOf(lagging) - sumOf(waiting),
      ...(times.length > 0 && { behindSinceMs: Math.min(...times) }),
    };
  });
}

function labelsOf(
  groups: readonly AdoptionGroup[],
  isNewest: IsNewest,
): ReadonlyMap<string, readonly LabelShare[]> {
  const names = new Set(groups.flatMap(({ labels }) => [...labels.keys()]));
  names.delete(OTHER);
  return new Map(
    [...names].toSorted().map((name) => {
      const byValue = groupBy(groups, ({ labels }) => labels.get(name));
      const shares = [...byValue].map(([value, own]): LabelShare => {
        return { ...(value !== undefined && { value }), ...shareOf(own, isNewest) };
      });
      return [name, shares.toSorted((a, b) => b.total - a.total)];
    }),
  );
}

function groupBy<Key>(
  groups: readonly AdoptionGroup[],
  keyOf: (group: AdoptionGroup) => Key,
): ReadonlyMap<Key, readonly AdoptionGroup[]> {
  const by = new Map<Key, AdoptionGroup[]>();
  for (const group of groups) {
    const key = keyOf(group);
    const known = by.get(key);
    if (known === undefined) by.set(key, [group]);
    else known.push(group);
  }
  return by;
}

function byLag(a: AdoptionGroup, b: AdoptionGroup): number {
  const since = ({ behindSinceMs }: AdoptionGroup): number => behindSinceMs ?? Infinity;
  return since(a) === since(b) ? b.count - a.count : since(a) - since(b);
}

function toldOf({ nodes, nowMs }: BundleAdoption): readonly NodeTold[] {
  return nodes
    .filter(({ standing }) => standing !== 'left')
    .map((node): NodeTold => {
      const { nodeId, region, standing, connected, issuedAtMs } = node;
      const age = isOutdated(node, nowMs) ? 'outdated' : 'fresh';
      const at = issuedAtMs === undefined ? {} : { toldAtMs: issuedAtMs };
      return { nodeId, region, standing, clients: connected, age, ...at };
    })
    .toSorted((a, b) => (a.toldAtMs ?? 0) - (b.toldAtMs ?? 0));
}

function unknownsOf({ nodes, nowMs }: BundleAdoption): readonly Unknown[] {
  const unknowns = nodes.flatMap((node): readonly Unknown[] => {
    const { nodeId, standing, knowledge, sinceMs, issuedAtMs, connected, departed } = node;
    // Of what a node told before it was restarted nothing is held.
    const told = sinceMs === undefined ? {} : { clients: connected + departed };
    const at = issuedAtMs === undefined ? {} : { toldAtMs: issuedAtMs };
    if (standing === 'unreachable') return [{ kind: 'unreachable', nodeId, ...told, ...at }];
    if (standing === 'silent') return [{ kind: 'silent', nodeId }];
    if (isOutdated(node, nowMs)) return [{ kind: 'outdated', nodeId, ...told, ...at }];
    if (standing === 'counted' && knowledge === 'partial') return [{ kind: 'partial', nodeId }];
    return [];
  });
  const counted = nodes.filter(({ standing }) => standing === 'counted');
  const unreported = counted.reduce((sum, { silent }) => sum + silent, 0);
  const untracked = counted.reduce((sum, node) => sum + node.untracked, 0);
  return [
    ...(counted.length === 0 ? [{ kind: 'no-node' } as const] : []),
    ...unknowns,
    ...(unreported > 0 ? [{ kind: 'unreported', clients: unreported } as const] : []),
    ...(untracked > 0 ? [{ kind: 'untracked', clients: untracked } as const] : []),
  ];
}
