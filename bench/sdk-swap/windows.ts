/**
 * Which requests ran while something was swapped, and which did not.
 *
 * @module
 */

/** One request: when it began, and how long it took. */
export interface Sample {
  readonly atMs: number;
  readonly tookMs: number;
}

/** A time in which something happened. */
export interface Window {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Times of requests that ran at some moment of a window, and of all others. */
export function split(
  samples: readonly Sample[],
  windows: readonly Window[],
): { readonly inside: readonly number[]; readonly outside: readonly number[] } {
  const inside: number[] = [];
  const outside: number[] = [];
  for (const { atMs, tookMs } of samples) {
    const isInside = windows.some(
      ({ fromMs, untilMs }) => atMs <= untilMs && atMs + tookMs >= fromMs,
    );
    (isInside ? inside : outside).push(tookMs);
  }
  return { inside, outside };
}
