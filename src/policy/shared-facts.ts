/**
 * Facts that rules of every subject have: the charter in force, the approvals, the time.
 *
 * @module
 */
import type { Charter } from '../core/charter/charter.ts';
import type { SignerId } from '../core/ids.ts';
import type { FactValue } from './environment.ts';

const HOUR_MS = 3_600_000;
const HOUR_SECONDS = 3600;
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

type Values = Readonly<Record<string, FactValue>>;

/** Of the charter in force. */
export function realmFacts({ realm, version, regions, lifecycle }: Charter): Values {
  return {
    name: realm,
    version,
    regions: regions.map(({ name }) => name),
    holdDownHours: Math.floor(lifecycle.holdDownSeconds / HOUR_SECONDS),
    overlapHours: Math.floor(lifecycle.overlapSeconds / HOUR_SECONDS),
    blastRadiusPercent: lifecycle.blastRadiusPercent,
  };
}

/** Of the signatures so far. */
export function approvalFacts({
  signers,
  threshold,
}: {
  readonly signers: readonly SignerId[];
  readonly threshold: number;
}): Values {
  return { signers, count: signers.length, threshold };
}

/** Of the time, UTC. */
export function timeFacts(nowMs: number): Values {
  const now = new Date(nowMs);
  return {
    now,
    date: now.toISOString().slice(0, 10),
    weekday: WEEKDAYS[now.getUTCDay()] ?? 'sun',
    hour: now.getUTCHours(),
    minute: now.getUTCMinutes(),
  };
}

/** Whole days from one time to another; negative when it is over. */
export function daysBetween(fromMs: number, toMs: number): number {
  return Math.floor((toMs - fromMs) / (24 * HOUR_MS));
}

/** Whole hours from one time to another. */
export function hoursBetween(fromMs: number, toMs: number): number {
  return Math.floor((toMs - fromMs) / HOUR_MS);
}
