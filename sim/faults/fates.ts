/**
 * What becomes of single frames, dials and fetched items while faults strike them at random.
 *
 * @module
 */

import { draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';
import type { Fault, FrameFault } from './faults.ts';

type FramesFault = Extract<Fault, { readonly kind: 'frames' }>;
type Ground = Pick<Scene, 'seed' | 'coverage' | 'baseDelayMs'>;
type DialsFault = Extract<Fault, { readonly kind: 'dials' }>;

const DELAY_MAX_MS = 2000;
/** TCP notices a lost segment after a round trip at best, and after its timer at worst. */
const RETRANSMIT_MIN_MS = 200;
const COUNTED_PAIRS = 1 << 22;

/** What becomes of a frame as it is sent; a number: it is late by so many milliseconds. */
export type FrameFate = 'arrives' | 'drop' | 'reset' | 'half-open' | 'flip' | 'duplicate' | number;

/** The faults that strike at random, while they last. */
export class Fates {
  readonly #frames: Set<FramesFault> = new Set();
  readonly #dials: Set<DialsFault> = new Set();
  readonly #scene: Ground;
  readonly #counts = new Map<number, number>();

  constructor(scene: Ground) {
    this.#scene = scene;
  }

  begin(fault: FramesFault | DialsFault): void {
    if (fault.kind === 'frames') this.#frames.add(fault);
    else this.#dials.add(fault);
  }

  end(fault: FramesFault | DialsFault): void {
    if (fault.kind === 'frames') this.#frames.delete(fault);
    else this.#dials.delete(fault);
  }

  /** All end. */
  clear(): void {
    this.#frames.clear();
    this.#dials.clear();
  }

  /** What becomes of a dial. */
  dial(from: number): 'connects' | DialsFault['what'] {
    for (const fault of this.#dials) {
      if (this.#strikes(fault.id, from, fault.rate)) return fault.what;
    }
    return 'connects';
  }

  /** What becomes of a frame. */
  frame(from: number, to: number): FrameFate {
    if (this.#frames.size === 0) return 'arrives';
    for (const fault of this.#frames) {
      if (fault.host !== -1 && fault.host !== from) continue;
      const pair = from * 1024 + to;
      if (this.#strikes(fault.id, pair, fault.rate)) return this.#fateOf(fault, from, to);
    }
    return 'arrives';
  }

  /** What becomes of a fetched item. */
  item(from: number): FrameFault | 'arrives' {
    for (const fault of this.#frames) {
      const strikes = fault.what === 'flip' && (fault.host === -1 || fault.host === from);
      if (strikes && this.#strikes(fault.id, from * 1024 + 1023, fault.rate)) return 'flip';
    }
    return 'arrives';
  }

  #fateOf(fault: FramesFault, from: number, to: number): FrameFate {
    switch (fault.what) {
      case 'duplicate':
        this.#scene.coverage.hit('duplicate-frame');
        return 'duplicate';
      case 'delay':
        return DELAY_MAX_MS * this.#draw(fault.id, from * 1024 + 1022);
      case 'loss':
        return Math.max(RETRANSMIT_MIN_MS, 2 * this.#scene.baseDelayMs(from, to));
      case 'drop':
      case 'reset':
      case 'half-open':
      case 'flip':
        return fault.what;
    }
  }

  #strikes(id: number, subject: number, rate: number): boolean {
    return this.#draw(id, subject) < rate;
  }

  /** Counts per fault and pair, so that other faults do not shift it. */
  #draw(id: number, subject: number): number {
    const key = id * COUNTED_PAIRS + subject;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return draw(this.#scene.seed, 'frameFault', key, count);
  }
}
