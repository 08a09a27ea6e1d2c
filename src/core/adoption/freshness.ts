/**
 * How old what a node told of its clients may be.
 *
 * A row is written when counts change, so an old one may be as true as a new one, or be held back
 * by who should have passed on the next. A node therefore writes it again from time to time, and
 * one that is older than that is no evidence of anything.
 *
 * @module
 */
import { CLOCK_SKEW_MAX_MS } from '../limits.ts';
import type { NodeAdoption } from './model.ts';

/** A node tells again after so long, also when nothing has changed. */
export const ROW_AGAIN_MS: number = 10 * 60_000;
/** Two of a node may be lost; with the third it is known that something is wrong. */
export const ROW_AGE_MAX_MS: number = 30 * 60_000;

/**
 * Says whether what is held of a node that counts is too old, or from a future that no clock that
 * is a little ahead explains: then nobody knows how old it is.
 */
export function isOutdated(
  { standing, issuedAtMs }: Pick<NodeAdoption, 'standing' | 'issuedAtMs'>,
  nowMs: number,
): boolean {
  if (standing !== 'counted') return false;
  const ageMs = issuedAtMs === undefined ? Infinity : nowMs - issuedAtMs;
  return ageMs > ROW_AGE_MAX_MS || ageMs < -CLOCK_SKEW_MAX_MS;
}
