/**
 * What a rehearsal expected and did not find: the step fails, and the report says both.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KedgeError } from '../core/errors.ts';

/** What was expected, and what was there instead; both in words. */
export interface Unmet {
  readonly expected: string;
  readonly found: string;
}

/** What somebody saw: whether it is what was expected, and what it is, in words. */
export interface Sight {
  readonly holds: boolean;
  readonly found: string;
}

/** How a wait goes. */
export interface Patience {
  readonly signal: AbortSignal;
  /** Between two looks, milliseconds. Default 5. */
  readonly everyMs?: number;
  /** Milliseconds. Default 30000. */
  readonly giveUpMs?: number | undefined;
}

const EVERY_MS = 5;
const GIVE_UP_MS = 30_000;

/** The error of a step that did not do its work. */
export function unmet({ expected, found }: Unmet): KedgeError {
  return new KedgeError('UNAVAILABLE', `expected: ${expected}; there was: ${found}`, {
    detail: { expected, found },
  });
}

/** The reverse of {@link unmet}; absent for every other error. */
export function asUnmet(thrown: unknown): Unmet | undefined {
  if (!(thrown instanceof KedgeError)) return undefined;
  const { expected, found } = thrown.detail;
  return typeof expected === 'string' && typeof found === 'string'
    ? { expected, found }
    : undefined;
}

/** Gives what was seen, when it is what was expected. Errors: {@link unmet}. */
export function expectSight(expected: string, { holds, found }: Sight): string {
  if (holds) return found;
  throw unmet({ expected, found });
}

/** Looks again and again until it is so; gives what was seen then. Errors: {@link unmet}. */
export async function until(
  expected: string,
  look: () => Sight | Promise<Sight>,
  { signal, everyMs = EVERY_MS, giveUpMs = GIVE_UP_MS }: Patience,
): Promise<string> {
  const endMs = performance.now() + giveUpMs;
  let seen = await look();
  while (!seen.holds && performance.now() < endMs) {
    await sleep(everyMs);
    signal.throwIfAborted();
    seen = await look();
  }
  signal.throwIfAborted();
  return expectSight(expected, seen);
}
