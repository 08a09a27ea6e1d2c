/**
 * Old copies of disks that look like the disk itself: what their nodes may serve until peers find
 * them out, that they are found out once two peers have said what they know, and that nobody else
 * is taken for one.
 *
 * @module
 */
import type { Frame } from '../src/core/gossip/frames.ts';
import type { NodeId, StreamName } from '../src/core/ids.ts';
import type { Endpoint } from './link.ts';
import type { Process, SimNode } from './node.ts';
import type { Scene } from './scene.ts';
import { Violation } from './violation.ts';

/** Two peers must remember more. */
const PEERS_MIN = 2;

/** A process as it started. */
interface Started {
  readonly host: SimNode;
  readonly bootId: string;
  readonly storeId: string;
  /** How often its disk had been written to. */
  readonly written: number;
  /** Peers that remember more and have shown it a digest. */
  readonly tellers: Set<NodeId>;
  /** It gave its store another id. */
  isFound: boolean;
}

/** The copies of one seed, and what all processes showed of their stores. */
export class Copies {
  readonly #scene: Scene;
  /** What their hosts had served before they were put back, until they are found out. */
  readonly #floors: Map<SimNode, ReadonlyMap<StreamName, number>> = new Map();
  /** By host, its last start. */
  readonly #started: Map<SimNode, Started> = new Map();
  /** The most that each process showed, by store. */
  readonly #shown: Map<string, Map<Started, number>> = new Map();
  #found = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A process starts on what its disk holds. */
  boots(host: SimNode, bootId: string): void {
    const { storeId, written } = host.disk;
    this.#started.set(host, { host, bootId, storeId, written, tellers: new Set(), isFound: false });
  }

  /** A machine sends a frame. */
  sends(host: SimNode, frame: Frame): void {
    const started = this.#started.get(host);
    if (frame.kind !== 'digest' || started === undefined || started.isFound) return;
    const ofStore = this.#shown.get(started.storeId) ?? new Map<Started, number>();
    this.#shown.set(started.storeId, ofStore);
    ofStore.set(started, Math.max(ofStore.get(started) ?? 0, frame.digest.written));
  }

  /** A process has taken a frame. Errors: a violation when it should know that it is a copy. */
  received({ host, machine }: Process, from: Endpoint, frame: Frame): void {
    const started = this.#started.get(host);
    if (frame.kind !== 'digest' || started === undefined || started.isFound) return;
    if (!this.#floors.has(host) || machine.holding !== undefined) return;
    // A frame may come on another link than it was meant for.
    if (frame.digest.rememberedOf !== started.storeId) return;
    const peer = this.#scene.hosts[from.host.index];
    if (peer === undefined || !peer.isHonest || !from.isAlive) return;
    if (knowsMore(peer, started)) started.tellers.add(peer.identity.nodeId);
    if (started.tellers.size >= PEERS_MIN) throw this.#unfound(host);
  }

  /** Nobody can know yet that it is an old copy: until then it may serve what it holds. */
  add(host: SimNode, floors: Map<StreamName, number>): void {
    this.#floors.set(host, this.#floors.get(host) ?? new Map(floors));
    for (const [stream, floor] of floors) {
      floors.set(stream, Math.min(floor, host.disk.headOf(stream)));
    }
  }

  /** Copies of which two others, and the liars among them, may say that they look well. */
  *unknown(): Generator<SimNode> {
    const core = this.#scene.core();
    const liars = this.#scene.hosts.filter(({ isHonest }) => !isHonest).length;
    for (const host of this.#floors.keys()) {
      const others = core.filter((other) => other !== host);
      const ignorant = others.filter((other) => !remembersMore(other, host));
      if (ignorant.length + liars >= Math.min(PEERS_MIN, others.length)) yield host;
    }
  }

  /**
   * Its peers say that it is a copy; from now on what it served before counts again. Errors: a
   * violation when it began with all that was ever shown of its store.
   */
  found(host: SimNode, floors: Map<StreamName, number>): number {
    const started = this.#started.get(host);
    if (started !== undefined) {
      const shown = [...(this.#shown.get(started.storeId) ?? [])];
      const isCopy = shown.some(([other, most]) => other !== started && most > started.written);
      const what = `${host.identity.nodeId} takes its own store for an old copy`;
      if (!isCopy) throw new Violation('copy-true', this.#scene.nowMs, what);
      started.isFound = true;
    }
    for (const [stream, floor] of this.#floors.get(host) ?? []) {
      floors.set(stream, Math.max(floor, floors.get(stream) ?? 0));
    }
    this.#floors.delete(host);
    this.#found += 1;
    return this.#found;
  }

  /** Errors: a violation when one serves of which two honest nodes remember more. */
  requireFound(): void {
    for (const host of this.#floors.keys()) {
      const started = this.#started.get(host);
      if (started === undefined || host.driver === undefined) continue;
      const knowing = this.#scene.core().filter((peer) => knowsMore(peer, started));
      if (knowing.length >= PEERS_MIN) throw this.#unfound(host);
    }
  }

  #unfound(host: SimNode): Violation {
    const what = `${host.identity.nodeId} serves an old copy as if it were its own`;
    return new Violation('copy-found', this.#scene.nowMs, what);
  }
}

/** Whether a node has written down that more was shown of a host's store than the disk holds. */
function remembersMore(peer: SimNode, { identity, disk }: SimNode): boolean {
  const shown = peer.disk.shown.filter(({ storeId }) => storeId === disk.storeId);
  const ofHost = shown.filter(({ nodeId }) => nodeId === identity.nodeId);
  return ofHost.some(({ before, written }) => Math.max(before, written) > disk.written);
}

/** Whether a node has met this process, and remembers that one before it showed more. */
function knowsMore(peer: SimNode, { bootId, written }: Started): boolean {
  const shown = peer.driver?.machine.shown().snapshot() ?? [];
  return shown.some((one) => one.bootId === bootId && one.before > written);
}
