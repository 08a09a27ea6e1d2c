/**
 * Remembers, for operators, how the connection to each configured peer is and since when.
 *
 * @module
 */
import type { KedgeError } from '../core/errors.ts';
import type { NodeId, Sha256 } from '../core/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';

/** What is known of the connection to one peer. */
export interface LinkInfo {
  readonly state: 'up' | 'down';
  readonly sinceMs: number;
  readonly peerRoot?: Sha256;
  readonly lastError?: string;
}

/** The state of all configured peers. */
export class LinkBoard {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #info: Map<NodeId, LinkInfo> = new Map();

  constructor(peers: readonly NodeId[], clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    const sinceMs = clock.nowMs();
    for (const nodeId of peers) this.#info.set(nodeId, { state: 'down', sinceMs });
  }

  /** A snapshot; `roots` are the last roots that connected peers told. */
  read(roots: ReadonlyMap<NodeId, Sha256 | undefined>): ReadonlyMap<NodeId, LinkInfo> {
    const entries = [...this.#info].map(([nodeId, info]): [NodeId, LinkInfo] => {
      const peerRoot = roots.get(nodeId);
      return [nodeId, peerRoot === undefined ? info : { ...info, peerRoot }];
    });
    return new Map(entries);
  }

  up(nodeId: NodeId): void {
    this.#info.set(nodeId, { state: 'up', sinceMs: this.#clock.nowMs() });
  }

  down(nodeId: NodeId, error: KedgeError | undefined): void {
    const old = this.#info.get(nodeId);
    if (old === undefined) return;
    const lastError = error?.message ?? old.lastError;
    const sinceMs = old.state === 'down' ? old.sinceMs : this.#clock.nowMs();
    const info: LinkInfo = { state: 'down', sinceMs };
    this.#info.set(nodeId, lastError === undefined ? info : { ...info, lastError });
    if (old.state === 'down' && old.lastError === lastError) return;
    const reason = lastError ?? 'closed by the peer';
    this.#logger.warn({ event: 'link.down', nodeId, reason }, 'link down');
  }
}
