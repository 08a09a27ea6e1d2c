/**
 * How what nodes say about their clients gets to all others, so that any node can answer.
 *
 * Each node writes one row, and only when it changed. A new row goes the way of heartbeats: to the
 * relays, over the ocean once, to everybody; only what is new is passed on. At rest one peer in 30
 * seconds is shown a digest of 8 bytes, and so is whoever gets a link; where two differ they show
 * each other the versions that they hold. Nothing is kept, passed on or counted before its
 * signature is verified with the key of a member. Peers that do not say that they take such frames
 * get none, and those that do not take counts by waves no rows that have some. docs/adoption.md.
 *
 * @module
 */
import { type SignedArrivals, verifyArrivals } from '../adoption/arrivals.ts';
import type { AdoptionFrame } from '../adoption/frames.ts';
import type { AdoptionRow, RowVersion, SignedRow } from '../adoption/row.ts';
import { RowTable } from '../adoption/row-table.ts';
import { KedgeError } from '../errors.ts';
import type { NodeId } from '../ids.ts';
import { ADOPTION_ROW_MAX_BYTES, ADOPTION_ROWS_PER_FRAME_MAX } from '../limits.ts';
import type { MemberView } from '../membership/view.ts';
import type { Topology } from '../topology/topology.ts';
import type { Hello } from './frames.ts';
import type { Link, LinkTable } from './links/links.ts';
import type { Outbox } from './outbox.ts';
import { COMPARE_EVERY, ComparisonPace } from './repair/comparison-pace.ts';
import type { Spread } from './replica/spread.ts';

/** What spreading works with. */
export interface AdoptionParts {
  readonly self: Hello;
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly spread: Spread;
  readonly topology: Topology;
  readonly memberOf: (nodeId: NodeId) => MemberView | undefined;
}

/** How often a notice may be passed on: to a relay, to one of another region, to the node. */
export const ARRIVAL_HOPS_MAX: number = 3;
/** What of a row counts as one row of a comparison. */
const ROW_UNIT_BYTES = 512;
/** Rows of one origin that are taken between two ticks, 2 s: one per second, and one on the way. */
const ROWS_PER_TICK = 3;
/** Rows in one frame together, bytes; one of the largest always fits. */
const FRAME_BYTES = 4 * ADOPTION_ROW_MAX_BYTES;

/** The rows that one node knows, and their spreading. */
export class Adoption {
  readonly #parts: AdoptionParts;
  readonly #table: RowTable;
  readonly #pace: ComparisonPace = new ComparisonPace();
  /** How many rows of whom were taken since the last tick. */
  readonly #taken: Map<NodeId, number> = new Map();
  /** When somebody told more than it may. */
  #hurriedTurn = -COMPARE_EVERY;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
    this.#table = new RowTable(parts.self.realm, parts.memberOf);
  }

  /** The row of the process of a node that is known now. */
  row(nodeId: NodeId): AdoptionRow | undefined {
    return this.#table.current(nodeId)?.row;
  }

  /** This node's own new row. Errors: `BUG` (it is of somebody else, or older). */
  report(signed: SignedRow): void {
    const { nodeId, region } = this.#parts.self;
    if (signed.nodeId !== nodeId || this.#table.take(signed) !== 'new') {
      throw new KedgeError('BUG', 'a row that is not the next one of this node');
    }
    this.#tell([signed], { origin: region, acks: 'none' });
  }

  /** Clients came here from another node. */
  arrived(arrivals: SignedArrivals): void {
    this.#route(arrivals, ARRIVAL_HOPS_MAX, undefined);
  }

  /** A frame of a peer. Errors: `KEY`, `REALM`, `PARSE`, `LIMIT`; what was good in it is taken. */
  frame(link: Link, frame: AdoptionFrame): void {
    switch (frame.kind) {
      case 'adoption-rows':
        return this.#rows(link, frame.rows, frame.cause);
      case 'adoption-digest':
        return this.#digest(link, frame.root);
      case 'adoption-vector':
        return this.#vector(link, frame.versions, frame.turn);
      case 'arrivals':
        return this.#arrivals(link, frame.arrivals, frame.hops);
    }
  }

  /** A peer greeted: whoever has rows shows a digest. */
  linkUp(link: Link): void {
    this.#pace.hurry();
    if (this.#table.rows.size > 0 && link.takesAdoption) this.#show(link);
  }

  /** Called at a steady pace: compares with the next peer when it is time. */
  tick(): void {
    this.#taken.clear();
    if (this.#pace.tick() === 'early') return;
    this.#table.reap();
    const links = this.#parts.links.ready().filter((one) => one.takesAdoption);
    const link = this.#pace.choose(links, this.#table.rows.size);
    if (link !== undefined) this.#show(link);
  }

  #rows(link: Link, rows: readonly SignedRow[], cause: 'news' | 'asked'): void {
    const news: SignedRow[] = [];
    let refusal: KedgeError | undefined;
    for (const signed of rows) {
      const taken = this.#taken.get(signed.nodeId) ?? 0;
      if (taken >= ROWS_PER_TICK && !this.#table.holds(signed)) {
        this.#hurriedTurn = this.#pace.turn;
        this.#pace.lacking();
        continue;
      }
      try {
        const outcome = this.#table.take(signed);
        if (outcome === 'new') {
          news.push(signed);
          this.#taken.set(signed.nodeId, taken + 1);
        }
        if (outcome === 'unknown') this.#pace.lacking();
      } catch (thrown) {
        refusal ??= this.#judge(KedgeError.from(thrown), signed.nodeId);
      }
    }
    // While somebody tells too much there is always something lacking: that hurries nobody.
    const isCalm = this.#pace.turn - this.#hurriedTurn >= COMPARE_EVERY;
    if (news.length > 0 && isCalm) this.#pace.hurry();
    if (cause === 'news') {
      for (const signed of news) {
        const origin = this.#parts.memberOf(signed.nodeId)?.record.region ?? link.region;
        this.#tell([signed], { from: link.peer, origin, acks: 'none' });
      }
    }
    if (refusal !== undefined) throw refusal;
  }

  /** Which key a node has may be known otherwise to the peer: that is nobody's fault. */
  #judge(error: KedgeError, nodeId: NodeId): KedgeError {
    if (error.code !== 'KEY') return error;
    const member = this.#parts.memberOf(nodeId);
    const isOwn = member?.record.nodeId === this.#parts.self.nodeId;
    if (isOwn || this.#parts.links.to(nodeId)?.isReady === true) return error;
    return new KedgeError('CONFLICT', error.message, { cause: error });
  }

  #digest(link: Link, root: string): void {
    if (root === this.#table.root || !this.#pace.begin()) return;
    const versions = this.#table.vector();
    this.#parts.outbox.send(link, { kind: 'adoption-vector', versions, turn: 'answer' });
  }

  #vector(link: Link, versions: readonly RowVersion[], turn: 'answer' | 'last'): void {
    const { newer, isBehind } = this.#table.compare(versions);
    for (const rows of frames(this.#fitting(link, newer))) {
      const bytes = rows.reduce((sum, { payload }) => sum + payload.length, 0);
      // Who lacks much did nothing wrong: the rest is sent when it compares again.
      if (!link.repairBudget.afford(Math.ceil(bytes / ROW_UNIT_BYTES))) break;
      this.#parts.outbox.send(link, { kind: 'adoption-rows', rows, cause: 'asked' });
    }
    if (turn === 'last' || !isBehind) return;
    const own = this.#table.vector();
    this.#parts.outbox.send(link, { kind: 'adoption-vector', versions: own, turn: 'last' });
  }

  #arrivals(link: Link, arrivals: SignedArrivals, hops: number): void {
    const { self, outbox, memberOf } = this.#parts;
    const writer = memberOf(arrivals.nodeId);
    // Nobody here knows the writer yet: the client is remembered as departed a while longer.
    if (writer === undefined) return;
    const { publicKey } = writer.record;
    let notice: ReturnType<typeof verifyArrivals>;
    try {
      notice = verifyArrivals(arrivals, { realm: self.realm, publicKey });
    } catch (thrown) {
      throw this.#judge(KedgeError.from(thrown), arrivals.nodeId);
    }
    if (notice.bootId !== writer.record.bootId) return;
    if (notice.to !== self.nodeId) return this.#route(arrivals, hops, link);
    outbox.emit({ kind: 'arrived', clients: notice.clients });
  }

  /** To the node itself, else to a relay of its region, else to one of this region. */
  #route(arrivals: SignedArrivals, hops: number, from: Link | undefined): void {
    const { self, links, outbox, topology, memberOf } = this.#parts;
    const region = memberOf(arrivals.to)?.record.region;
    if (hops === 0 || region === undefined) return;
    const ways = [arrivals.to, ...topology.relaysOf(region), ...topology.relaysOf(self.region)].map(
      (nodeId) => links.to(nodeId),
    );
    const way = ways.find((link) => link?.takesAdoption === true && link !== from);
    if (way !== undefined) outbox.send(way, { kind: 'arrivals', arrivals, hops: hops - 1 });
  }

  #tell(rows: readonly SignedRow[], source: Parameters<Spread['targets']>[0]): void {
    const frame = { kind: 'adoption-rows', rows, cause: 'news' } as const;
    for (const link of this.#parts.spread.targets(source)) {
      if (!link.takesAdoption || this.#fitting(link, rows).length < rows.length) continue;
      this.#parts.outbox.send(link, frame);
    }
  }

  /** What a peer can read: one refused row would count against this node. */
  #fitting(link: Link, rows: readonly SignedRow[]): readonly SignedRow[] {
    return link.takesWaveCounts ? rows : this.#table.withoutWaves(rows);
  }

  #show(link: Link): void {
    this.#parts.outbox.send(link, { kind: 'adoption-digest', root: this.#table.root });
  }
}

/** Rows in frames of bounded count and size. */
function frames(rows: readonly SignedRow[]): readonly (readonly SignedRow[])[] {
  const all: SignedRow[][] = [];
  let bytes = FRAME_BYTES;
  for (const row of rows) {
    const last = all.at(-1);
    bytes += row.payload.length;
    if (last === undefined || bytes > FRAME_BYTES || last.length >= ADOPTION_ROWS_PER_FRAME_MAX) {
      all.push([row]);
      bytes = row.payload.length;
    } else last.push(row);
  }
  return all;
}
