/**
 * Which refusals are written out and which are only counted, so that no flood fills a disk.
 *
 * Refusals are what others can bring about as often as they like. In each window the first few of a
 * source with one code get entries of their own; of the rest one entry per source and code says, at
 * the end of the window, how many more there were. Sources are counted up to a limit, others
 * together. So what a node writes per window is bounded, whoever floods it. Spec section 11.
 *
 * @module
 */
import type { ErrorCode } from '../errors.ts';
import type { AuditFact, AuditVia } from './entry.ts';

/** Who was refused, and why. */
export interface RefusalSource {
  readonly via: AuditVia;
  readonly by: string;
  readonly code: ErrorCode;
}

/** How long refusals are counted together, milliseconds. */
export const REFUSAL_WINDOW_MS: number = 15 * 60_000;
/** Refusals of one source and code that are written out in a window. */
export const REFUSALS_PER_SOURCE: number = 5;
/** Refusals of all sources that are written out in a window. */
export const REFUSALS_PER_WINDOW: number = 100;
/** Pairs of source and code that are counted one by one. */
export const REFUSAL_SOURCES_MAX: number = 64;
/** Stands for the sources beyond that. */
export const OTHER_SOURCES: string = '(others)';

interface Counted extends RefusalSource {
  /** Written out. */
  noted: number;
  /** Counted alone. */
  more: number;
}

/** The refusals of one window after another. */
export class Refusals {
  readonly #counted: Map<string, Counted> = new Map();
  #noted = 0;
  #sinceMs = -Infinity;

  /** When the window that runs is over, monotonic; absent when nothing was counted in it. */
  get dueMs(): number | undefined {
    const isCounting = [...this.#counted.values()].some(({ more }) => more > 0);
    return isCounting ? this.#sinceMs + REFUSAL_WINDOW_MS : undefined;
  }

  /** Takes in one refusal: `note` it, or it is counted. Rule AL-7. */
  take(source: RefusalSource, monotonicMs: number): 'note' | 'counted' {
    if (this.#counted.size === 0) this.#sinceMs = monotonicMs;
    const counted = this.#of(source);
    const isRoom = this.#noted < REFUSALS_PER_WINDOW && counted.noted < REFUSALS_PER_SOURCE;
    if (!isRoom || counted.by !== source.by) {
      counted.more += 1;
      return 'counted';
    }
    counted.noted += 1;
    this.#noted += 1;
    return 'note';
  }

  /** What was counted, once the window is over; then another one begins. */
  due(monotonicMs: number): readonly AuditFact[] {
    return monotonicMs < this.#sinceMs + REFUSAL_WINDOW_MS ? [] : this.close();
  }

  /** What was counted so far; another window begins. */
  close(): readonly AuditFact[] {
    const counted = [...this.#counted.values()];
    this.#counted.clear();
    this.#noted = 0;
    return counted.flatMap(({ via, by, code, more }): readonly AuditFact[] => {
      const reason = `${more} more like it`;
      return more === 0 ? [] : [{ what: 'refused', via, by, code, count: more, reason }];
    });
  }

  #of(source: RefusalSource): Counted {
    const found = this.#counted.get(keyOf(source));
    if (found !== undefined) return found;
    const by = this.#counted.size < REFUSAL_SOURCES_MAX ? source.by : OTHER_SOURCES;
    const key = keyOf({ ...source, by });
    const counted = this.#counted.get(key) ?? { ...source, by, noted: 0, more: 0 };
    this.#counted.set(key, counted);
    return counted;
  }
}

function keyOf({ via, by, code }: RefusalSource): string {
  return `${via} ${code} ${by}`;
}
