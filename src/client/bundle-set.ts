/**
 * All bundles that a source holds at one instant.
 *
 * @module
 */
import type { Bundle } from './bundle.ts';

/** An immutable snapshot, sorted by bundle name. */
export interface BundleSet extends Iterable<Bundle> {
  readonly size: number;
  /** The bundle with this name, when it is held. */
  get(name: string): Bundle | undefined;
}

/** Makes the snapshot of the given bundles. */
export function makeBundleSet(bundles: Iterable<Bundle>): BundleSet {
  const sorted = [...bundles].sort((a, b) => (a.name < b.name ? -1 : 1));
  const byName = new Map<string, Bundle>(sorted.map((bundle) => [bundle.name, bundle]));
  return Object.freeze({
    size: sorted.length,
    get: (name: string) => byName.get(name),
    [Symbol.iterator]: () => sorted[Symbol.iterator](),
  });
}
