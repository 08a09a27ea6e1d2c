/**
 * What nodes remember of each other's stores, so that one that was put back from a copy is found
 * out though it looks like itself.
 *
 * A store counts what it writes, and a digest shows the count, which only grows. So a process that
 * started with less than an earlier one of the same store showed runs on a copy. Peers remember for
 * each process what it showed last and what those before it had; they tell it the latter, and it
 * compares that with its start. What it wrote itself since proves nothing, which is why a peer must
 * know after its own restart too which process showed what.
 *
 * One peer's word is not enough: a liar could silence a node. Two liars can, until it has compared,
 * which costs them as many rounds as it costs a restored one. Source: docs/replication.md.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';
import { MEMBERS_MAX, PEERS_MAX } from '../limits.ts';
import type { Hello, StoreDigest } from './frames.ts';
import type { Link } from './links.ts';
import type { GossipOptions, ShownStore } from './options.ts';

/** Peers whose word is enough. */
const PEERS_MIN = 2;
/** Processes remembered of one node: the present one, and what there was lately. */
const PROCESSES_MAX = 4;

/** The memory of one node, and what others remember of it. */
export class Remembering {
  /** By node, the process that showed something last at the end. */
  readonly #memories: Map<NodeId, readonly ShownStore[]> = new Map();
  /** Peers that were shown more of this node's store than it has. */
  readonly #claimants: Set<NodeId> = new Set();
  /** Peers that were not. */
  readonly #vouching: Set<NodeId> = new Set();
  #version = 0;
  #hello: Hello;
  /** What the store had when this process started. */
  readonly #startedWith: number;
  #written: number;

  constructor({ self, written = 0, shown = [] }: GossipOptions) {
    this.#hello = self;
    this.#startedWith = written;
    this.#written = written;
    for (const one of shown) this.#keep(one);
  }

  /** How this node greets now. */
  get hello(): Hello {
    return this.#hello;
  }

  /** How often this node's store was written to. */
  get written(): number {
    return this.#written;
  }

  /** The store was written to; absent: that is not counted. */
  wrote(written: number | undefined): void {
    this.#written = written ?? this.#written;
  }

  /** The store has another id from now on: whoever is greeted next hears it. */
  renewed(storeId: string): void {
    this.#hello = { ...this.#hello, storeId };
  }

  /** Counts what is worth remembering across a restart. */
  get version(): number {
    return this.#version;
  }

  /** Peers that say that they were shown more than there is. */
  get claimants(): readonly NodeId[] {
    return [...this.#claimants];
  }

  snapshot(): readonly ShownStore[] {
    return [...this.#memories.values()].flat();
  }

  /** A peer showed its digest. */
  heard(link: Link, { written, remembered, rememberedOf }: StoreDigest): void {
    const { nodeId, hello } = link;
    const { storeId, bootId } = hello;
    const known = this.#shownBy(link);
    if (known === undefined || written > known.written) {
      this.#keep({ nodeId, storeId, bootId, before: this.rememberedOf(link), written });
      this.#version += 1;
    } else {
      this.#keep(known);
    }
    if (this.#vouching.size + this.#claimants.size >= PEERS_MAX) return;
    // What is said of another store was meant for somebody else.
    if (remembered > 0 && rememberedOf !== this.#hello.storeId) return;
    if (remembered <= this.#startedWith) this.#vouching.add(nodeId);
    else this.#claimants.add(nodeId);
  }

  /** The most that processes before the peer's present one showed of its present store. */
  rememberedOf(link: Link): number {
    const known = this.#shownBy(link);
    if (known !== undefined) return known.before;
    const { storeId } = link.hello;
    const earlier = this.#memoriesOf(link.nodeId).filter((one) => one.storeId === storeId);
    return Math.max(0, ...earlier.map(({ before, written }) => Math.max(before, written)));
  }

  /** Whether this node's store has less than it showed; `known` is the number of other nodes. */
  isContradicted(known: number): boolean {
    return this.#claimants.size >= Math.min(PEERS_MIN, Math.max(1, known));
  }

  /** Whether others have looked at what it shows, and do not remember more. */
  isVouchedFor(known: number): boolean {
    return this.#claimants.size === 0 && this.#vouching.size >= Math.min(PEERS_MIN, known);
  }

  #memoriesOf(nodeId: NodeId): readonly ShownStore[] {
    return this.#memories.get(nodeId) ?? [];
  }

  #shownBy({ nodeId, hello }: Link): ShownStore | undefined {
    return this.#memoriesOf(nodeId).find((one) => isSame(one, hello));
  }

  #keep(shown: ShownStore): void {
    const { nodeId } = shown;
    const [oldest] = this.#memories.keys();
    if (this.#memories.size >= MEMBERS_MAX && !this.#memories.has(nodeId) && oldest !== undefined) {
      this.#memories.delete(oldest);
    }
    const others = this.#memoriesOf(nodeId).filter((one) => !isSame(one, shown));
    this.#memories.set(nodeId, [...others, shown].slice(-PROCESSES_MAX));
  }
}

function isSame(one: ShownStore, other: Pick<ShownStore, 'storeId' | 'bootId'>): boolean {
  return one.storeId === other.storeId && one.bootId === other.bootId;
}
