/**
 * Who is dialled when: the links that the topology wants, and the seeds.
 *
 * A wanted peer without a link is dialled for ever, with a growing pause and jitter. Those that are
 * new are so many at a time: who is young wants others with each node that it hears of. Seeds are
 * looked up and dialled for ever too, fast while this node has no link or one of them has never
 * answered, and then every half minute, so that two halves of a cluster that never met or lost each
 * other find together. Of a seed only the address is known before somebody answers there. A seed
 * behind which somebody answered who is alive, as membership sees it, is dialled every tenth time:
 * all nodes would dial the same few.
 *
 * @module
 */
import type { NodeId } from '../../ids.ts';
import type { DialTarget } from '../../peer.ts';
import type { Outbox } from '../outbox.ts';
import type { LinkTable } from './links.ts';

/** The first wait before a peer is dialled again, milliseconds; doubles up to the maximum. */
export const DIAL_MIN_MS: number = 250;
/** The longest wait before a peer is dialled again, milliseconds. */
export const DIAL_MAX_MS: number = 2000;
/** How often seeds are looked up and dialled by a node that reached all: so much ± a third. */
export const SEEDS_INTERVAL_MS: number = 30_000;
/** The same at most for a node that has no link, or has heard nothing from one of its seeds yet. */
const SEEKING_INTERVAL_MS = 2000;
/** Links from which on it is not so urgent: others seek too. */
const SEEKING_LINKS = 8;
/** Seeds behind which nodes are remembered. */
const SEEDS_MAX = 1000;
/** Of so many looks at the seeds one dials those too that are known to be alive. */
const SEEDS_PROVE_EVERY = 10;
const SEEDS_JITTER_RATIO = 1 / 3;

/**
 * New peers that are dialled from one tick to the next: by a node that does not know its
 * surroundings yet, which in a small cluster are all, and by one that does.
 */
export const NEW_DIALS: Readonly<Record<'young' | 'settled', number>> = { young: 16, settled: 64 };

/** A peer that should have a link. */
interface Wanted {
  address: string;
  attempts: number;
  isDialling: boolean;
  /** Not dialled yet: others came first. */
  isNew: boolean;
}

/** What a dialer works with. */
export interface DialerOptions {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly selfId: NodeId;
  /** Where this node is reached; never dialled. */
  readonly self: string;
  /** False for a node without seeds: others dial it. */
  readonly hasSeeds: boolean;
  /** Says whether membership sees a node alive. */
  readonly isAlive: (nodeId: NodeId) => boolean;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** For how long a node is refused; it is not dialled before. */
  readonly refusedForMs: (nodeId: NodeId) => number;
}

/** The dialling of one node. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #wanted: Map<NodeId, Wanted> = new Map();
  /** Who answered at a seed's address the last time. */
  readonly #behind: Map<string, NodeId> = new Map();
  /** What the seeds stood for the last time; nothing before that is known. */
  #resolved: readonly string[] = [];
  #seedRounds = 0;
  #isSeeking = true;
  #looks = 0;
  /** New peers that may be dialled before the next tick. */
  #newDials = NEW_DIALS.young;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.hasSeeds) this.seedsDue();
  }

  /** It is time to look the seeds up. */
  seedsDue(): void {
    const { outbox, links, random } = this.#options;
    const linked = links.ready().length;
    this.#isSeeking = linked === 0 || this.seeds === 'seeking';
    this.#seedRounds = this.#isSeeking ? this.#seedRounds + 1 : 0;
    outbox.emit({ kind: 'resolve' });
    const jitter = 1 + SEEDS_JITTER_RATIO * (2 * random() - 1);
    const seekMs = SEEKING_INTERVAL_MS * Math.max(1, linked / SEEKING_LINKS);
    const delayMs = this.#isSeeking
      ? Math.min(seekMs, DIAL_MIN_MS * 2 ** this.#seedRounds)
      : SEEDS_INTERVAL_MS;
    outbox.arm({ name: 'seeds' }, Math.round(delayMs * jitter));
  }

  /** A link was lost: who has none left does not wait half a minute for the seeds. */
  lost(nodeId: NodeId): void {
    const { hasSeeds, links, outbox } = this.#options;
    this.again(nodeId);
    if (!hasSeeds || this.#isSeeking || links.ready().length > 0) return;
    this.#isSeeking = true;
    outbox.arm({ name: 'seeds' }, DIAL_MIN_MS);
  }

  /** What the seeds stand for now: dial where nobody answered yet that is linked. */
  resolved(addresses: readonly string[]): void {
    const { outbox, links, self, isAlive } = this.#options;
    this.#resolved = addresses.slice(0, SEEDS_MAX);
    const mayTrust = this.#looks++ % SEEDS_PROVE_EVERY !== 0 && links.ready().length > 0;
    for (const address of this.#resolved) {
      if (address === self || this.#isLinked(address)) continue;
      const nodeId = this.#behind.get(address);
      if (nodeId !== undefined && links.to(nodeId) !== undefined) continue;
      if (nodeId !== undefined && mayTrust && isAlive(nodeId)) continue;
      outbox.emit({ kind: 'dial', target: { address } });
    }
  }

  /** `alone`: seeds lead to nobody else; `seeking`: one has not answered yet. */
  get seeds(): 'alone' | 'seeking' | 'reached' {
    const { hasSeeds, self, selfId } = this.#options;
    if (!hasSeeds) return 'alone';
    if (this.#resolved.length === 0) return 'seeking';
    const others = this.#resolved.filter(
      (address) => address !== self && this.#behind.get(address) !== selfId,
    );
    if (others.length === 0) return 'alone';
    return this.silentSeeds === 0 ? 'reached' : 'seeking';
  }

  /** How many seeds have never answered; there is one at least before they were looked up. */
  get silentSeeds(): number {
    if (!this.#options.hasSeeds) return 0;
    return this.#resolved.length === 0 ? 1 : this.silent.length;
  }

  /** Where nobody has answered yet of what seeds stand for. */
  get silent(): readonly string[] {
    const { self } = this.#options;
    return this.#resolved.filter(
      (address) => address !== self && !this.#behind.has(address) && !this.#isLinked(address),
    );
  }

  /** Who answered at seeds. */
  get met(): Iterable<NodeId> {
    return this.#behind.values();
  }

  /** The peers that should have a link from now on, with where they are. */
  want(peers: ReadonlyMap<NodeId, string>): void {
    for (const nodeId of this.#wanted.keys()) if (!peers.has(nodeId)) this.#wanted.delete(nodeId);
    for (const [nodeId, address] of peers) {
      const known = this.#wanted.get(nodeId);
      if (known?.address === address) continue;
      const isDialling = known?.isDialling ?? false;
      this.#wanted.set(nodeId, { address, attempts: 0, isDialling, isNew: true });
    }
    this.#dialNew();
  }

  /** Called at a steady pace: dials new peers that had to wait, as far as the next share goes. */
  tick(age: keyof typeof NEW_DIALS): void {
    this.#newDials = NEW_DIALS[age];
    this.#dialNew();
  }

  /** Says whether a link to this peer is wanted here. */
  wants(nodeId: NodeId): boolean {
    return this.#wanted.has(nodeId);
  }

  /** It is time to dial a peer, if it is still wanted and has no link. */
  dialDue(nodeId: NodeId): void {
    const wanted = this.#wanted.get(nodeId);
    if (wanted === undefined || wanted.isDialling) return;
    if (this.#options.links.to(nodeId) !== undefined) return;
    wanted.isNew = false;
    if (this.#options.refusedForMs(nodeId) > 0) return this.again(nodeId);
    wanted.isDialling = true;
    const { address } = wanted;
    this.#options.outbox.emit({ kind: 'dial', target: { address, nodeId } });
  }

  /** A dial came to something: the link is up, whether it is kept or not. */
  answered(nodeId: NodeId, target: DialTarget): void {
    const wanted = this.#wanted.get(nodeId);
    if (wanted !== undefined) wanted.isDialling = false;
    if (target.nodeId !== undefined) return;
    if (this.#behind.size >= SEEDS_MAX) this.#behind.clear();
    this.#behind.set(target.address, nodeId);
  }

  /** A dial came to nothing. */
  failed({ nodeId }: DialTarget): void {
    const wanted = nodeId === undefined ? undefined : this.#wanted.get(nodeId);
    if (nodeId === undefined || wanted === undefined) return;
    wanted.isDialling = false;
    this.again(nodeId);
  }

  /** A link was lost, or could not be made: dial again after a pause. */
  again(nodeId: NodeId): void {
    const wanted = this.#wanted.get(nodeId);
    const { links, outbox, random, refusedForMs } = this.#options;
    if (wanted === undefined || links.to(nodeId) !== undefined) return;
    const cap = Math.min(DIAL_MAX_MS, DIAL_MIN_MS * 2 ** Math.min(wanted.attempts, 16));
    wanted.attempts += 1;
    const delayMs = Math.max(refusedForMs(nodeId), cap / 2 + (cap / 2) * random());
    outbox.arm({ name: 'dial', nodeId }, Math.round(delayMs));
  }

  /** The peer greeted: the next dial starts from the shortest pause. */
  reached(nodeId: NodeId): void {
    const wanted = this.#wanted.get(nodeId);
    if (wanted !== undefined) wanted.attempts = 0;
  }

  #dialNew(): void {
    for (const [nodeId, { isNew }] of this.#wanted) {
      if (this.#newDials === 0) return;
      if (!isNew || this.#options.links.to(nodeId) !== undefined) continue;
      this.#newDials -= 1;
      this.dialDue(nodeId);
    }
  }

  #isLinked(address: string): boolean {
    return this.#options.links.ready().some(({ hello }) => hello.address === address);
  }
}
