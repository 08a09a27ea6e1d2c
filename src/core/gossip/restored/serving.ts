/**
 * Says whether a node may serve what its store holds.
 *
 * A store that was lost or was put back from a backup may be behind what this node showed before.
 * Such a node replicates but serves nobody until it has compared with two others that serve, or
 * with everybody there is; there is no timeout. Comparing means: it held at some moment exactly
 * what the peer showed, since heads only move forward. Source: docs/replication.md.
 *
 * @module
 */
import type { NodeId, Sha256 } from '../../ids.ts';
import { PEERS_MAX } from '../../limits.ts';
import type { StoreDigest } from '../frames.ts';

/** Where the content of a store comes from. */
export type StoreOrigin =
  /** From the last run of this node. */
  | 'intact'
  /** It is a new store of a new node. */
  | 'new'
  /** It is a new store of a node that had another one. */
  | 'lost'
  /** From an earlier time, or from another place. */
  | 'restored';

/** The others as this node sees them now. */
export interface Surroundings {
  /** All that have not left. */
  readonly known: ReadonlySet<NodeId>;
  /** Those of them that rule two waits for: failed ones, and those that should have a link. */
  readonly needed: ReadonlySet<NodeId>;
  /** `alone`: there are no seeds but this node; `seeking`: one has not answered yet. */
  readonly seeds: 'alone' | 'seeking' | 'reached';
  /** Seeds that have not answered yet: there may be somebody. */
  readonly silentSeeds: number;
}

/** Peers of which comparing is enough. */
const COMPARED_MIN = 2;
/** Roots remembered: of this node, and of each peer. */
const OWN_ROOTS_MAX = 256;
const PEER_ROOTS_MAX = 16;

interface Seen {
  readonly roots: Set<Sha256>;
  last: StoreDigest;
  isCompared: boolean;
}

/** True for a store that is not behind anything that its node showed before. */
export function hasShownNoMore(origin: StoreOrigin): boolean {
  return origin === 'intact' || origin === 'new';
}

/** Whether one node serves, and with whom it has compared. */
export class Serving {
  #origin: StoreOrigin;
  readonly #ownRoots: Set<Sha256> = new Set();
  readonly #peers: Map<NodeId, Seen> = new Map();
  readonly #override: 'none' | 'serve-anyway';
  #isServing: boolean;

  constructor(origin: StoreOrigin, override: 'none' | 'serve-anyway') {
    this.#origin = origin;
    this.#override = override;
    this.#isServing = hasShownNoMore(origin) || override === 'serve-anyway';
  }

  get isServing(): boolean {
    return this.#isServing;
  }

  get origin(): StoreOrigin {
    return this.#origin;
  }

  /** True where an operator says that the store is served as it is. */
  get isOverridden(): boolean {
    return this.#override === 'serve-anyway';
  }

  /** Nodes with which this one has compared. */
  get compared(): readonly NodeId[] {
    return [...this.#peers].filter(([, { isCompared }]) => isCompared).map(([nodeId]) => nodeId);
  }

  /** The store is an old copy: it is compared before it serves again, as a restored one. */
  suspend(): void {
    if (this.isOverridden) return;
    this.#origin = 'restored';
    this.#isServing = false;
  }

  /** This node holds this now. */
  moved(root: Sha256): void {
    if (this.#isServing) return;
    remember(this.#ownRoots, root, OWN_ROOTS_MAX);
    for (const seen of this.#peers.values()) if (seen.roots.has(root)) seen.isCompared = true;
  }

  /** A peer showed what it holds. */
  shown(nodeId: NodeId, digest: StoreDigest): void {
    if (this.#isServing) return;
    const seen = this.#peers.get(nodeId) ?? { roots: new Set(), last: digest, isCompared: false };
    if (this.#peers.size >= PEERS_MAX && !this.#peers.has(nodeId)) return;
    this.#peers.set(nodeId, seen);
    seen.last = digest;
    remember(seen.roots, digest.root, PEER_ROOTS_MAX);
    if (this.#ownRoots.has(digest.root)) seen.isCompared = true;
  }

  /** Judges whether it may serve from now on; true once, when that has just become so. */
  begins(around: Surroundings): boolean {
    if (this.#isServing || !this.#mayServe(around)) return false;
    this.#isServing = true;
    this.#peers.clear();
    this.#ownRoots.clear();
    return true;
  }

  #mayServe({ known, needed, seeds, silentSeeds }: Surroundings): boolean {
    // A node that nobody knows of and that knows nobody is the first one of its realm.
    if (known.size === 0) return seeds === 'alone' && this.#origin !== 'lost';
    const seen = [...this.#peers].filter(([nodeId]) => known.has(nodeId));
    const claimed = Math.max(0, ...seen.map(([, { last }]) => last.others + 1));
    const compared = seen.filter(([, { isCompared }]) => isCompared);
    const serving = compared.filter(([, { last }]) => last.standing === 'serving');
    const all = Math.max(known.size + silentSeeds, claimed);
    if (serving.length >= Math.min(COMPARED_MIN, all)) return true;
    // Nobody may serve yet, as in a realm that begins: it takes everybody.
    const met = new Set(compared.map(([nodeId]) => nodeId));
    return (
      seeds !== 'seeking' &&
      known.size >= claimed &&
      [...needed].every((nodeId) => met.has(nodeId)) &&
      met.size > 0 &&
      seen.every(([, { last }]) => last.standing !== 'seeking')
    );
  }
}

/** Adds a value as the youngest one. */
function remember(roots: Set<Sha256>, root: Sha256, max: number): void {
  roots.delete(root);
  roots.add(root);
  const [oldest] = roots;
  if (roots.size > max && oldest !== undefined) roots.delete(oldest);
}
