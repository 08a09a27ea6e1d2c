/**
 * How near the end of a charter or a release is: what everybody who reminds people goes by.
 *
 * @module
 */
import { CHARTER_STREAM, type StreamName } from '../ids.ts';
import { currentCharter, type TrustedState } from './state.ts';

/** Days that are left at most, or none. */
export type ExpiryStage = '30d' | '14d' | '7d' | 'expired';

/** What is valid from one time to another. */
export interface Validity {
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** Something that ends soon. */
export interface Expiring extends Validity {
  readonly stream: StreamName;
  readonly stage: ExpiryStage;
}

const DAY_MS = 86_400_000;
/** From the nearest on. */
const STAGES = [
  [7, '7d'],
  [14, '14d'],
  [30, '30d'],
] as const;
/** Of what lives shortly only the last part is worth a reminder. */
const LAST_PART = 3;

/** The stage; absent while the end is far, or has two thirds of its life before it. */
export function expiryStage(
  { issuedMs, expiresMs }: Validity,
  nowMs: number,
): ExpiryStage | undefined {
  const leftMs = expiresMs - nowMs;
  if (leftMs <= 0) return 'expired';
  if (leftMs > (expiresMs - issuedMs) / LAST_PART) return undefined;
  return STAGES.find(([days]) => leftMs <= days * DAY_MS)?.[1];
}

/** The charter and the heads that end soon, the charter first. */
export function expiringIn(state: TrustedState, nowMs: number): readonly Expiring[] {
  const charter = currentCharter(state);
  const valid = [
    ...(charter === undefined ? [] : [{ stream: CHARTER_STREAM, of: charter }]),
    ...[...state.streams.values()].flatMap(({ stream, head }) =>
      head === undefined ? [] : [{ stream, of: head }],
    ),
  ];
  return valid.flatMap(({ stream, of: { issuedMs, expiresMs } }) => {
    const stage = expiryStage({ issuedMs, expiresMs }, nowMs);
    return stage === undefined ? [] : [{ stream, stage, issuedMs, expiresMs }];
  });
}
