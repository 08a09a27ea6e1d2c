/**
 * Answers that brought nothing: their announcers rest, or a fetch would follow the other without end.
 *
 * Whoever said that it holds a row and sends nothing new of it rests for that row, longer each time.
 * What was only guessed from what a peer sent it may not hold yet: it rests for a moment, whatever
 * else lets it be guessed. Both end when something of the stream moves here, since then another
 * answer is due.
 *
 * @module
 */
import type { Want } from './active-fetches.ts';
import { Pauses } from './pauses.ts';

/** The rests of those who answered with nothing; `held` stands for what is held of the stream. */
export class EmptyAnswers {
  readonly #pauses: Pauses = new Pauses();

  note(want: Want, held: string, nowMs: number): void {
    const miss = want.saidBy === undefined ? 'unreached' : 'empty';
    this.#pauses.note(keyOf(want, held), miss, nowMs);
  }

  /** Says whether the announcer rests. */
  has(want: Want, held: string, nowMs: number): boolean {
    return this.#pauses.has(keyOf(want, held), nowMs);
  }
}

function keyOf({ nodeId, row, saidBy }: Want, held: string): string {
  const { stream, sequence, forked } = row;
  const place = saidBy === undefined ? '' : `${String(sequence)}${forked ? 'F' : ''}`;
  return `${nodeId} ${stream} ${place} ${held}`;
}
