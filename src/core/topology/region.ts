/**
 * The relays of one region: computed by each node for itself, and slow to change.
 *
 * Nodes that see different members for a moment choose different relays; that costs duplicates,
 * nothing else. A relay that fails is replaced at once. A better one that appears waits until it
 * has been the better one for several observations, so that a node that flaps does not move links.
 * While this node is young and hears of more and more nodes, the best of those are the relays: the
 * first ones that it heard of are others for each node, itself above all.
 *
 * A node of which there is only a record may be an invention, with an id that was sought for its
 * rank. Where this node links to the relays it finds out: one that never showed itself comes after
 * all others. Those that would be relays by their rank are tried, and take a place that was filled
 * without them as soon as they show themselves. Elsewhere nothing depends on who they are.
 *
 * @module
 */
import type { NodeId, RegionName } from '../ids.ts';
import { hashText } from '../mix.ts';
import { Best, type Ranked } from './ranking.ts';

/** Observations in a row after which a better choice is taken. */
export const STABLE_OBSERVATIONS: number = 8;

const NOBODY: readonly NodeId[] = [];

/** Whether a node showed itself here, over a link, in this run or an earlier one. */
export type Acquaintance = 'met' | 'unmet';

/** The best of a region for somebody, by their own ranks. */
export type BestOf = Readonly<Record<'ordinary' | 'relays', readonly Ranked[]>>;

/** What a region begins with. */
export interface RegionOptions {
  /** `linked`: this node links to the relays of the region. */
  readonly links: 'linked' | 'not-linked';
  /** `young`: relays are the best at each moment, until {@link Region.settle}. */
  readonly age: 'young' | 'settled';
  /** How many relays a region has now. */
  readonly relayCount: () => number;
}

/** Alive nodes of one region and its relays. */
export class Region {
  readonly #salt: number;
  readonly #relayCount: () => number;
  readonly #nodes: Map<NodeId, Ranked> = new Map();
  readonly #unmet: Set<NodeId> = new Set();
  /** Relays in whose place others would be that nobody met. */
  #stopgaps: readonly NodeId[] = [];
  #isLinked: boolean;
  #isYoung: boolean;
  #relays: readonly NodeId[] = [];
  #ideal: readonly NodeId[] | undefined;
  #idealCount = 0;
  #avoided: ReadonlySet<NodeId> = new Set();
  #candidate: readonly NodeId[] = [];
  #seen = 0;
  /** What {@link candidates} and {@link bestFor} found, until something changes. */
  #tried: { readonly count: number; readonly nodeIds: readonly NodeId[] } | undefined;
  #bestFor: { readonly salt: number; readonly count: number; readonly best: BestOf } | undefined;

  constructor(name: RegionName, { links, age, relayCount }: RegionOptions) {
    this.#salt = hashText(name);
    this.#relayCount = relayCount;
    this.#isLinked = links === 'linked';
    this.#isYoung = age === 'young';
  }

  get size(): number {
    return this.#nodes.size;
  }

  get relays(): readonly NodeId[] {
    if (this.#isYoung) this.#relays = this.#best();
    return this.#relays;
  }

  nodes(): IterableIterator<Ranked> {
    return this.#nodes.values();
  }

  has(nodeId: NodeId): boolean {
    return this.#nodes.has(nodeId);
  }

  /** Adds an alive node; a free place among the relays is filled at once. */
  add(node: Ranked, acquaintance: Acquaintance): void {
    this.#nodes.set(node.nodeId, node);
    if (acquaintance === 'unmet') this.#unmet.add(node.nodeId);
    this.#changed();
    this.#fill();
  }

  /** A node showed itself; says whether relays or candidates may be others for that. */
  meet(nodeId: NodeId): 'changed' | 'same' {
    if (!this.#unmet.has(nodeId)) return 'same';
    const isTried = this.candidates().includes(nodeId);
    this.#unmet.delete(nodeId);
    this.#changed();
    if (this.#isYoung) return 'changed';
    const stopgaps = this.#stopgaps;
    if (stopgaps.length === 0) return isTried ? 'changed' : 'same';
    this.#relays = this.#relays.filter((relay) => !stopgaps.includes(relay));
    this.#fill();
    return 'changed';
  }

  /** This node links to the relays of the region from now on, or does not. */
  link(links: 'linked' | 'not-linked'): void {
    if (this.#isLinked === (links === 'linked')) return;
    this.#isLinked = !this.#isLinked;
    this.#changed();
  }

  /** Nodes that would be relays by their rank, and have to show themselves first. */
  candidates(): readonly NodeId[] {
    if (!this.#isLinked || this.#unmet.size === 0) return NOBODY;
    const count = this.#relayCount();
    if (this.#tried?.count === count) return this.#tried.nodeIds;
    const { relays } = this;
    const nodeIds = this.#bestBeside([], count, 'all').filter(
      (nodeId) => this.#unmet.has(nodeId) && !relays.includes(nodeId),
    );
    this.#tried = { count, nodeIds };
    return nodeIds;
  }

  /** The best `count` ordinary nodes and relays for somebody with this salt. */
  bestFor(salt: number, count: number): BestOf {
    const known = this.#bestFor;
    if (known?.salt === salt && known.count === count) return known.best;
    const [ordinary, fromRelays] = [new Best(salt, count), new Best(salt, count)];
    const { relays } = this;
    for (const node of this.#nodes.values()) {
      (relays.includes(node.nodeId) ? fromRelays : ordinary).offer(node);
    }
    const best = { ordinary: ordinary.nodes, relays: fromRelays.nodes };
    this.#bestFor = { salt, count, best };
    return best;
  }

  /** Takes out a node that is not alive any more; a relay is replaced at once. */
  remove(nodeId: NodeId): void {
    this.#unmet.delete(nodeId);
    if (!this.#nodes.delete(nodeId)) return;
    this.#changed();
    if (!this.#relays.includes(nodeId)) return;
    this.#relays = this.#relays.filter((relay) => relay !== nodeId);
    this.#fill();
  }

  /** These become relays only where there are no others. */
  avoid(nodeIds: ReadonlySet<NodeId>): void {
    this.#avoided = nodeIds;
    this.#changed();
  }

  /** This node knows its surroundings: from now on relays stay while they are alive. */
  settle(): void {
    const { relays } = this;
    const wished = this.#bestBeside([], relays.length, 'all');
    this.#stopgaps = relays.filter((nodeId) => !wished.includes(nodeId));
    this.#isYoung = false;
  }

  /** One observation; says whether the relays changed. */
  observe(): 'changed' | 'same' {
    if (this.#isYoung) return 'same';
    const ideal = this.#best();
    if (sameNodes(ideal, this.#relays)) {
      this.#seen = 0;
      return 'same';
    }
    this.#seen = sameNodes(ideal, this.#candidate) ? this.#seen + 1 : 1;
    this.#candidate = ideal;
    if (this.#seen < STABLE_OBSERVATIONS) return 'same';
    this.#relays = ideal;
    this.#changed();
    this.#seen = 0;
    return 'changed';
  }

  /** What was worked out before may be wrong now. */
  #changed(): void {
    this.#ideal = undefined;
    this.#tried = undefined;
    this.#bestFor = undefined;
  }

  #fill(): void {
    if (this.#isYoung) return;
    const missing = Math.min(this.#relayCount(), this.size) - this.#relays.length;
    if (missing <= 0) return;
    const chosen = this.#bestBeside(this.#relays, missing, this.#first);
    const wished = this.#bestBeside(this.#relays, missing, 'all');
    this.#stopgaps = chosen.filter((nodeId) => !wished.includes(nodeId));
    this.#relays = this.#inOrder([...this.#relays, ...chosen]);
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

  #best(): readonly NodeId[] {
    const count = this.#relayCount();
    if (this.#ideal !== undefined && this.#idealCount === count) return this.#ideal;
    this.#ideal = this.#inOrder(this.#bestBeside([], count, this.#first));
    this.#idealCount = count;
    return this.#ideal;
  }

  get #first(): 'met' | 'all' {
    return this.#isLinked ? 'met' : 'all';
  }

  /** The best beside some: those that are avoided after the others, and then whom nobody met. */
  #bestBeside(taken: readonly NodeId[], count: number, first: 'met' | 'all'): readonly NodeId[] {
    const [best, avoided, unmet] = [1, 2, 3].map(() => new Best(this.#salt, count));
    for (const node of this.#nodes.values()) {
      const { nodeId } = node;
      if (taken.includes(nodeId)) continue;
      const isLast = first === 'met' && this.#unmet.has(nodeId);
      (isLast ? unmet : this.#avoided.has(nodeId) ? avoided : best)?.offer(node);
    }
    return [best, avoided, unmet].flatMap((each) => each?.nodeIds ?? []).slice(0, count);
  }
}

function sameNodes(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a === b || (a.length === b.length && a.every((nodeId) => b.includes(nodeId)));
}
