/**
 * Which statements honest nodes served for each sequence, and where that was not one and the same.
 *
 * @module
 */
import type { Sha256, StreamName } from '../../src/core/ids.ts';
import type { Disk } from '../nodes/disk.ts';

/** What was served, by all together. */
export class Agreement {
  readonly #served: Map<StreamName, Map<number, Set<Sha256>>> = new Map();

  served(stream: StreamName, sequence: number, digest: Sha256): void {
    const known = this.#served.get(stream) ?? new Map<number, Set<Sha256>>();
    this.#served.set(stream, known);
    const digests = known.get(sequence) ?? new Set();
    known.set(sequence, digests.add(digest));
  }

  /**
   * The lowest sequence for which two different statements were served, by stream. Signers made
   * both; every node has to find out.
   */
  get contested(): ReadonlyMap<StreamName, number> {
    const contested = new Map<StreamName, number>();
    for (const [stream, known] of this.#served) {
      const forked = [...known].flatMap(([at, digests]) => (digests.size > 1 ? [at] : []));
      if (forked.length > 0) contested.set(stream, Math.min(...forked));
    }
    return contested;
  }

  /** A disk is gone: what is on none of the others cannot be found out any more. */
  forget(others: readonly Disk[]): void {
    for (const [stream, known] of this.#served) {
      if (others.some((disk) => disk.fork(stream) !== undefined)) continue;
      for (const [sequence, digests] of known) {
        for (const digest of digests) {
          const isHeld = others.some((disk) => disk.entry(stream, sequence)?.digest === digest);
          if (!isHeld) digests.delete(digest);
        }
      }
    }
  }
}
