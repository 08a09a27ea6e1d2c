/**
 * The trees of heads that this node had lately, by their roots: what it takes to show a client one
 * row of what a region signed.
 *
 * A region signs the root over all its rows. A node can prove a row under it when it held the very
 * same rows at some moment, which nodes that are in touch do. When rows changed at the same time in
 * another order here and there, a root may never have been one here; the region's next heartbeat
 * makes up for it. Kept only while the charter lists regions. Spec section 8.
 *
 * @module
 */
import { rowIn, rowsOf } from '../../core/gossip/rows.ts';
import type { StreamName } from '../../core/ids.ts';
import { type HeadTree, headTree, updateHeads } from '../../core/log/heads.ts';
import type { TreeHead } from '../../core/log/proof.ts';
import { currentCharter, type TrustedState } from '../../core/trusted/state.ts';

/** Trees that are kept: some minutes of a busy realm, at most 4 MB for 10,000 streams. */
const TREES_MAX = 16;

/** The newest trees of one node. */
export class HeadTrees {
  /** Newest first; empty while nobody could have signed any. */
  #trees: readonly HeadTree[];

  constructor(state: TrustedState) {
    this.#trees = hasRegions(state) ? [headTree(rowsOf(state).values())] : [];
  }

  /** The durable state moved. */
  moved(state: TrustedState, streams: readonly StreamName[]): void {
    if (!hasRegions(state)) {
      this.#trees = [];
      return;
    }
    const [newest] = this.#trees;
    const rows = streams.map((stream) => rowIn(state, stream)).filter((row) => row !== undefined);
    const next =
      newest === undefined || rows.length < streams.length
        ? headTree(rowsOf(state).values())
        : updateHeads(newest, rows);
    if (next.root !== newest?.root) this.#trees = [next, ...this.#trees].slice(0, TREES_MAX);
  }

  /** The tree with this root; absent when this node did not have it lately. */
  find({ size, root }: TreeHead): HeadTree | undefined {
    return this.#trees.find((tree) => tree.root === root && tree.size === size);
  }
}

function hasRegions(state: TrustedState): boolean {
  return (currentCharter(state)?.charter.regions.length ?? 0) > 0;
}
