/**
 * Answers that brought nothing: their announcers rest, or fetches would follow each other for ever.
 *
 * Whoever said that it holds a row and sends nothing new of it rests for that row, longer each
 * time, until something of the stream moves here. What was only guessed from what a peer sent it
 * may not hold yet, so that counts for nothing at first; many such answers let all that is guessed
 * of the peer rest for a moment. Times are those of a clock that never goes back or is set.
 *
 * @module
 */
import type { NodeId } from '../../ids.ts';
import { PEERS_MAX } from '../../limits.ts';
import { Budget } from '../../membership/budget.ts';
import type { Want } from './active-fetches.ts';
import { Pauses } from './pauses.ts';

/** Guesses of one peer that may come to nothing, at once and then per second. */
const GUESSES = { burst: 32, perSecond: 4 } as const;
/** How long a peer rests then, milliseconds. */
const GUESS_REST_MS = 1000;

/** The guesses of one peer. */
interface Guesses {
  readonly budget: Budget;
  restUntilMs: number;
}

/** The rests of those who answered with nothing; `held` stands for what is held of the stream. */
export class EmptyAnswers {
  readonly #pauses: Pauses = new Pauses();
  readonly #guesses: Map<NodeId, Guesses> = new Map();

  note(want: Want, held: string, monotonicMs: number): void {
    if (want.saidBy !== undefined) {
      return this.#pauses.note(keyOf(want, held), 'empty', monotonicMs);
    }
    const guesses = this.#guessesOf(want.nodeId);
    if (guesses.budget.take(1, monotonicMs)) return;
    guesses.restUntilMs = monotonicMs + GUESS_REST_MS;
  }

  /** Says whether the announcer rests. */
  has(want: Want, held: string, monotonicMs: number): boolean {
    if (want.saidBy !== undefined) return this.#pauses.has(keyOf(want, held), monotonicMs);
    return (this.#guesses.get(want.nodeId)?.restUntilMs ?? 0) > monotonicMs;
  }

  #guessesOf(nodeId: NodeId): Guesses {
    const known = this.#guesses.get(nodeId);
    if (known !== undefined) return known;
    if (this.#guesses.size >= PEERS_MAX) this.#guesses.clear();
    const guesses = { budget: new Budget(GUESSES.burst, GUESSES.perSecond), restUntilMs: 0 };
    this.#guesses.set(nodeId, guesses);
    return guesses;
  }
}

function keyOf({ nodeId, row }: Want, held: string): string {
  const { stream, sequence, forked } = row;
  return `${nodeId} ${stream} ${String(sequence)}${forked ? 'F' : ''} ${held}`;
}
