/**
 * Reminders of what ends soon, in words.
 *
 * @module
 */
import { CHARTER_STREAM, formatTimestamp, type StreamName, splitStream } from '../core/ids.ts';
import { expiryStage, type Validity } from '../core/trusted/expiry.ts';
import { formatDistance } from './durations.ts';

/** What to do about a charter or a release that ends soon; absent while there is time. */
export function expiryReminder(
  stream: StreamName,
  validity: Validity,
  nowMs: number,
): string | undefined {
  const stage = expiryStage(validity, nowMs);
  if (stage === undefined) return undefined;
  const parsed = splitStream(stream);
  const isCharter = stream === CHARTER_STREAM;
  const what = isCharter || parsed.kind === 'charter' ? 'the charter' : parsed.bundle;
  const advice = isCharter ? 'renew it: kedge charter rotate' : 'publish the next release';
  const { expiresMs } = validity;
  const when = `${formatDistance(expiresMs, nowMs)}, at ${formatTimestamp(expiresMs)}`;
  return stage === 'expired'
    ? `${what} EXPIRED ${when}: ${advice}`
    : `${what} expires ${when}: ${advice}`;
}
