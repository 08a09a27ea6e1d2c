/**
 * The option `--quiet`: for how long an old CA must not have been used.
 *
 * @module
 */
import { QUIET_DEFAULT_MS, QUIET_MIN_MS } from '../../core/adoption/removal.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatSeconds, parseDurationSeconds } from '../durations.ts';
import { parseArgument } from '../help.ts';

/** Says of an option what it may be. */
export const QUIET_TEXT: string =
  'how long the old CA must not have been used, ' +
  `${formatSeconds(QUIET_MIN_MS / 1000)} or more ` +
  `(default: "${formatSeconds(QUIET_DEFAULT_MS / 1000)}")`;

/** The time; the default where none is given. Errors: `CONFIG`. */
export function parseQuietMs(quiet: string | undefined): number {
  if (quiet === undefined) return QUIET_DEFAULT_MS;
  const quietMs = parseArgument('--quiet', quiet, parseDurationSeconds) * 1000;
  if (quietMs >= QUIET_MIN_MS) return quietMs;
  throw new KedgeError('CONFIG', `--quiet: ${quiet} is too short to prove anything`, {
    detail: { hint: `give ${formatSeconds(QUIET_MIN_MS / 1000)} or more` },
  });
}
