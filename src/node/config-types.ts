/**
 * What the keys of the configuration are made of: a type with its documentation, and text that one
 * of the parsers must accept.
 *
 * @module
 */
import { z } from 'zod';
import { KedgeError } from '../core/errors.ts';

/** What the documentation says of one key beside its type, default and range. */
interface KeyNotes {
  readonly description: string;
  readonly unit?: string;
  readonly example?: string;
}

/** A key with what the documentation says of it. */
export function keyOf<T extends z.ZodType>(type: T, notes: KeyNotes): T {
  return type.meta({ ...notes });
}

/** A string that one of the `parse…` functions must accept. */
export function parsedBy<T>(parse: (text: string) => T): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.issues.push({
        code: 'custom',
        message: KedgeError.from(error).message,
        input: text,
      });
      return z.NEVER;
    }
  });
}

/** The same, for values that stay text. */
export function checkedBy(parse: (text: string) => unknown): z.ZodType<string, string> {
  return parsedBy((text) => {
    parse(text);
    return text;
  });
}
