/**
 * Which stores are old copies, and whether their nodes find out.
 *
 * Knows what no node knows: the highest count that any process had of a store. So a process that
 * began with no more than that runs on a copy, and so do those after it.
 *
 * @module
 */
import { parseMark, type SignedMark, type StoreMark } from '../src/core/gossip/store-mark.ts';
import type { Attested } from './attested.ts';
import type { SimNode } from './node.ts';
import type { Scene } from './scene.ts';
import { storeIdOf } from './store-id.ts';
import { Violation } from './violation.ts';

const RENEWED_FROM = 0x10_0000;
/** Marks that were read before. */
const known = new WeakMap<SignedMark, StoreMark>();

interface Begin {
  readonly storeId: string;
  readonly count: number;
  readonly kind: 'original' | 'copy';
}

/** The copies of one seed. */
export class Copies {
  readonly #scene: Scene;
  readonly #attested: Attested;
  /** By store, the highest count that a process had. */
  readonly #peaks: Map<string, number> = new Map();
  readonly #begins: Map<SimNode, Begin> = new Map();
  /** Stores on which two processes ran at the same time. */
  readonly #shared: Set<string> = new Set();
  #renewed = 0;

  constructor(scene: Scene, attested: Attested) {
    this.#scene = scene;
    this.#attested = attested;
  }

  /** A process begins. */
  boots(host: SimNode): void {
    const { storeId, writes: count } = host.disk;
    const before = this.#begins.get(host);
    // Who writes on a copy long enough counts beyond the original, and stays a copy.
    const isHeir = before?.kind === 'copy' && before.storeId === storeId;
    // A copy of a store may start before the store itself does.
    const isFirst = before === undefined && host.role === 'member';
    const isCopy = isHeir || (!isFirst && count <= (this.#peaks.get(storeId) ?? 0));
    const kind = isCopy ? 'copy' : 'original';
    this.#begins.set(host, { storeId, count, kind });
    if (host.role === 'clone') this.#shared.add(storeId);
    this.counted(host);
  }

  /** The store was written to. */
  counted({ disk: { storeId, writes } }: SimNode): void {
    this.#peaks.set(storeId, Math.max(writes, this.#peaks.get(storeId) ?? 0));
  }

  /** A node takes its store for an old copy. */
  found(host: SimNode): void {
    const begin = this.#begins.get(host);
    if (begin?.kind === 'copy' || this.#shared.has(host.disk.storeId)) return;
    const what = `${host.identity.nodeId} takes its store for a copy, and it is none`;
    throw new Violation('copy-true', this.#scene.nowMs, what);
  }

  /** The id of the next store that turned out to be a copy. */
  nextId(): string {
    this.#renewed += 1;
    return storeIdOf(RENEWED_FROM + this.#renewed);
  }

  /** The region of a node may sign: what it signed before may be unknown to those who looked. */
  vouched(host: SimNode): void {
    if (this.#begins.get(host)?.kind !== 'copy') return;
    const isIgnorant = (other: SimNode): boolean =>
      !other.isHonest || this.#against(host, other) === undefined;
    const { nodeId } = host.identity;
    const others = this.#scene.hosts.filter(({ identity }) => identity.nodeId !== nodeId);
    if (others.some(isIgnorant)) return this.#attested.forget(host);
    const what = `the region of ${nodeId} signs, and all know that its store went back`;
    throw new Violation('copy-found', this.#scene.nowMs, what);
  }

  /** A node that goes on with an old copy although an honest peer keeps the proof. */
  unfound(): string | undefined {
    const core = this.#scene.core();
    for (const host of core) {
      for (const other of core) {
        const { nodeId } = other.identity;
        const isLinked = host.driver?.machine.isLinked(nodeId) === true;
        const mark = isLinked ? this.#against(host, other) : undefined;
        if (mark === undefined) continue;
        const count = String(mark.count);
        return `${host.identity.nodeId} goes on, and ${nodeId} keeps its mark of ${count} writes`;
      }
    }
    return undefined;
  }

  /** What a node keeps of another one that proves that its store went back. */
  #against(host: SimNode, { driver }: SimNode): StoreMark | undefined {
    const begin = this.#begins.get(host);
    const marks = driver?.machine.marks().snapshot() ?? [];
    return marks.map(read).find((mark) => begin !== undefined && isAgainst(host, begin, mark));
  }
}

function read(signed: SignedMark): StoreMark {
  const mark = known.get(signed) ?? parseMark(signed.payload);
  known.set(signed, mark);
  return mark;
}

function isAgainst({ identity, disk, bootId }: SimNode, begin: Begin, mark: StoreMark): boolean {
  if (mark.nodeId !== identity.nodeId || mark.storeId !== disk.storeId) return false;
  if (begin.storeId !== disk.storeId || mark.bootId === bootId) return false;
  const isChild = mark.after === bootId && mark.begin <= disk.writes;
  return mark.count >= begin.count && !isChild;
}
