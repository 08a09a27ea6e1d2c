/**
 * What a fetch did not bring: asked for again at a steady pace, while a peer is known to have it.
 *
 * Peers say what they have when it changes and when two compare. That alone is not enough: what was
 * refused for a reason that passes, as a clock that is wrong or a way that is cut, would wait for
 * the turn of the right peer. Where nobody was reached, all who have it are asked; where what came
 * was refused, one at a time, so that what nobody can prove costs little.
 *
 * @module
 */
import type { StreamName } from '../../ids.ts';
import { STREAMS_MAX } from '../../limits.ts';
import type { Link } from '../links/links.ts';
import type { Want } from './active-fetches.ts';
import type { Miss } from './pauses.ts';

/** Streams that one look takes up; the others are next. */
const LOOKED_AT_MAX = 256;

/** Streams that are still missing after a fetch. */
export class Retries {
  readonly #missed: Map<StreamName, Miss> = new Map();

  /** A fetch of this stream failed. */
  note(stream: StreamName, miss: Miss): void {
    if (this.#missed.size < STREAMS_MAX || this.#missed.has(stream)) this.#missed.set(stream, miss);
  }

  /** What to ask for now. `isUseful`: it is missing here; `isDue`: its holder may be asked now. */
  due(
    links: readonly Link[],
    isUseful: (want: Want) => boolean,
    isDue: (want: Want) => boolean,
  ): readonly Want[] {
    const due: Want[] = [];
    for (const [stream, miss] of [...this.#missed].slice(0, LOOKED_AT_MAX)) {
      this.#missed.delete(stream);
      const known = links
        .flatMap(({ nodeId, held }) => {
          const row = held.get(stream);
          return row === undefined ? [] : [{ nodeId, row }];
        })
        .filter(isUseful);
      if (known.length === 0) continue;
      // To the end of the line, until nobody has it or it is here.
      this.#missed.set(stream, miss);
      const ready = known.filter(isDue);
      due.push(...(miss === 'unreached' ? ready : ready.slice(0, 1)));
    }
    return due;
  }
}
