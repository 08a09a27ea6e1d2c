/**
 * Finds the few faults that a failure needs.
 *
 * Leaves out halves of the list, then single ones, for as long as the same invariant breaks. What a
 * fault does never depends on the others, so that this mostly works.
 *
 * @module
 */

/** Leaves out of `faults` what `fails` does not need. */
export function shrinkFaults(
  faults: readonly number[],
  fails: (kept: readonly number[]) => boolean,
): readonly number[] {
  let kept = faults;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < kept.length; ) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (fails(fewer)) kept = fewer;
      else at += size;
    }
  }
  return kept;
}
