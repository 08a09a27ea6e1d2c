/**
 * The names that the options of live functions have, all of them together.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';

const NAMES: ReadonlySet<string> = new Set([
  ...['bundle', 'purpose', 'identity', 'secureContext', 'onDistrust', 'onDistrusted'],
  ...['server', 'agent', 'connectTimeoutMs'],
  // Of the parts that live functions are made of.
  ...['side', 'view'],
]);

/** Callers in JavaScript may misspell one, which then counts as absent. Errors: `CONFIG`. */
export function refuseUnknownOptions(options: object): void {
  const stray = Object.keys(options).find((name) => !NAMES.has(name));
  if (stray === undefined) return;
  throw new KedgeError('CONFIG', `option ${stray}: there is no such option`, {
    detail: { option: stray },
  });
}
