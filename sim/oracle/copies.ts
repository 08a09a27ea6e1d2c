/**
 * Which stores are old copies, and whether their nodes find out.
 *
 * Knows what no node knows: which process went on from which, with how many writes, and the highest
 * count that any process had of a store. So it knows which marks are of another history than a
 * process, and which process began with no more than another one had, and so runs on a copy.
 *
 * @module
 */
import type { GossipEffect, GossipEvent } from '../../src/core/gossip/events.ts';
import type { Frame } from '../../src/core/gossip/frames.ts';
import type { StoreStart } from '../../src/core/gossip/options.ts';
import {
  type CopyNotice,
  parseMark,
  type SignedMark,
  type StoreMark,
} from '../../src/core/gossip/restored/store-mark.ts';
import { otherEnd } from '../network/link.ts';
import type { Disk } from '../nodes/disk.ts';
import type { Process, SimNode } from '../nodes/node.ts';
import { storeIdOf } from '../nodes/store-id.ts';
import type { Scene } from '../world/scene.ts';
import { type Attested, nameOfLine } from './attested.ts';
import { KnownLines } from './known-lines.ts';
import { Violation } from './violation.ts';

const RENEWED_FROM = 0x10_0000;
/** A node reads so many marks of a peer between two comparisons, of which a digest has two. */
const SHOWS_READ = 2;
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
  readonly lines: KnownLines;
  /** By store, the highest count that a process had. */
  readonly #peaks: Map<string, number> = new Map();
  readonly #begins: Map<SimNode, Begin> = new Map();
  /** How each process began. */
  readonly #starts: Map<string, StoreStart> = new Map();
  /** Marks that processes signed. */
  readonly #said: Set<string> = new Set();
  /** Nodes to which it was proven that their store is a copy, until that has another id. */
  readonly #proven: Set<SimNode> = new Set();
  /** What stores are on their way beyond. */
  readonly #outrunning: Map<SimNode, number> = new Map();
  /** Nodes at whose store somebody looked who could not know that it went back. */
  readonly #unwarned: Set<SimNode> = new Set();
  /** Stores that went back, on which a region signs all the same. */
  readonly #excused: WeakSet<Disk> = new WeakSet();
  /** Digests with marks that a node was sent since it last compared. */
  readonly #shows: Map<SimNode, number> = new Map();
  #renewed = 0;

  constructor(scene: Scene, attested: Attested) {
    this.#scene = scene;
    this.#attested = attested;
    this.lines = new KnownLines(scene);
  }

  /** A process begins. */
  boots(host: SimNode, started: StoreStart): void {
    this.#starts.set(host.bootId, started);
    this.lines.begins(host);
    const ofProcess = [this.#proven, this.#outrunning, this.#unwarned, this.#shows];
    for (const each of ofProcess) each.delete(host);
    const { storeId, writes: count } = host.disk;
    const before = this.#begins.get(host);
    // Who writes on a copy long enough counts beyond the original, and stays a copy.
    const isHeir = before?.kind === 'copy' && before.storeId === storeId;
    // A copy of a store may start before the store itself does.
    const isFirst = before === undefined && host.role === 'member';
    const isCopy = isHeir || (!isFirst && count <= (this.#peaks.get(storeId) ?? 0));
    const kind = isCopy ? 'copy' : 'original';
    this.#begins.set(host, { storeId, count, kind });
    this.counted(host);
  }

  /** The store was written to. */
  counted({ disk: { storeId, writes } }: SimNode): void {
    this.#peaks.set(storeId, Math.max(writes, this.#peaks.get(storeId) ?? 0));
  }

  /** A process took an event. */
  handled(process: Process, event: GossipEvent, effects: readonly GossipEffect[]): void {
    const { host, links } = process;
    this.lines.handled(process, effects);
    if (event.kind === 'persisted' || event.kind === 'attest') this.counted(host);
    if (event.kind === 'renewed') this.#proven.delete(host);
    if (event.kind === 'advanced') this.#outrunning.delete(host);
    if (event.kind === 'timer' && event.timer.name === 'repair') this.#shows.delete(host);
    for (const effect of effects) {
      if (effect.kind === 'advance') this.#outrunning.set(host, effect.beyond);
    }
    if (event.kind !== 'frame' || event.frame.kind !== 'digest') return;
    const known = links.get(event.linkId);
    if (known !== undefined) this.#looks(otherEnd(known.link, known.end).host, host, event.frame);
    this.#shown(host, event.frame);
  }

  /** A process signed a mark of its store. */
  said(signed: SignedMark): void {
    this.#said.add(nameOf(read(signed)));
  }

  /** A node notices that there is a copy: what it was shown has to prove that. */
  noticed(host: SimNode, notice: CopyNotice): void {
    if (!this.#isProof(host, notice)) {
      const text = `${host.identity.nodeId} notices a copy (${notice.what}) by what proves none`;
      throw new Violation('copy-true', this.#scene.nowMs, text);
    }
    if (notice.what !== 'copied') this.#proven.add(host);
  }

  /** A node takes its store for an old copy. */
  found(host: SimNode): void {
    if (this.#proven.has(host)) return;
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
    if (host.attests) this.lines.vouched(host);
    if (this.#begins.get(host)?.kind !== 'copy') return;
    if (!this.#unwarned.has(host)) {
      const who = `the region of ${host.identity.nodeId} signs`;
      const what = `${who}, and all who looked know that its store went back`;
      throw new Violation('copy-found', this.#scene.nowMs, what);
    }
    // What it says from now on is in the record, also of its next processes.
    if (!this.#excused.has(host.disk)) this.#attested.forget(host);
    this.#excused.add(host.disk);
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

  /** A node that does not count beyond a process on a copy, of which an honest peer told it. */
  overtaken(): string | undefined {
    for (const host of this.#scene.core()) {
      for (const other of this.#scene.core()) {
        if (host.driver?.machine.isLinked(other.identity.nodeId) !== true) continue;
        const mark = this.#children(host, other).find(({ count }) => count >= host.disk.writes);
        if (mark === undefined) continue;
        const [own, more] = [String(host.disk.writes), String(mark.count)];
        return `${host.identity.nodeId} counts ${own} writes, and a copy of its store ${more}`;
      }
    }
    return undefined;
  }

  /** A store whose writes are not all in the mark that an honest peer keeps of it. */
  untold(): string | undefined {
    const core = this.#scene.core();
    for (const host of core) {
      const { bootId, disk, identity } = host;
      for (const { driver, identity: peer } of core) {
        if (driver?.machine.isLinked(identity.nodeId) !== true) continue;
        const kept = driver.machine.marks().snapshot().map(read);
        const mark = kept.find((each) => isOf(host, each) && each.bootId === bootId);
        if (mark !== undefined && mark.count >= disk.writes) continue;
        const what = `${String(disk.writes)} writes, of which ${peer.nodeId} knows`;
        return `${identity.nodeId} has ${what} ${String(mark?.count ?? 0)}`;
      }
    }
    return undefined;
  }

  /** Nodes whose store was copied while they ran, and counts beyond all that is kept of that. */
  originals(): readonly SimNode[] {
    const core = this.#scene.core();
    return core.filter((host) => {
      const children = core.flatMap((other) => this.#children(host, other));
      const isAhead = children.every(({ count }) => count < host.disk.writes);
      return isAhead && children.length > 0 && core.every((other) => !this.#against(host, other));
    });
  }

  /** A peer that has the node's mark says so; whether it could know more is the question. */
  #looks(index: number, host: SimNode, { digest }: Extract<Frame, { kind: 'digest' }>): void {
    const peer = this.#scene.hosts[index];
    if (peer === undefined || (digest.markSeen ?? 0) === 0) return;
    if (!peer.isHonest || this.#against(host, peer) === undefined) this.#unwarned.add(host);
  }

  /** A node that is shown the mark of a process on a copy makes its store count beyond that. */
  #shown(host: SimNode, { digest }: Extract<Frame, { readonly kind: 'digest' }>): void {
    const { mark, remembered } = digest;
    if (mark === undefined && remembered === undefined) return;
    const shows = (this.#shows.get(host) ?? 0) + 1;
    this.#shows.set(host, shows);
    // What is shown too often is not read, nor what liars have spoiled.
    const isRead = shows <= SHOWS_READ && this.#scene.hosts.every(({ isHonest }) => isHonest);
    if (remembered === undefined || !isRead || this.#proven.has(host)) return;
    const other = read(remembered);
    const beyond = Math.max(host.disk.writes - 1, this.#outrunning.get(host) ?? 0);
    if (!isOf(host, other) || !isChild(host, other) || other.count <= beyond) return;
    const what = `${String(other.count)} writes, and does not count beyond that`;
    const text = `${host.identity.nodeId} was shown that a copy of its store has ${what}`;
    throw new Violation('copy-outrun', this.#scene.nowMs, text);
  }

  /** What a node keeps of processes that went on from the present state of another one's store. */
  #children(host: SimNode, { driver }: SimNode): readonly StoreMark[] {
    const marks = driver?.machine.marks().snapshot() ?? [];
    return marks.map(read).filter((mark) => isOf(host, mark) && isChild(host, mark));
  }

  #isProof(host: SimNode, notice: CopyNotice): boolean {
    if (notice.what === 'cosigned') {
      const { line } = notice;
      const held = host.disk.cosigned.get(line.checkpoint.stream);
      const isHeld = held !== undefined && nameOfLine(held) === nameOfLine(line);
      return this.#attested.hasSaid(host, line) && !isHeld;
    }
    const { mark, what } = notice;
    return (
      this.#said.has(nameOf(mark)) &&
      mark.storeId === host.disk.storeId &&
      !this.#isPast(host, mark) &&
      isChild(host, mark) === (what === 'copied')
    );
  }

  /** Says whether a mark is of this process, or of one that it went on from, before that. */
  #isPast({ bootId, disk }: SimNode, mark: StoreMark): boolean {
    let limit = disk.writes;
    let start = this.#starts.get(bootId);
    for (let at = bootId; start !== undefined; start = this.#starts.get(at)) {
      if (mark.bootId === at) return mark.count <= limit;
      limit = start.count - 1;
      at = start.after;
    }
    return false;
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

function nameOf({ storeId, bootId, begin, count }: StoreMark): string {
  return `${storeId} ${bootId} ${String(begin)} ${String(count)}`;
}

/** Says whether a mark is of the store that a node has. */
function isOf({ identity, disk }: SimNode, mark: StoreMark): boolean {
  return mark.nodeId === identity.nodeId && mark.storeId === disk.storeId;
}

/** Says whether a mark is of another process that went on from what the present one had. */
function isChild({ bootId, disk }: SimNode, mark: StoreMark): boolean {
  return mark.after === bootId && mark.bootId !== bootId && mark.begin <= disk.writes;
}

function isAgainst(host: SimNode, begin: Begin, mark: StoreMark): boolean {
  if (!isOf(host, mark) || begin.storeId !== host.disk.storeId) return false;
  if (mark.bootId === host.bootId) return false;
  return mark.count >= begin.count && !isChild(host, mark);
}
