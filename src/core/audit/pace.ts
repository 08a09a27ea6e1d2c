/**
 * How many facts of one kind that signers bring about are written out, so that whoever stole one
 * key fills no log: in each window the first ones of a kind, and of the rest one entry with their
 * number. Spec section 11, rule AL-10.
 *
 * @module
 */
import type { AuditFact, AuditKind } from './entry.ts';

/** How long facts are counted together, milliseconds. */
export const PACE_WINDOW_MS: number = 15 * 60_000;
/** Facts of one kind that are written out in a window. */
export const FACTS_PER_WINDOW: number = 200;

interface Counted {
  readonly noted: number;
  /** Counted alone. */
  readonly more: number;
}

/** The facts of one window after another. */
export class FactPace {
  readonly #counted: Map<AuditKind, Counted> = new Map();
  #sinceMs = -Infinity;

  /** When the window that runs is over, monotonic; absent when nothing was counted in it. */
  get dueMs(): number | undefined {
    const isCounting = [...this.#counted.values()].some(({ more }) => more > 0);
    return isCounting ? this.#sinceMs + PACE_WINDOW_MS : undefined;
  }

  /** Takes in one fact: `note` it, or it is counted. */
  take(what: AuditKind, monotonicMs: number): 'note' | 'counted' {
    if (this.#counted.size === 0) this.#sinceMs = monotonicMs;
    const { noted, more } = this.#counted.get(what) ?? { noted: 0, more: 0 };
    const isRoom = noted < FACTS_PER_WINDOW;
    this.#counted.set(what, isRoom ? { noted: noted + 1, more } : { noted, more: more + 1 });
    return isRoom ? 'note' : 'counted';
  }

  /** What was counted, once the window is over; then another one begins. */
  due(monotonicMs: number): readonly AuditFact[] {
    return monotonicMs < this.#sinceMs + PACE_WINDOW_MS ? [] : this.close();
  }

  /** What was counted so far; another window begins. */
  close(): readonly AuditFact[] {
    const counted = [...this.#counted];
    this.#counted.clear();
    return counted.flatMap(([what, { more }]): readonly AuditFact[] =>
      more === 0 ? [] : [{ what, via: 'node', count: more, reason: `${more} more like it` }],
    );
  }
}
