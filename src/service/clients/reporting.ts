/**
 * Keeps the board of a node's clients and tells the other nodes of it.
 *
 * What is told is one signed row, written again when counts have changed: within 0.2 s after a
 * quiet time, at most once per second while they go on changing, less often in large clusters.
 * Handshakes alone are told once a minute, and what has not changed every ten minutes, so that
 * nobody takes it for something that was held back. Who came from another node is told to that
 * node. What counts is the business of `core/adoption`.
 *
 * @module
 */
import { type SignedArrivals, signArrivals } from '../../core/adoption/arrivals.ts';
import { AdoptionBoard, type Arrival, type BoardOptions } from '../../core/adoption/board.ts';
import type { Client } from '../../core/adoption/client.ts';
import { fitRow } from '../../core/adoption/fitting.ts';
import { ROW_AGAIN_MS } from '../../core/adoption/freshness.ts';
import { type AdoptionRow, type SignedRow, signRow } from '../../core/adoption/row.ts';
import type { OpenWaves } from '../../core/adoption/tally.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Hello } from '../../core/gossip/frames.ts';
import {
  type BundleName,
  type NodeId,
  releaseStream,
  rolloutStream,
  type StreamName,
  splitStream,
} from '../../core/ids.ts';
import { ARRIVALS_MAX } from '../../core/limits.ts';
import type { MemberSigner } from '../../core/membership/record.ts';
import { headOf, type TrustedState } from '../../core/trusted/state.ts';
import type { WatchRequest } from '../../core/watch/messages.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';

/** What reporting works with. */
export interface ReportingOptions {
  readonly self: Hello;
  readonly sign: MemberSigner;
  readonly board: BoardOptions;
  /** What the store holds at start. */
  readonly state: TrustedState;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many nodes there are. */
  readonly countNodes: () => number;
  /** Gives a row, or a notice of arrivals, to the other nodes. */
  readonly report: (row: SignedRow) => void;
  readonly arrived: (arrivals: SignedArrivals) => void;
}

/** Changes that come together are told together. */
const GATHER_MS = 200;
/** Between two rows while counts change: at least this, and more with the number of nodes. */
const NEWS_EVERY_MS = 1000;
const NEWS_PER_NODE_MS = 10;
/** The same while only handshakes are added. */
const USAGE_EVERY_MS = 60_000;
const USAGE_PER_NODE_MS = 1000;
/**
 * A notice of arrivals may be lost, or come before its reader knows this node: it is told again.
 * The number of streams in it makes that harmless.
 */
const NOTICE_AFTER_MS: readonly number[] = [GATHER_MS, 1000, 3000, 10_000, 60_000];
/** How often it is looked whose time is over. */
const EXPIRE_EVERY_MS = 30_000;

/** Arrivals that are told together. */
interface Wave {
  readonly afterMs: number;
  readonly byNode: Map<NodeId, Arrival[]>;
  timer: ClockTimer | undefined;
}

/** The clients of one node, counted and told of. */
export class Reporting implements Disposable {
  readonly board: AdoptionBoard;
  readonly #options: ReportingOptions;
  /** When it began to observe, by the clock that nobody sets. */
  readonly #beganMs: number;
  /** Clients that came from other nodes, by how often that was told. */
  readonly #arrivals: readonly Wave[] = NOTICE_AFTER_MS.map((afterMs) => ({
    afterMs,
    byNode: new Map<NodeId, Arrival[]>(),
    timer: undefined,
  }));
  /** Who came from another node and is in no row yet. */
  readonly #uncounted: { readonly to: NodeId; readonly arrival: Arrival }[] = [];
  readonly #opened: Map<BundleName, OpenWaves> = new Map();
  #state: TrustedState;
  #version = 0;
  #told = { revision: -1, usage: 0, atMs: -Infinity };
  #row: { readonly what: 'news' | 'usage'; readonly timer: ClockTimer } | undefined;
  #expiry: ClockTimer | undefined;
  #phase: 'new' | 'running' | 'closed' = 'new';

  constructor(options: ReportingOptions) {
    this.#options = options;
    this.#state = options.state;
    this.board = new AdoptionBoard(options.board);
    this.#beganMs = options.clock.monotonicMs();
  }

  /** Begins to tell: first of all that nobody is here yet. */
  start(): void {
    this.#phase = 'running';
    this.#tell();
    this.#expire();
  }

  /** A client began to watch. */
  open(identity: string, start: Extract<WatchRequest, { kind: 'start' }>['start']): Client {
    const nowMs = this.#options.clock.nowMs();
    for (const { bundle } of start.bundles) {
      if (this.board.tally(bundle)?.head !== undefined) continue;
      const head = this.#headOf(bundle);
      if (head !== undefined) this.board.serve(bundle, head, Math.min(nowMs, head.issuedMs));
      const opened = this.#opened.get(bundle);
      if (opened !== undefined) this.board.opened(bundle, opened);
    }
    const client = this.board.open(identity, start, nowMs);
    this.#noteArrival(client);
    this.#stir();
    return client;
  }

  /** A client said something after its start. */
  heard(client: Client, request: Exclude<WatchRequest, { kind: 'fork' | 'start' }>): void {
    switch (request.kind) {
      case 'acknowledgement':
        this.board.acknowledged(client, request.at, request.stage);
        break;
      case 'refusal':
        this.board.refused(client, request.at, request.code, request.reason);
        break;
      case 'usage':
        this.board.used(client, request.usage, this.#options.clock.nowMs());
        break;
    }
    this.#stir();
  }

  /** The stream of a client is over; `well`: the client ended it in order. */
  closed(client: Client, how: 'well' | 'broken'): void {
    this.board.closed(client, how, this.#options.clock.nowMs());
    this.#stir();
  }

  /** Clients of this node came to another one. */
  arrivedElsewhere(clients: readonly Arrival[]): void {
    this.board.arrivedElsewhere(clients);
    this.#stir();
  }

  /** This node serves something else from now on. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    this.#state = state;
    const nowMs = this.#options.clock.nowMs();
    const bundles = streams.flatMap((stream) => {
      const parsed = splitStream(stream);
      return parsed.kind === 'charter' ? [] : [parsed.bundle];
    });
    const isKnown = (bundle: BundleName): boolean => this.board.tally(bundle) !== undefined;
    // Nobody watches most of them.
    const awaited = this.board.watched(new Set(bundles.filter((one) => !isKnown(one))));
    for (const bundle of bundles) {
      if (!isKnown(bundle) && !awaited.has(bundle)) continue;
      this.board.serve(bundle, this.#headOf(bundle), nowMs);
    }
    this.#stir();
  }

  /** A rollout of a bundle opened a wave here, or stopped. */
  opened(bundle: BundleName, open: OpenWaves): void {
    this.#opened.set(bundle, open);
    this.board.opened(bundle, open);
    this.#stir();
  }

  /** The counts as they are now, in the form of a row. */
  row(): AdoptionRow {
    const { self, clock } = this.#options;
    const { nodeId, realm, bootId } = self;
    const issuedAtMs = clock.nowMs();
    return {
      nodeId,
      realm,
      bootId,
      version: this.#version,
      sinceMs: issuedAtMs - Math.round(clock.monotonicMs() - this.#beganMs),
      issuedAtMs,
      bundles: this.board.rows(issuedAtMs),
      knowledge: 'whole',
    };
  }

  [Symbol.dispose](): void {
    this.#phase = 'closed';
    this.#row?.timer[Symbol.dispose]();
    for (const { timer } of this.#arrivals) timer?.[Symbol.dispose]();
    this.#expiry?.[Symbol.dispose]();
  }

  #headOf(
    bundle: BundleName,
  ): (Parameters<AdoptionBoard['serve']>[1] & { issuedMs: number }) | undefined {
    const head = headOf(this.#state, releaseStream(bundle));
    if (head === undefined) return undefined;
    const { sequence, digest, issuedMs, body } = head;
    // What does not wait for a rollout is counted by none.
    const rollout =
      body.delivery === undefined ? undefined : headOf(this.#state, rolloutStream(bundle));
    const anchors = new Set(body.anchors.map(({ id }) => id));
    return { sequence, digest, issuedMs, anchors, rollout };
  }

  #noteArrival({ previousNode, instance, key, streams, isCounted }: Client): void {
    if (previousNode === undefined || previousNode === this.#options.self.nodeId) return;
    // Without the number of its streams nobody knows which of two nodes has it now.
    if (instance === undefined || streams === 0 || !isCounted) return;
    this.#uncounted.push({ to: previousNode, arrival: { key, streams } });
  }

  #toWave(number: number, to: NodeId, arrivals: readonly Arrival[]): void {
    const wave = this.#arrivals[number];
    if (wave === undefined || arrivals.length === 0) return;
    const known = wave.byNode.get(to);
    if (known === undefined) wave.byNode.set(to, [...arrivals]);
    else known.push(...arrivals);
    if (this.#phase !== 'running') return;
    wave.timer ??= this.#options.clock.setTimer(wave.afterMs, () => {
      wave.timer = undefined;
      const due = [...wave.byNode];
      wave.byNode.clear();
      for (const [nodeId, all] of due) {
        this.#tellArrivals(nodeId, all);
        this.#toWave(number + 1, nodeId, all);
      }
    });
  }

  #tellArrivals(to: NodeId, all: readonly Arrival[]): void {
    const { self, sign, arrived } = this.#options;
    const { nodeId, realm, bootId } = self;
    for (let from = 0; from < all.length; from += ARRIVALS_MAX) {
      const clients = all.slice(from, from + ARRIVALS_MAX);
      arrived(signArrivals({ nodeId, to, realm, bootId, clients }, sign));
    }
  }

  /** Arms the next row when there is something to tell. */
  #stir(): void {
    const { revision, usage } = this.#told;
    const isNews = this.board.revision !== revision;
    if (this.#phase !== 'running' || (!isNews && this.board.usage === usage)) return;
    const what = isNews ? 'news' : 'usage';
    if (this.#row?.what === what || this.#row?.what === 'news') return;
    this.#row?.timer[Symbol.dispose]();
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    const dueMs = Math.max(nowMs + GATHER_MS, this.#told.atMs + this.#everyMs(what));
    const timer = clock.setTimer(dueMs - nowMs, () => {
      this.#row = undefined;
      this.#tell();
    });
    this.#row = { what, timer };
  }

  #everyMs(what: 'news' | 'usage'): number {
    const nodes = this.#options.countNodes();
    if (what === 'news') return Math.max(NEWS_EVERY_MS, NEWS_PER_NODE_MS * nodes);
    return Math.max(USAGE_EVERY_MS, USAGE_PER_NODE_MS * nodes);
  }

  #tell(): void {
    const { clock, sign, report, logger } = this.#options;
    const { revision, usage } = this.board;
    this.#told = { revision, usage, atMs: clock.monotonicMs() };
    this.#version += 1;
    try {
      report(signRow(fitRow(this.row()), sign));
      // Only now the node that they left may forget them: else nobody would count them for a while.
      for (const { to, arrival } of this.#uncounted.splice(0)) this.#toWave(0, to, [arrival]);
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      logger.error({ event: 'adoption.failed', code: err.code, err }, 'adoption is not told of');
    }
  }

  #expire(): void {
    const { clock } = this.#options;
    this.#expiry = clock.setTimer(EXPIRE_EVERY_MS, () => {
      this.board.expire(clock.nowMs());
      if (clock.monotonicMs() - this.#told.atMs >= ROW_AGAIN_MS) this.#tell();
      this.#stir();
      this.#expire();
    });
  }
}
