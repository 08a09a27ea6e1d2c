/**
 * Makes a row fit its limit: what is small and many is said together, what is old is left out.
 *
 * Counts stay right whatever is merged. Uses that were longest ago are left out last, and then the
 * row says that it does not tell all. How much fits is found by adding up the most that each part
 * can take: a row is written once, however much there is to tell.
 *
 * @module
 */
import { encodeUtf8 } from '../bytes.ts';
import { ADOPTION_ROW_MAX_BYTES, ANCHORS_MAX } from '../limits.ts';
import {
  type AdoptionRow,
  type BundleRow,
  MERGED_GROUPS_MAX,
  OTHER_LABELS,
  ROW_BUNDLES_MAX,
  ROW_GROUPS_MAX,
  type RowGroup,
} from './row.ts';

/** The most that parts of a row take beside texts of any length, and the least of a group. */
const ROW_BYTES = 512;
const BUNDLE_BYTES = 384;
const GROUP_BYTES = 256;
const GROUP_LEAST_BYTES = 64;
const LABEL_BYTES = 24;
const ANCHOR_BYTES = 192;
const ROLLOUT_BYTES = 128;
const WAVE_BYTES = 112;

/** What there is to tell of a bundle, most important first. */
interface Sorted {
  readonly row: BundleRow;
  readonly groups: readonly RowGroup[];
  /** What the first n groups take; counted as far as it can matter. */
  readonly bytes: number[];
  /** How many groups remain when all are merged. */
  readonly kinds: number;
}

/** The same row, small enough to be signed. */
export function fitRow(row: AdoptionRow): AdoptionRow {
  let groupsMax = ROW_GROUPS_MAX - MERGED_GROUPS_MAX;
  let anchorsMax = ANCHORS_MAX;
  const bundles = row.bundles
    .toSorted((a, b) => sizeOf(b) - sizeOf(a))
    .slice(0, ROW_BUNDLES_MAX)
    .map(sorted);
  while (!isFitting(bundles, groupsMax, anchorsMax)) {
    if (groupsMax > 0) groupsMax = Math.floor(groupsMax / 2);
    else if (anchorsMax > 0) anchorsMax = Math.floor(anchorsMax / 2);
    // Bundles without number: those with the fewest clients are not told of.
    else bundles.splice(Math.floor(bundles.length / 2));
  }
  return {
    ...row,
    bundles: bundles.map((one) => fitAnchors(fitGroups(one, groupsMax), anchorsMax)),
    knowledge: bundles.length < row.bundles.length ? 'partial' : row.knowledge,
  };
}

function sorted(row: BundleRow): Sorted {
  const kinds = new Set(row.groups.map(kindOf));
  const groups = row.groups.toSorted((a, b) => b.count - a.count);
  return { row, groups, bytes: [0], kinds: kinds.size };
}

function isFitting(bundles: readonly Sorted[], groupsMax: number, anchorsMax: number): boolean {
  const least = bundles.reduce((sum, { groups }) => sum + Math.min(groups.length, groupsMax), 0);
  // Then nobody has to look at the texts of all.
  if (least * GROUP_LEAST_BYTES > ADOPTION_ROW_MAX_BYTES) return false;
  let bytes = ROW_BYTES;
  for (const one of bundles) {
    bytes += BUNDLE_BYTES + one.row.bundle.length + rolloutBytes(one.row);
    bytes += Math.min(one.row.anchors.length, anchorsMax) * ANCHOR_BYTES;
    bytes += firstBytes(one, groupsMax);
    if (one.groups.length > groupsMax) bytes += one.kinds * (GROUP_BYTES + LABEL_BYTES);
    if (bytes > ADOPTION_ROW_MAX_BYTES) return false;
  }
  return true;
}

function firstBytes({ groups, bytes }: Sorted, max: number): number {
  const count = Math.min(groups.length, max);
  for (let index = bytes.length - 1; index < count; index += 1) {
    const group = groups[index];
    bytes.push((bytes[index] ?? 0) + (group === undefined ? 0 : groupBytes(group)));
  }
  return bytes[count] ?? 0;
}

function groupBytes({ labels }: RowGroup): number {
  let size = GROUP_BYTES;
  for (const pair of labels) size += LABEL_BYTES + encodeUtf8(JSON.stringify(pair)).length;
  return size;
}

function rolloutBytes({ rollout }: BundleRow): number {
  return rollout === undefined ? 0 : ROLLOUT_BYTES + WAVE_BYTES * rollout.waves.length;
}

function sizeOf({ counts }: BundleRow): number {
  return counts.connected + counts.departed;
}

function kindOf({ stage, presence }: RowGroup): string {
  return `${stage} ${presence}`;
}

/** The largest groups as they are, the rest by stage and presence. */
function fitGroups({ row, groups }: Sorted, max: number): BundleRow {
  if (groups.length <= max) return row;
  const merged = new Map<string, RowGroup>();
  for (const group of groups.slice(max)) {
    const { stage, presence } = group;
    const known = merged.get(kindOf(group));
    const since = earliest(known?.behindSinceMs, group.behindSinceMs);
    merged.set(kindOf(group), {
      stage,
      presence,
      sequence: 0,
      digest: '',
      labels: OTHER_LABELS,
      count: group.count + (known?.count ?? 0),
      ...(since !== undefined && { behindSinceMs: since }),
    });
  }
  return { ...row, groups: [...groups.slice(0, max), ...merged.values()] };
}

function fitAnchors(row: BundleRow, max: number): BundleRow {
  if (row.anchors.length <= max) return row;
  const anchors = row.anchors.toSorted((a, b) => b.lastUsedMs - a.lastUsedMs).slice(0, max);
  return { ...row, anchors, knowledge: 'partial' };
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
