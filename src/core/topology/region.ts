/**
 * The relays of one region: computed by each node for itself, and slow to change.
 *
 * Nodes that see different members for a moment choose different relays; that costs duplicates,
 * nothing else. A relay that fails is replaced at once. A better one that appears waits until it
 * has been the better one for several observations, so that a node that flaps does not move links.
 *
 * @module
 */
import type { NodeId, RegionName } from '../ids.ts';
import { hashText } from '../mix.ts';
import { Best, type Ranked } from './ranking.ts';

/** Observations in a row after which a better choice is taken. */
export const STABLE_OBSERVATIONS: number = 8;

/** Alive nodes of one region and its relays. */
export class Region {
  readonly #salt: number;
  readonly #nodes: Map<NodeId, Ranked> = new Map();
  #relays: readonly NodeId[] = [];
  #ideal: readonly NodeId[] | undefined;
  #idealCount = 0;
  #avoided: ReadonlySet<NodeId> = new Set();
  #candidate: readonly NodeId[] = [];
  #seen = 0;

  constructor(name: RegionName) {
    this.#salt = hashText(name);
  }

  get size(): number {
    return this.#nodes.size;
  }

  get relays(): readonly NodeId[] {
    return this.#relays;
  }

  nodes(): IterableIterator<Ranked> {
    return this.#nodes.values();
  }

  has(nodeId: NodeId): boolean {
    return this.#nodes.has(nodeId);
  }

  /** Adds an alive node; a free place among `count` relays is filled at once. */
  add(node: Ranked, count: number): void {
    this.#nodes.set(node.nodeId, node);
    this.#ideal = undefined;
    this.#fill(count);
  }

  /** Takes out a node that is not alive any more; a relay is replaced at once. */
  remove(nodeId: NodeId, count: number): void {
    if (!this.#nodes.delete(nodeId)) return;
    this.#ideal = undefined;
    if (!this.#relays.includes(nodeId)) return;
    this.#relays = this.#relays.filter((relay) => relay !== nodeId);
    this.#fill(count);
  }

  /** These become relays only where there are no others. */
  avoid(nodeIds: ReadonlySet<NodeId>): void {
    this.#avoided = nodeIds;
    this.#ideal = undefined;
  }

  /** One observation; says whether the relays changed. */
  observe(count: number): 'changed' | 'same' {
    const ideal = this.#best(count);
    if (sameNodes(ideal, this.#relays)) {
      this.#seen = 0;
      return 'same';
    }
    this.#seen = sameNodes(ideal, this.#candidate) ? this.#seen + 1 : 1;
    this.#candidate = ideal;
    if (this.#seen < STABLE_OBSERVATIONS) return 'same';
    this.#relays = ideal;
    this.#seen = 0;
    return 'changed';
  }

  #fill(count: number): void {
    const missing = Math.min(count, this.size) - this.#relays.length;
    if (missing <= 0) return;
    this.#relays = this.#inOrder([...this.#relays, ...this.#bestBeside(this.#relays, missing)]);
  }

  /** By rank, whoever came first: all nodes have to mean the same one by a relay's number. */
  #inOrder(nodeIds: readonly NodeId[]): readonly NodeId[] {
    const best = new Best(this.#salt, nodeIds.length);
    for (const nodeId of nodeIds) {
      const node = this.#nodes.get(nodeId);
      if (node !== undefined) best.offer(node);
    }
    return best.nodeIds;
  }

  #best(count: number): readonly NodeId[] {
    if (this.#ideal !== undefined && this.#idealCount === count) return this.#ideal;
    this.#ideal = this.#inOrder(this.#bestBeside([], count));
    this.#idealCount = count;
    return this.#ideal;
  }

  /** The best beside some, those that are avoided last. */
  #bestBeside(taken: readonly NodeId[], count: number): readonly NodeId[] {
    const best = new Best(this.#salt, count);
    const last = new Best(this.#salt, count);
    for (const node of this.#nodes.values()) {
      if (taken.includes(node.nodeId)) continue;
      (this.#avoided.has(node.nodeId) ? last : best).offer(node);
    }
    return [...best.nodeIds, ...last.nodeIds].slice(0, count);
  }
}

function sameNodes(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a === b || (a.length === b.length && a.every((nodeId) => b.includes(nodeId)));
}
