/**
 * Objects out of JSON, whose fields are still to be looked at.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';

/** The object in a text. Errors: `PARSE`. */
export function recordIn(text: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(text));
  } catch (cause) {
    throw new KedgeError('PARSE', 'no object', { cause });
  }
}

/** A value as an object. Errors: `PARSE`. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return { ...value };
  throw new KedgeError('PARSE', 'no object');
}
