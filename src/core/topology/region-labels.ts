/**
 * Region labels against measured round trips: says of which node the label is hard to believe.
 *
 * Two contradictions: it claims this region and is far beyond the others here, or it claims a
 * region whose others are far and is as near as a neighbour. Compared is the fastest round trip of
 * each link, which load does not change, with the median of others, which one more wrong label does
 * not change. If the whole own region is far and another one near, the own label is the wrong one,
 * and nothing is said about others. A doubt takes half a minute in a row to arise and as long to
 * go. It is advice for people and for the choice of relays: a label grants nothing.
 *
 * @module
 */
import type { NodeId, RegionName } from '../ids.ts';
import type { MemberDoubt } from '../membership/view.ts';
import type { PeerIdentity } from '../peer.ts';

/** Why a label is doubted. */
export type LabelDoubt = Exclude<MemberDoubt, 'unproven'>;

/** A node and the fastest round trip of late over the link to it. */
export interface MeasuredPeer extends PeerIdentity {
  readonly fastestMs: number;
}

/** A doubt that arose, or went. */
export interface LabelChange extends PeerIdentity {
  readonly doubt: LabelDoubt | 'none';
}

/** Observations in a row until a doubt arises, and until it goes. */
export const DOUBT_OBSERVATIONS: number = 15;
/** Others of a region that must be measured. */
const OTHERS_MIN = 2;
/** Far: at least so much, and so many times what is near. */
const FAR_MIN_MS = 20;
const FAR_TIMES = 5;
/** As near as a neighbour: at most so many times what is typical here. */
const NEAR_TIMES = 2;

interface Entry {
  readonly region: RegionName;
  readonly kind: LabelDoubt;
  observations: number;
  isDoubted: boolean;
}

/** The labels of all nodes to which one node has links, its own included. */
export class RegionLabels {
  readonly #self: PeerIdentity;
  readonly #entries: Map<NodeId, Entry> = new Map();
  #avoided: ReadonlySet<NodeId> = new Set();
  /** What was seen last. */
  #peers: readonly MeasuredPeer[] = [];

  constructor(self: PeerIdentity) {
    this.#self = self;
  }

  /** Nodes that claim the own region and are too far to be its relays; a new set on a change. */
  get avoided(): ReadonlySet<NodeId> {
    return this.#avoided;
  }

  doubt(nodeId: NodeId): LabelDoubt | undefined {
    const entry = this.#entries.get(nodeId);
    return entry?.isDoubted === true ? entry.kind : undefined;
  }

  forget(nodeId: NodeId): void {
    if (!this.#entries.delete(nodeId)) return;
    this.#peers = [];
    this.#choose();
  }

  /**
   * Looks at all links that are measured; to be called at a steady pace, every two seconds. Who has
   * no link now keeps its doubt: one that is not chosen as a relay for it is not linked to either.
   */
  observe(peers: readonly MeasuredPeer[]): readonly LabelChange[] {
    // While no doubt arises or goes, the same again changes nothing.
    const isSame = this.#entries.size === 0 && areAlike(this.#peers, peers);
    this.#peers = peers;
    if (isSame) return [];
    const judge = new Judgement(this.#self, peers);
    const { self } = judge;
    const changes = [this.#note(this.#self, self)];
    for (const peer of peers) {
      changes.push(this.#note(peer, self === undefined ? judge.of(peer) : undefined));
    }
    const real = changes.filter((change) => change !== undefined);
    if (real.length > 0) this.#choose();
    return real;
  }

  #note({ nodeId, region }: PeerIdentity, seen: LabelDoubt | undefined): LabelChange | undefined {
    const before = this.#entries.get(nodeId);
    const entry = before?.region === region ? before : undefined;
    if (entry === undefined) {
      const gone =
        before?.isDoubted === true ? { nodeId, region, doubt: 'none' as const } : undefined;
      this.#entries.delete(nodeId);
      if (seen !== undefined) {
        this.#entries.set(nodeId, { region, kind: seen, observations: 1, isDoubted: false });
      }
      return gone;
    }
    const step = seen === entry.kind ? 1 : -1;
    entry.observations = Math.min(DOUBT_OBSERVATIONS, entry.observations + step);
    if (entry.observations <= 0) {
      this.#entries.delete(nodeId);
      return entry.isDoubted ? { nodeId, region, doubt: 'none' } : undefined;
    }
    if (entry.isDoubted || entry.observations < DOUBT_OBSERVATIONS) return undefined;
    entry.isDoubted = true;
    return { nodeId, region, doubt: entry.kind };
  }

  #choose(): void {
    const avoided = [...this.#entries].filter(
      ([nodeId, { isDoubted, kind, region }]) =>
        isDoubted &&
        kind === 'too-far' &&
        region === this.#self.region &&
        nodeId !== this.#self.nodeId,
    );
    this.#avoided = new Set(avoided.map(([nodeId]) => nodeId));
  }
}

/** What the links of one moment say. */
class Judgement {
  readonly #home: RegionName;
  readonly #byRegion: Map<RegionName, number[]> = new Map();

  constructor({ region: home }: PeerIdentity, peers: readonly MeasuredPeer[]) {
    this.#home = home;
    for (const { region, fastestMs } of peers) {
      const known = this.#byRegion.get(region);
      if (known === undefined) this.#byRegion.set(region, [fastestMs]);
      else known.push(fastestMs);
    }
    for (const times of this.#byRegion.values()) times.sort((a, b) => a - b);
  }

  /** The own label: all of its region are far, and those of another one are near. */
  get self(): LabelDoubt | undefined {
    const home = this.#typical(this.#home);
    if (home === undefined) return undefined;
    for (const region of this.#byRegion.keys()) {
      const other = region === this.#home ? undefined : this.#typical(region);
      if (other !== undefined && isFar(home, other)) return 'too-far';
    }
    return undefined;
  }

  of({ region, fastestMs }: MeasuredPeer): LabelDoubt | undefined {
    const others = this.#typical(region, fastestMs);
    if (others === undefined) return undefined;
    if (region === this.#home) return isFar(fastestMs, others) ? 'too-far' : undefined;
    const home = this.#typical(this.#home);
    if (home === undefined || fastestMs > NEAR_TIMES * home) return undefined;
    return isFar(others, Math.max(home, fastestMs)) ? 'too-near' : undefined;
  }

  /** The lower median of a region, without one of its nodes; absent when too few are measured. */
  #typical(region: RegionName, without?: number): number | undefined {
    const times = this.#byRegion.get(region) ?? [];
    const skipped = without === undefined ? times.length : times.indexOf(without);
    const count = without === undefined ? times.length : times.length - 1;
    if (count < OTHERS_MIN) return undefined;
    const middle = (count - 1) >> 1;
    return times[middle >= skipped ? middle + 1 : middle];
  }
}

function areAlike(a: readonly MeasuredPeer[], b: readonly MeasuredPeer[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ nodeId, region, fastestMs }, at) => {
      const other = b[at];
      return other?.nodeId === nodeId && other.region === region && other.fastestMs === fastestMs;
    })
  );
}

function isFar(ms: number, near: number): boolean {
  return ms >= Math.max(FAR_MIN_MS, FAR_TIMES * near);
}
