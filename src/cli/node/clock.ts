/**
 * Whether the clock of a node runs ahead of this machine's.
 *
 * @module
 */
import type { NodeStatus } from '../../core/admin/messages.ts';
import { CLOCK_SKEW_MAX_MS } from '../../core/limits.ts';
import { formatDistance } from '../durations.ts';

/**
 * What to do when a node tells of a time that is yet to come here, by more than statements may be
 * ahead; absent otherwise. A clock that is behind does not show in a status.
 */
export function clockReminder(status: NodeStatus, nowMs: number): string | undefined {
  const { nodeId, startedAtMs, repair, peers } = status;
  const toldMs = [startedAtMs, repair.comparedAtMs ?? 0, ...peers.map(({ sinceMs }) => sinceMs)];
  const latestMs = Math.max(...toldMs);
  if (latestMs - nowMs <= CLOCK_SKEW_MAX_MS) return undefined;
  const ahead = formatDistance(latestMs, nowMs).replace(/^in /, '');
  return `the clock of ${nodeId} is ahead of this machine's by ${ahead} or more: one is wrong`;
}
