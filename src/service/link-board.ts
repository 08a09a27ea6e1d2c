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

/** The connections of one node, by node, or by address where nobody has answered yet. */
export class LinkBoard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #info: Map<string, LinkInfo> = new Map();

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

  /** Logs what is new about it. */
  down(place: NodeId | string, error: KedgeError | undefined): void {
    const old = this.#info.get(place);
    const lastError = error?.message ?? old?.lastError;
    const sinceMs = old?.state === 'down' ? old.sinceMs : this.#clock.nowMs();
    const info: LinkInfo = { state: 'down', sinceMs };
    this.#set(place, lastError === undefined ? info : { ...info, lastError });
    if (old?.state === 'down' && old.lastError === lastError) return;
    const reason = lastError ?? 'closed by the peer';
    this.#logger.warn({ event: 'link.down', nodeId: place, reason }, 'link down');
  }

  #set(place: string, info: LinkInfo): void {
    if (this.#info.size >= MEMBERS_MAX && !this.#info.has(place)) this.#info.clear();
    this.#info.set(place, info);
  }
}
