/**
 * From arrivals to figures.
 *
 * @module
 */
import { median, percentile } from '../claim.ts';

/** One round of one system. */
export interface Round {
  readonly firstMs: number;
  /** To the first subscriber from when the server noted that it is kept, or from the beginning. */
  readonly firstServedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lastMs: number;
  /** Processor time of the server. */
  readonly processorMs: number;
  /** What the like took that nobody waits for, just before: checked and kept. */
  readonly keepMs: number;
}

/** Medians over rounds. */
export interface Figures extends Omit<Round, 'processorMs'> {
  /** From the first subscriber to the last: what is left when the server has begun. */
  readonly spreadMs: number;
  /** Processor time for each subscriber, microseconds. */
  readonly processorUs: number;
}

/** What a round was: from just before the publish call, by the same clock as the arrivals. */
export function roundOf(
  { startUs, keptUs }: { readonly startUs: number; readonly keptUs: number },
  arrivalsUs: readonly number[],
  spent: Pick<Round, 'processorMs' | 'keepMs'>,
): Round {
  const at = (share: number): number => (percentile(arrivalsUs, share) - startUs) / 1000;
  const firstServedMs = at(0) - (keptUs - startUs) / 1000;
  return {
    firstMs: at(0),
    firstServedMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    lastMs: at(1),
    ...spent,
  };
}

/** Medians; processor time is a mean, since the kernel counts it in steps of 10 ms. */
export function figuresOf(rounds: readonly Round[], subscribers: number): Figures {
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const spentMs = rounds.reduce((sum, { processorMs }) => sum + processorMs, 0);
  const keepMs = middle((round) => round.keepMs);
  return {
    keepMs,
    firstServedMs: middle((round) => round.firstServedMs),
    firstMs: middle(({ firstMs }) => firstMs),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
    lastMs: middle(({ lastMs }) => lastMs),
    spreadMs: middle(({ firstMs, lastMs }) => lastMs - firstMs),
    processorUs: (1000 * spentMs) / rounds.length / subscribers,
  };
}

/**
 * How much longer the last subscriber of one system waits than that of another: the median over
 * rounds that ran one after the other, so that a busy machine meets both alike. `served` leaves out
 * what it takes to check and keep.
 */
export function pairedRatio(
  rounds: readonly Round[],
  others: readonly Round[],
  from: 'published' | 'served' = 'published',
): number {
  const took = ({ lastMs, keepMs }: Round): number => lastMs - (from === 'served' ? keepMs : 0);
  return median(rounds.map((round, i) => took(round) / (others[i]?.lastMs ?? Number.NaN)));
}
