/**
 * Remembers, for operators, how the connection to each node is, since when, and why it ended.
 *
 * @module
 */
import type { ConductStatus } from '../core/admin/messages.ts';
import type { KedgeError } from '../core/errors.ts';
import type { PeerConduct } from '../core/gossip/conduct.ts';
import type { NodeId } from '../core/ids.ts';
import { MEMBERS_MAX } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

/** What is known of the connection to one node. */
export interface LinkInfo {
  readonly state: 'up' | 'down';
  readonly sinceMs: number;
  readonly lastError?: string;
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
  readonly #info: Map<string, Noted> = new Map();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Absent when no connection was tried. */
  read(place: NodeId | string): LinkInfo | undefined {
    return this.#info.get(place);
  }

  /** What a node got wrong, with the time until which it is refused. */
  conduct(known: PeerConduct | undefined): ConductStatus | undefined {
    if (known === undefined) return undefined;
    const { refusedForMs, ...rest } = known;
    if (refusedForMs === 0) return rest;
    return { ...rest, refusedUntilMs: this.#clock.nowMs() + refusedForMs };
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
    const lastError = error?.message ?? old?.lastError;
    const nowMs = this.#clock.nowMs();
    const sinceMs = old?.state === 'down' ? old.sinceMs : nowMs;
    const isUrgent = old?.state === 'up' || nowMs - sinceMs >= STARTING_MS;
    const reported = isUrgent ? 'warn' : 'info';
    const info: Noted = {
      state: 'down',
      sinceMs,
      reported: old?.reported === 'warn' && old.state === 'down' ? 'warn' : reported,
    };
    this.#set(place, lastError === undefined ? info : { ...info, lastError });
    const isKnown = old?.state === 'down' && old.lastError === lastError;
    if (isKnown && old.reported === info.reported) return;
    const fields = { event: 'link.down', nodeId: place } as const;
    const reason = lastError ?? 'closed by the peer';
    if (info.reported === 'warn') this.#logger.warn({ ...fields, reason }, 'link down');
    else this.#logger.info({ ...fields, reason }, 'no link yet');
  }

  #set(place: string, info: Noted): void {
    if (this.#info.size >= MEMBERS_MAX && !this.#info.has(place)) this.#info.clear();
    this.#info.set(place, info);
  }
}
