/**
 * Two systems by turns, many times: what decides about a bar whose limit is within what single
 * rounds differ by.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { median, percentile } from '../claim.ts';
import type { Contestant } from './contestant.ts';
import type { Round } from './rounds.ts';
import type { Publication } from './system.ts';

const ROUNDS = 24;
const PAUSE_MS = 250;
const LOW = 0.25;
const HIGH = 0.75;

/** How much longer the last subscriber of the one waits. */
export interface Comparison {
  /** Of the medians over all rounds. */
  readonly ratio: number;
  /** Quartiles of the ratios of rounds that ran one after the other. */
  readonly low: number;
  readonly high: number;
}

/** Lets both publish by turns, each as often the first; numbers rounds from `firstRound` on. */
export async function duel(
  one: Contestant,
  other: Contestant,
  firstRound: number,
  { content, bytes }: Omit<Publication, 'round'>,
): Promise<Comparison & { readonly rounds: number }> {
  const rounds = new Map<Contestant, Round[]>([
    [one, []],
    [other, []],
  ]);
  for (let i = 0; i < ROUNDS; i += 1) {
    const order = i % 2 === 0 ? [one, other] : [other, one];
    for (const each of order) {
      rounds.get(each)?.push(await each.round({ round: firstRound + i, content, bytes }));
      await sleep(PAUSE_MS);
    }
  }
  return { ...compare(rounds.get(one) ?? [], rounds.get(other) ?? []), rounds: ROUNDS };
}

/** Compares rounds that ran by turns. */
export function compare(own: readonly Round[], others: readonly Round[]): Comparison {
  const lasts = (rounds: readonly Round[]): readonly number[] => rounds.map((each) => each.lastMs);
  const theirs = lasts(others);
  const paired = lasts(own).map((lastMs, i) => lastMs / (theirs[i] ?? Number.NaN));
  return {
    ratio: median(lasts(own)) / median(theirs),
    low: percentile(paired, LOW),
    high: percentile(paired, HIGH),
  };
}
