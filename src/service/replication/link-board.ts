/**
 * Remembers, for operators, how the connection to each node is, since when, and why it ended.
 *
 * @module
 */
import type { ConductStatus, SeedStatus } from '../../core/admin/messages.ts';
import type { KedgeError } from '../../core/errors.ts';
import type { PeerConduct } from '../../core/gossip/links/conduct.ts';
import type { NeighbourView } from '../../core/gossip/links/neighbours.ts';
import type { NodeId } from '../../core/ids.ts';
import { MEMBERS_MAX } from '../../core/limits.ts';
import type { DialTarget } from '../../core/peer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ResolvedSeeds } from './peer-transport.ts';
import { SeedBoard } from './seed-board.ts';

/** What is known of the connection to one node. */
export interface LinkInfo {
  readonly state: 'up' | 'down';
  readonly sinceMs: number;
  readonly lastError?: string;
}

/** Another node, and how the connection to it is; no `info` when none was tried. */
export interface LinkedNeighbour extends NeighbourView {
  readonly info: LinkInfo | undefined;
  readonly conduct: ConductStatus | undefined;
}

/** How long a node that never answered may be starting. */
const STARTING_MS = 60_000;

interface Noted extends LinkInfo {
  /** How loudly it was reported that it is down. */
  readonly reported?: 'info' | 'warn';
}

/** The connections of one node, by node, or by address where nobody has answered yet. */
export class LinkBoard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #seeds: SeedBoard;
  readonly #info: Map<string, Noted> = new Map();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#seeds = new SeedBoard(clock, logger);
  }

  /** Absent when no connection was tried. */
  read(place: NodeId | string): LinkInfo | undefined {
    return this.#info.get(place);
  }

  /** A node with what is known of the connection to it, and of what it got wrong. */
  linked(node: NeighbourView, conduct: PeerConduct | undefined): LinkedNeighbour {
    return { ...node, info: this.read(node.nodeId), conduct: this.#conduct(conduct) };
  }

  /** Seeds that lead to nobody; not those of nodes that are linked or have left. */
  failingSeeds(nodes: readonly NeighbourView[]): readonly SeedStatus[] {
    return this.#seeds.failing(
      nodes.map(({ nodeId, address, link, state }) => {
        const isSettled = link !== undefined || state === 'left';
        return { nodeId, address, standing: isSettled ? 'settled' : 'other' };
      }),
    );
  }

  /** What the seeds stand for now. */
  resolved(seeds: ResolvedSeeds): void {
    this.#seeds.resolved(seeds);
  }

  /** A dial came to somebody, whether the link is kept or not. */
  answered(nodeId: NodeId, target: DialTarget): void {
    if (target.nodeId === undefined) this.#seeds.answered(target.address, nodeId);
  }

  /** A dial came to nothing. */
  failed({ nodeId, address }: DialTarget, error: KedgeError): void {
    if (nodeId === undefined) this.#seeds.failed(address, error);
    this.down(nodeId ?? address, error);
  }

  /** The last link to a node has ended; `address` is what members know of it. */
  lost(nodeId: NodeId, address: string | undefined, error: KedgeError | undefined): void {
    this.#seeds.lost(nodeId, address);
    this.down(nodeId, error);
  }

  up(nodeId: NodeId): void {
    this.#set(nodeId, { state: 'up', sinceMs: this.#clock.nowMs() });
  }

  /**
   * Logs what is new about it. That a place does not answer is nothing to worry about while it was
   * never up and this is new: nodes that start together find each other in their own time.
   */
  down(place: NodeId | string, error: KedgeError | undefined): void {
    const old = this.#info.get(place);
    const before = old?.state === 'down' ? old.lastError : undefined;
    const lastError = error?.message ?? before ?? 'closed by the peer';
    const nowMs = this.#clock.nowMs();
    const sinceMs = old?.state === 'down' ? old.sinceMs : nowMs;
    const isUrgent = old?.state === 'up' || nowMs - sinceMs >= STARTING_MS;
    const reported = isUrgent ? 'warn' : 'info';
    const info: Noted = {
      state: 'down',
      sinceMs,
      lastError,
      reported: old?.reported === 'warn' && old.state === 'down' ? 'warn' : reported,
    };
    this.#set(place, info);
    const isKnown = old?.state === 'down' && old.lastError === lastError;
    if (isKnown && old.reported === info.reported) return;
    const fields = { event: 'link.down', nodeId: place } as const;
    if (info.reported === 'warn') {
      this.#logger.warn({ ...fields, reason: lastError }, 'link down');
    } else this.#logger.info({ ...fields, reason: lastError }, 'no link yet');
  }

  #conduct(known: PeerConduct | undefined): ConductStatus | undefined {
    if (known === undefined) return undefined;
    const { refusedForMs, ...rest } = known;
    if (refusedForMs === 0) return rest;
    return { ...rest, refusedUntilMs: this.#clock.nowMs() + refusedForMs };
  }

  #set(place: string, info: Noted): void {
    if (this.#info.size >= MEMBERS_MAX && !this.#info.has(place)) this.#info.clear();
    this.#info.set(place, info);
  }
}
