/**
 * What commands print with `--output json`, read a member at a time. A rehearsal is made by the
 * command line and asks it as anybody would, so nothing here has a type beforehand.
 *
 * @module
 */

/** A member of an object; absent when it is none, or has none of that name. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

/** The members of a list; none of what is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A member that is text; empty when it is not. */
export function textOf(value: unknown, name: string): string {
  const member = fieldOf(value, name);
  return typeof member === 'string' ? member : '';
}
