/**
 * What clients are told when a node sends them away: each gets a wait of its own, so that they
 * come one by one to where they go next.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';

/** Other nodes get two thousand clients per second from one that goes down, at most. */
const SPREAD_PER_CLIENT_MS = 0.5;
const SPREAD_MAX_MS = 10_000;
/** How long they are asked to stay away at most while a node holds back. */
const HELD_RETRY_MAX_MS = 10_000;

/** One of `count` clients is sent away, because the node goes down. */
export function shuttingDown(count: number): KedgeError {
  const spreadMs = Math.min(SPREAD_MAX_MS, count * SPREAD_PER_CLIENT_MS);
  return new KedgeError('UNAVAILABLE', 'this node is shutting down', {
    detail: { retryAfterMs: Math.round(Math.random() * spreadMs) },
  });
}

/**
 * A node holds back for `reason`, since `heldMs`. Mostly that is over in a moment; the longer it
 * lasts, the less often it is worth a look.
 */
export function holdingBack(reason: string, heldMs: number): KedgeError {
  const message = `this node does not serve yet: ${reason}; try another one`;
  const retryAfterMs = Math.round(Math.min(HELD_RETRY_MAX_MS, heldMs / 2));
  return new KedgeError('UNAVAILABLE', message, { detail: { retryAfterMs } });
}
