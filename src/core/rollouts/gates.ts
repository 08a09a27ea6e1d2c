/**
 * Which waves of a rollout are open, and what holds the next one back.
 *
 * A pure function of the signed body, of what all nodes say of their programs, of what was open
 * before and of time. Every node evaluates it for itself, so nobody has to be asked and nobody can
 * be stopped from stopping. What is not known keeps a gate closed; failures that are known stop the
 * rollout whatever else is unknown. What is open stays open, and what was stopped stays so until
 * somebody signs another plan. Spec section 13, DW-2 to DW-6, DW-15 and DW-16.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import type { Gates, RolloutBody, Wave } from './body.ts';
import type { ClockDoubt } from './clock-check.ts';
import { isTimed, opensAtMs } from './opening.ts';

/** The programs of one wave. */
export interface WaveCounts {
  /** Those that are connected, and those that were lost after they got the release. */
  readonly clients: number;
  /** Those that got the release and have not said yet what became of it. */
  readonly delivered: number;
  /** Those that use it, or something later. */
  readonly loaded: number;
  /** Those that refused it. */
  readonly refused: number;
}

/** What is known of a rollout's programs. */
export interface Sight {
  /** By wave. */
  readonly waves: readonly WaveCounts[];
  /** Nodes of whose programs not all is known. */
  readonly unknown: readonly NodeId[];
  /** Whether another node has stopped the same rollout. */
  readonly elsewhere: 'stopped' | 'going';
}

/** Why a rollout stopped by itself. */
export interface Stop {
  readonly atMs: number;
  /** The wave whose gate it is, from 0. */
  readonly wave: number;
  readonly refused: number;
  readonly maxFailures: number;
}

/** What has been opened so far; survives a restart. */
export interface Openness {
  /** When each open wave was opened, milliseconds since 1970, from the first one on. */
  readonly openedMs: readonly number[];
  /** Present once it stopped by itself. */
  readonly stop?: Stop;
}

/** What the next step waits for. */
export type Wait =
  | { readonly kind: 'paused' | 'aborted' | 'expired' | 'stopped' | 'nothing' }
  | { readonly kind: 'unknown'; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'reporters'; readonly has: number; readonly needs: number }
  | {
      readonly kind: 'loaded';
      readonly has: number;
      readonly of: number;
      readonly needsPercent: number;
    }
  | { readonly kind: 'soak'; readonly leftMs: number }
  /** The gates hold; the wave may not open before that time. */
  | { readonly kind: 'time'; readonly opensAtMs: number }
  /**
   * The gates hold; whether its time has come the clock of the node cannot say. Without a doubt it
   * is that of a node which does not tell why.
   */
  | { readonly kind: 'clock'; readonly doubt?: ClockDoubt };

/** A rollout, as it is judged. */
export interface Judging {
  readonly body: Pick<RolloutBody, 'state' | 'waves'>;
  readonly openness: Openness;
  readonly sight: Sight;
  /** Since when the gates of all open waves hold, by `monotonicMs`; absent: they did not. */
  readonly heldSinceMs: number | undefined;
  /** Wall clock, and whether it may say that the time of a wave has come. */
  readonly nowMs: number;
  readonly clock: 'right' | ClockDoubt;
  readonly monotonicMs: number;
  readonly expiresMs: number;
}

/** What a rollout came to. */
export interface Judged {
  /** The same object when nothing opened or stopped. */
  readonly openness: Openness;
  readonly heldSinceMs: number | undefined;
  /** What the next wave waits for; `nothing`: all are open and the last gate holds too. */
  readonly wait: Wait;
}

/** Nothing is open yet. */
export const CLOSED: Openness = { openedMs: [] };

/** Since when gates hold, and what they wait for; nothing: they are no reason to wait. */
interface GateState {
  readonly heldSinceMs: number | undefined;
  readonly wait: Wait | undefined;
}

const READY: GateState = { heldSinceMs: undefined, wait: undefined };

/** Judges a rollout: opens at most one wave. */
export function judgeRollout(judging: Judging): Judged {
  const { body, openness, nowMs } = judging;
  const stop = openness.stop ?? stopOf(judging);
  const open = openness.openedMs.length;
  // DW-6: also while nothing else is known, and while it is paused.
  if (stop !== undefined) {
    const stopped = openness.stop === undefined ? { ...openness, stop } : openness;
    return { openness: stopped, heldSinceMs: undefined, wait: { kind: 'stopped' } };
  }
  const halt = haltOf(judging);
  if (halt !== undefined) return { openness, heldSinceMs: undefined, wait: halt };
  // DW-2: the first wave has no gate before it.
  const { heldSinceMs, wait } = open === 0 ? READY : judgeGates(judging, open);
  if (wait !== undefined) return { openness, heldSinceMs, wait };
  const wave = body.waves[open];
  if (wave === undefined) return { openness, heldSinceMs, wait: { kind: 'nothing' } };
  const time = timeOf(judging, wave);
  if (time !== undefined) return { openness, heldSinceMs, wait: time };
  const opened = { ...openness, openedMs: [...openness.openedMs, nowMs] };
  return { openness: opened, heldSinceMs: undefined, wait: nextWait(judging, open + 1) };
}

/** DW-3 and DW-4: since when the gates of all open waves hold, and what they wait for. */
function judgeGates(judging: Judging, open: number): GateState {
  const { body, monotonicMs } = judging;
  const gate = gateOf(judging, open);
  // What is not known neither opens a wave nor begins the soak anew.
  if (gate.kind === 'unknown') return { heldSinceMs: judging.heldSinceMs, wait: gate };
  if (gate.kind !== 'nothing') return { heldSinceMs: undefined, wait: gate };
  const heldSinceMs = judging.heldSinceMs ?? monotonicMs;
  const leftMs = heldSinceMs + 1000 * soakOf(body.waves, open) - monotonicMs;
  return { heldSinceMs, wait: leftMs > 0 ? { kind: 'soak', leftMs } : undefined };
}

/** DW-15 and DW-16: what the next wave waits for when nothing but its time is left. */
function timeOf({ nowMs, clock }: Judging, wave: Wave): Wait | undefined {
  if (!isTimed(wave)) return undefined;
  if (clock !== 'right') return { kind: 'clock', doubt: clock };
  const atMs = opensAtMs(wave, nowMs);
  return atMs > nowMs ? { kind: 'time', opensAtMs: atMs } : undefined;
}

/** What a wave that just opened waits for; gates that hold already still have their soak to do. */
function nextWait(judging: Judging, open: number): Wait {
  const gate = gateOf(judging, open);
  if (gate.kind !== 'nothing') return gate;
  return { kind: 'soak', leftMs: 1000 * soakOf(judging.body.waves, open) };
}

/** Why no wave opens, whatever the programs say. */
function haltOf({ body, nowMs, expiresMs }: Judging): Wait | undefined {
  // DW-5: nobody stands for it any more.
  if (nowMs >= expiresMs) return { kind: 'expired' };
  return body.state === 'running' ? undefined : { kind: body.state };
}

/** DW-3: the first gate of open waves that does not hold; `nothing`: all do. */
function gateOf({ body, sight }: Judging, open: number): Wait {
  if (sight.unknown.length > 0) return { kind: 'unknown', nodes: sight.unknown };
  for (const [index, { gates }] of body.waves.slice(0, open).entries()) {
    const wait = waitOf(gates, upTo(sight, index));
    if (wait !== undefined) return wait;
  }
  return { kind: 'nothing' };
}

function waitOf(gates: Gates, { clients, loaded }: WaveCounts): Wait | undefined {
  const { minReporters, loadedPercent } = gates;
  if (clients < minReporters) return { kind: 'reporters', has: clients, needs: minReporters };
  if (loaded * 100 >= loadedPercent * clients) return undefined;
  return { kind: 'loaded', has: loaded, of: clients, needsPercent: loadedPercent };
}

/** DW-6: more programs of open waves refused it than a gate of them allows. */
function stopOf({ body, openness, sight, nowMs }: Judging): Stop | undefined {
  const open = body.waves.slice(0, openness.openedMs.length);
  for (const [wave, { gates }] of open.entries()) {
    const { refused } = upTo(sight, wave);
    const { maxFailures } = gates;
    if (refused > maxFailures) return { atMs: nowMs, wave, refused, maxFailures };
  }
  if (sight.elsewhere !== 'stopped') return undefined;
  const wave = Math.max(0, open.length - 1);
  const maxFailures = body.waves[wave]?.gates.maxFailures ?? 0;
  return { atMs: nowMs, wave, refused: upTo(sight, wave).refused, maxFailures };
}

/** DW-3: a gate counts its wave and those before it. */
function upTo({ waves }: Sight, wave: number): WaveCounts {
  return sumCounts(waves.slice(0, wave + 1));
}

function soakOf(waves: RolloutBody['waves'], open: number): number {
  return waves[open - 1]?.gates.soakSeconds ?? 0;
}

/** Adds up. */
export function sumCounts(counts: readonly WaveCounts[]): WaveCounts {
  const sum = { clients: 0, delivered: 0, loaded: 0, refused: 0 };
  for (const { clients, delivered, loaded, refused } of counts) {
    sum.clients += clients;
    sum.delivered += delivered;
    sum.loaded += loaded;
    sum.refused += refused;
  }
  return sum;
}
