/**
 * What is about to change in the bundles of a source: each announcement once, and once more when
 * it is gone. Announcements are part of signed releases, so they are as verified as trust is.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { AnchorId, BundleName } from '../core/ids.ts';
import { keyOf, type PlannedChange } from '../core/releases/planned.ts';
import type { Bundle } from './bundle.ts';
import type { BundleSource } from './source.ts';

/** An announcement of the admins of a bundle. */
export interface Notice {
  /** `dropped`: it was made or withdrawn; the bundle shows which. */
  readonly kind: 'planned' | 'dropped';
  readonly bundle: BundleName;
  /** For example `activate`, `retire` or `remove`. */
  readonly what: string;
  readonly anchor: AnchorId;
  /** What people call the anchor; absent when the bundle does not list it. */
  readonly label?: string;
  readonly atMs: number;
  /** What it means for whom, in the words of the admins. */
  readonly impact: string;
}

/**
 * Calls `listener` with what is announced now, and then with each change of it. It is called while
 * a bundle comes into use, so it should be quick; what it throws is logged.
 */
export function onNotice(
  source: Pick<BundleSource, 'onSwap' | 'bundles' | 'ports'>,
  listener: (notice: Notice) => void,
): Disposable {
  const told = new Map<BundleName, ReadonlyMap<string, PlannedChange>>();
  const tell = (notice: Notice): void => {
    try {
      listener(notice);
    } catch (thrown) {
      // Thrown on, it would tell the node that the release cannot be used.
      const err = KedgeError.from(thrown);
      source.ports.logger.error({ event: 'listener.failed', err }, err.message);
    }
  };
  const take = (bundle: Bundle): void => {
    const before = told.get(bundle.name) ?? new Map<string, PlannedChange>();
    const now = new Map(bundle.planned.map((plan) => [keyOf(plan), plan]));
    told.set(bundle.name, now);
    for (const [key, plan] of now) {
      if (before.get(key)?.impact !== plan.impact) tell(noticeOf('planned', bundle, plan));
    }
    for (const [key, plan] of before) {
      if (!now.has(key)) tell(noticeOf('dropped', bundle, plan));
    }
  };
  for (const bundle of source.bundles()) take(bundle);
  return source.onSwap(take);
}

function noticeOf(kind: Notice['kind'], bundle: Bundle, plan: PlannedChange): Notice {
  const label = bundle.anchors.find(({ id }) => id === plan.anchor)?.label;
  return { kind, bundle: bundle.name, ...plan, ...(label !== undefined && { label }) };
}
