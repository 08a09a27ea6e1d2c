/**
 * The places of statements in cosigned logs that one reader keeps: a few per stream, since it waits
 * for the newest. Spec section 8, CO-17.
 *
 * @module
 */
import type { StreamName } from '../ids.ts';
import type { CosignedLeaf } from './attested.ts';
import type { HeldHead } from './freshness.ts';
import { isSameLog, type LogAge } from './log-name.ts';
import { isLeaf } from './proof.ts';
import { hashLeaf } from './tree.ts';

/** Roots of one stream whose last leaf is kept. */
const LEAVES_MAX = 4;

/** A place in a log, whoever cosigned that. */
type KnownLeaf = Omit<CosignedLeaf, 'lines'>;

/** A statement that is to come into use. */
export interface LoggedStatement extends HeldHead {
  readonly payload: Uint8Array;
}

/** Which place a statement must have in its log. */
export type LogPlace = 'last' | 'any';

/** The places that one reader knows. */
export class LeafBook {
  readonly #leaves: Map<StreamName, readonly KnownLeaf[]> = new Map();

  /** Keeps a place, before those that came earlier. */
  note(leaf: KnownLeaf): void {
    const { checkpoint } = leaf;
    const { stream, root } = checkpoint;
    const others = (this.#leaves.get(stream) ?? []).filter(
      (one) => one.checkpoint.root !== root || !isSameLog(one.checkpoint, checkpoint),
    );
    this.#leaves.set(stream, [leaf, ...others].slice(0, LEAVES_MAX));
  }

  /** The heads of one log of its stream that have a statement, newest first. */
  find(
    { stream, sequence, payload }: LoggedStatement,
    place: LogPlace,
    log: LogAge,
  ): readonly KnownLeaf[] {
    return (this.#leaves.get(stream) ?? []).filter(
      ({ checkpoint, proof, sequence: at = checkpoint.size }) =>
        at === sequence &&
        (place === 'any' || checkpoint.size === sequence) &&
        isSameLog(checkpoint, log) &&
        isLeaf(checkpoint, { index: at - 1, hash: hashLeaf(payload) }, proof),
    );
  }
}
