/**
 * Makes a row fit its limit: what is small and many is said together, what is old is left out.
 *
 * Counts stay right whatever is merged. Uses that were longest ago are left out last, and then the
 * row says that it does not tell all.
 *
 * @module
 */
import { ADOPTION_ROW_MAX_BYTES, ANCHORS_MAX } from '../limits.ts';
import {
  type AdoptionRow,
  type BundleRow,
  encodeRow,
  ROW_BUNDLES_MAX,
  ROW_GROUPS_MAX,
  type RowGroup,
} from './row.ts';

/** Groups of various clients: by stage and presence. */
const MERGED_MAX = 8;
/** The value of each label in a group of various clients. */
const OTHER = '(other)';

/** The same row, small enough to be signed. */
export function fitRow(row: AdoptionRow): AdoptionRow {
  let groupsMax = ROW_GROUPS_MAX - MERGED_MAX;
  let anchorsMax = ANCHORS_MAX;
  const bundles = row.bundles.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, ROW_BUNDLES_MAX);
  while (true) {
    const fitted = fit(row, bundles, groupsMax, anchorsMax);
    if (encodeRow(fitted).length <= ADOPTION_ROW_MAX_BYTES) return fitted;
    if (groupsMax > 0) groupsMax = Math.floor(groupsMax / 2);
    else if (anchorsMax > 0) anchorsMax = Math.floor(anchorsMax / 2);
    // Bundles without number: those with the fewest clients are not told of.
    else bundles.splice(Math.floor(bundles.length / 2));
  }
}

function fit(
  row: AdoptionRow,
  bundles: readonly BundleRow[],
  groupsMax: number,
  anchorsMax: number,
): AdoptionRow {
  return {
    ...row,
    bundles: bundles.map((one) => fitAnchors(fitGroups(one, groupsMax), anchorsMax)),
    knowledge: bundles.length < row.bundles.length ? 'partial' : row.knowledge,
  };
}

function sizeOf({ counts }: BundleRow): number {
  return counts.connected + counts.departed;
}

/** The largest groups as they are, the rest by stage and presence. */
function fitGroups(row: BundleRow, max: number): BundleRow {
  if (row.groups.length <= max) return row;
  const sorted = row.groups.toSorted((a, b) => b.count - a.count);
  const merged = new Map<string, RowGroup>();
  for (const group of sorted.slice(max)) {
    const { stage, presence } = group;
    const known = merged.get(`${stage} ${presence}`);
    const since = earliest(known?.behindSinceMs, group.behindSinceMs);
    merged.set(`${stage} ${presence}`, {
      stage,
      presence,
      sequence: 0,
      digest: '',
      labels: new Map([[OTHER, OTHER]]),
      count: group.count + (known?.count ?? 0),
      ...(since !== undefined && { behindSinceMs: since }),
    });
  }
  return { ...row, groups: [...sorted.slice(0, max), ...merged.values()] };
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
