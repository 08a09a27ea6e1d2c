/**
 * Rendezvous hashing: everybody ranks the same nodes in the same order without asking anybody.
 *
 * Each node gets a number from its own hash and a salt; the highest win. When one node comes or
 * goes, no other changes its place. Source: Thaler and Ravishankar, 1998.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import { mix32 } from '../mix.ts';

/** A node that can be ranked. */
export interface Ranked {
  readonly nodeId: NodeId;
  /** `hashText` of the id. */
  readonly hash: number;
}

/** The nodes with the highest ranks, best first; ties go to the smaller id. */
export class Best {
  readonly #salt: number;
  readonly #count: number;
  readonly #ranks: number[] = [];
  readonly #nodes: Ranked[] = [];

  constructor(salt: number, count: number) {
    this.#salt = salt;
    this.#count = count;
  }

  get nodeIds(): readonly NodeId[] {
    return this.#nodes.map((node) => node.nodeId);
  }

  get nodes(): readonly Ranked[] {
    return this.#nodes;
  }

  get size(): number {
    return this.#nodes.length;
  }

  offer(node: Ranked): void {
    if (this.#count === 0) return;
    const rank = mix32(this.#salt, node.hash);
    let place = this.#nodes.length;
    while (place > 0 && this.#isBefore(rank, node, place - 1)) place -= 1;
    if (place === this.#count) return;
    this.#ranks.splice(place, 0, rank);
    this.#nodes.splice(place, 0, node);
    if (this.#nodes.length <= this.#count) return;
    this.#ranks.pop();
    this.#nodes.pop();
  }

  #isBefore(rank: number, { nodeId }: Ranked, place: number): boolean {
    const other = this.#ranks[place] ?? 0;
    return rank > other || (rank === other && nodeId < (this.#nodes[place]?.nodeId ?? ''));
  }
}
