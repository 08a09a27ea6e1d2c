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
  /** What people call the anchor, or called it last; absent when the bundle never listed it. */
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
  const told = new Map<BundleName, ReadonlyMap<string, Notice>>();
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
    const before = told.get(bundle.name) ?? new Map<string, Notice>();
    const now = new Map(
      bundle.planned.map((plan) => [keyOf(plan), noticeOf(bundle, plan, before.get(keyOf(plan)))]),
    );
    told.set(bundle.name, now);
    for (const [key, notice] of now) {
      if (before.get(key)?.impact !== notice.impact) tell(notice);
    }
    for (const [key, notice] of before) {
      if (!now.has(key)) tell({ ...notice, kind: 'dropped' });
    }
  };
  for (const bundle of source.bundles()) take(bundle);
  return source.onSwap(take);
}

function noticeOf(bundle: Bundle, plan: PlannedChange, before: Notice | undefined): Notice {
  const listed = bundle.anchors.find(({ id }) => id === plan.anchor);
  const label = listed?.label ?? before?.label;
  const named = { ...plan, ...(label !== undefined && { label }) };
  return { kind: 'planned', bundle: bundle.name, ...named };
}
