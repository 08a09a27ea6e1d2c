/**
 * What a rollout waits for: messages ⇄ the values of `core/rollouts/gates.ts`.
 *
 * Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import { parseNodeId } from '../core/ids.ts';
import { MEMBERS_MAX } from '../core/limits.ts';
import type { ClockDoubt } from '../core/rollouts/clock-check.ts';
import type { Wait } from '../core/rollouts/gates.ts';
import { decodeName, decodeUint, requireCount } from './fields.ts';
import type { RolloutWaitInput, RolloutWaitOutput } from './gen/kedge/v1/RolloutWait.ts';

const WAITS = {
  nothing: 'ROLLOUT_WAIT_KIND_NOTHING',
  paused: 'ROLLOUT_WAIT_KIND_PAUSED',
  aborted: 'ROLLOUT_WAIT_KIND_ABORTED',
  expired: 'ROLLOUT_WAIT_KIND_EXPIRED',
  stopped: 'ROLLOUT_WAIT_KIND_STOPPED',
  unknown: 'ROLLOUT_WAIT_KIND_UNKNOWN',
  reporters: 'ROLLOUT_WAIT_KIND_REPORTERS',
  loaded: 'ROLLOUT_WAIT_KIND_LOADED',
  soak: 'ROLLOUT_WAIT_KIND_SOAK',
  time: 'ROLLOUT_WAIT_KIND_TIME',
  clock: 'ROLLOUT_WAIT_KIND_CLOCK',
} as const satisfies Record<Wait['kind'], string>;
const UNTOLD = 'untold';
const DOUBTS = {
  [UNTOLD]: 'ROLLOUT_CLOCK_DOUBT_UNSPECIFIED',
  'signed-later': 'ROLLOUT_CLOCK_DOUBT_SIGNED_LATER',
  'regions-unheard': 'ROLLOUT_CLOCK_DOUBT_REGIONS_UNHEARD',
  'regions-ahead': 'ROLLOUT_CLOCK_DOUBT_REGIONS_AHEAD',
  'regions-behind': 'ROLLOUT_CLOCK_DOUBT_REGIONS_BEHIND',
} as const satisfies Record<ClockDoubt | typeof UNTOLD, string>;

/** Reads what is waited for; a message that is absent: nothing. */
export function decodeWait(wait: RolloutWaitOutput | null): Wait {
  if (wait === null) return { kind: 'nothing' };
  const kind = decodeName(WAITS, wait.kind, 'what a rollout waits for');
  const number = (decimal: string): number => decodeUint(decimal, 'wait');
  switch (kind) {
    case 'unknown': {
      const nodes = requireCount(wait.nodes, MEMBERS_MAX, 'unknown nodes');
      return { kind, nodes: nodes.map(parseNodeId) };
    }
    case 'reporters':
      return { kind, has: number(wait.has), needs: number(wait.needs) };
    case 'loaded':
      return { kind, has: number(wait.has), of: number(wait.of), needsPercent: number(wait.needs) };
    case 'soak':
      return { kind, leftMs: number(wait.leftMs) };
    case 'time':
      return { kind, opensAtMs: number(wait.opensAtMs) };
    case 'clock': {
      const doubt = decodeName(DOUBTS, wait.clockDoubt, 'why a clock is in doubt');
      return { kind, ...(doubt !== UNTOLD && { doubt }) };
    }
    case 'nothing':
    case 'paused':
    case 'aborted':
    case 'expired':
    case 'stopped':
      return { kind };
  }
}

/** Writes what is waited for. */
export function encodeWait(wait: Wait): RolloutWaitInput {
  const kind = WAITS[wait.kind];
  switch (wait.kind) {
    case 'unknown':
      return { kind, nodes: wait.nodes.slice(0, MEMBERS_MAX) };
    case 'reporters':
      return { kind, has: String(wait.has), needs: String(wait.needs) };
    case 'loaded':
      return {
        kind,
        has: String(wait.has),
        of: String(wait.of),
        needs: String(wait.needsPercent),
      };
    case 'soak':
      return { kind, leftMs: String(Math.ceil(wait.leftMs)) };
    case 'time':
      return { kind, opensAtMs: String(wait.opensAtMs) };
    case 'clock':
      return { kind, clockDoubt: DOUBTS[wait.doubt ?? UNTOLD] };
    case 'nothing':
    case 'paused':
    case 'aborted':
    case 'expired':
    case 'stopped':
      return { kind };
  }
}
