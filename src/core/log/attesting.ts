/**
 * What a region that attests has to sign next, as it follows from trusted state: which logs moved,
 * the next checkpoint of one, the heartbeat over all of them.
 *
 * When and with what in hand is for the shell; in which order signing and writing happen is for
 * `cosigner.ts`. Spec section 8.
 *
 * @module
 */
import type { SigningKey } from '../crypto.ts';
import { CHARTER_STREAM, type RealmName, type RegionName, type StreamName } from '../ids.ts';
import { logOf } from '../trusted/decisions.ts';
import type { TrustedState } from '../trusted/state.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type CosignerState, provenHead } from './cosigner.ts';
import { type Heartbeat, heartbeatMessage, sealHeartbeat } from './heartbeat.ts';
import { compareLogs, isSameLog } from './log-name.ts';
import { type ProofPlan, planConsistency } from './plan.ts';
import type { TreeHead } from './proof.ts';
import { type Frontier, treeRoot } from './tree.ts';

/** A head to cosign, and which hashes prove that it grew from the one before. */
export interface NextHead {
  readonly checkpoint: Checkpoint;
  readonly plan: ProofPlan;
}

/**
 * The streams whose log moved when these did: with the charters also those that a decision or a
 * recovery gave another log, whose head may be the same as before.
 */
export function movedLogs(
  before: TrustedState,
  state: TrustedState,
  streams: readonly StreamName[],
): readonly StreamName[] {
  if (!streams.includes(CHARTER_STREAM)) return streams;
  const isLater = (stream: StreamName): boolean =>
    compareLogs(logOf(state, stream), logOf(before, stream)) > 0;
  // One batch may bring several charters, so all are looked at for who was decided about.
  const others = isLater(CHARTER_STREAM)
    ? [...state.streams.keys()]
    : state.charters
        .flatMap(({ charter: { resolutions = [] } }) => resolutions.map(({ stream }) => stream))
        .filter(isLater);
  return [...new Set([...streams, ...others])];
}

/** The head of a stream's log, of which `log` is all that is durable. */
export function nextHead(
  state: TrustedState,
  stream: StreamName,
  log: Frontier,
  known: CosignerState,
): NextHead {
  const { size } = log;
  const checkpoint = { ...logOf(state, stream), size, root: treeRoot(log) };
  const before = provenHead(known);
  const isNewLog = before === undefined || !isSameLog(before, checkpoint);
  const from = isNewLog ? 0 : before.size;
  return { checkpoint, plan: from > size ? [] : planConsistency(from, size) };
}

/** Signs what a region holds at this time. Errors: those of {@link sealHeartbeat}. */
export function signHeartbeat(
  by: { readonly realm: RealmName; readonly region: RegionName; readonly key: SigningKey },
  heads: TreeHead,
  nowMs: number,
): Heartbeat {
  const { realm, region, key } = by;
  const { size, root } = heads;
  const timeSeconds = Math.max(1, Math.floor(nowMs / 1000));
  const fields = { realm, region, timeSeconds, heads: { size, root } };
  return sealHeartbeat(fields, key.publicKey, key.sign(heartbeatMessage(fields)));
}
