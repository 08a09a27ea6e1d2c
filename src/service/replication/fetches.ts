/**
 * Carries out the fetches that the machine asks for: reads what a peer streams, piece by piece, and
 * gives each piece to the machine with what only the store knows.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { GossipEffect, GossipEvent, Recall } from '../../core/gossip/events.ts';
import type { FetchItem } from '../../core/gossip/frames.ts';
import type { Logger } from '../../ports/logger.ts';
import { CharterRow } from './charter-row.ts';
import type { PeerTransport } from './peer-transport.ts';

/** What fetches work with. */
export interface FetchesOptions {
  readonly transport: PeerTransport;
  readonly logger: Logger;
  /** What only the store knows about a piece, with the charters that came before it. */
  readonly recall: (item: FetchItem, charterRow: CharterRow) => Promise<Recall> | undefined;
  /** Resolves when what was brought is not too much for the disk; absent: it is not. */
  readonly room: () => Promise<void> | undefined;
  readonly onEvent: (
    event: Extract<GossipEvent, { readonly kind: 'fetch-item' | 'fetch-held' | 'fetch-end' }>,
  ) => void;
}

/** The fetches of one node that are under way. */
export class Fetches {
  readonly #options: FetchesOptions;
  readonly #running: Map<number, AbortController> = new Map();

  constructor(options: FetchesOptions) {
    this.#options = options;
  }

  /** Runs one; resolves when it is over, however it ended. */
  async run({
    fetchId,
    target,
    requests,
  }: Extract<GossipEffect, { readonly kind: 'fetch' }>): Promise<void> {
    const abort = new AbortController();
    this.#running.set(fetchId, abort);
    const { logger, transport, recall, room, onEvent } = this.#options;
    const held = async <T>(work: Promise<T> | undefined): Promise<T | undefined> => {
      if (work === undefined) return undefined;
      onEvent({ kind: 'fetch-held', fetchId, state: 'on' });
      try {
        return await work;
      } finally {
        onEvent({ kind: 'fetch-held', fetchId, state: 'off' });
      }
    };
    const { nodeId } = target;
    const streams = requests.length;
    const { stream, fromSequence } = requests[0] ?? {};
    const fields = { nodeId, stream, fromSequence, streams };
    logger.debug({ event: 'fetch.started', ...fields }, 'fetch started');
    const charterRow = new CharterRow();
    let error: KedgeError | undefined;
    try {
      for await (const item of transport.fetch(target, requests, { signal: abort.signal })) {
        const recalled = (await held(recall(item, charterRow))) ?? {};
        onEvent({ kind: 'fetch-item', fetchId, item, recall: recalled });
        await held(room());
      }
    } catch (thrown) {
      error = KedgeError.from(thrown);
    }
    this.#running.delete(fetchId);
    onEvent({ kind: 'fetch-end', fetchId, ...(error !== undefined && { error }) });
    // Whoever counts both sees what follows from the end begin before.
    if (error === undefined) {
      logger.debug({ event: 'fetch.finished', nodeId, stream }, 'fetch finished');
    } else {
      logger.debug({ event: 'fetch.failed', nodeId, stream, code: error.code }, error.message);
    }
  }

  cancel(fetchId: number): void {
    this.#running.get(fetchId)?.abort();
  }

  /** Ends all. */
  abort(error: KedgeError): void {
    for (const fetch of this.#running.values()) fetch.abort(error);
  }
}
