/**
 * One line of the log for each statement that is on disk from now on.
 *
 * @module
 */
import { rowIn } from '../core/gossip/rows.ts';
import { type StreamName, splitStream } from '../core/ids.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Logger } from '../ports/logger.ts';

/** Says what is on disk from now on. */
export function logAccepted(
  logger: Logger,
  state: TrustedState,
  streams: readonly StreamName[],
): void {
  for (const stream of streams) {
    const row = rowIn(state, stream);
    // A forked stream is reported as such, where it was found out.
    if (row === undefined || row.forked) continue;
    const { sequence, digest } = row;
    const event = `${splitStream(stream).kind}.accepted` as const;
    logger.info({ event, stream, sequence, digest }, 'on disk');
  }
}
