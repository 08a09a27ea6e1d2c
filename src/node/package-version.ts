/**
 * The version of the software that runs.
 *
 * @module
 */
import { createRequire } from 'node:module';

/** The version of this package, or `unknown`. */
export function packageVersion(): string {
  const facts: unknown = createRequire(import.meta.url)('kedge/package.json');
  const isKnown = typeof facts === 'object' && facts !== null && 'version' in facts;
  return isKnown ? String(facts.version) : 'unknown';
}
