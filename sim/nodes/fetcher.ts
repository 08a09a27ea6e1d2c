/**
 * Fetches of one process: asks a peer's store for statements, item by item.
 *
 * As in production the server reads the next item when the line has room, the client takes the next
 * one when the one before is dealt with, and a peer that says nothing for ten seconds has failed.
 *
 * @module
 */
import { KedgeError } from '../../src/core/errors.ts';
import type { GossipEvent, Recall } from '../../src/core/gossip/events.ts';
import type { FetchItem, FetchRequest } from '../../src/core/gossip/frames.ts';
import type { DialTarget } from '../../src/core/peer.ts';
import { CharterRow } from '../../src/service/replication/charter-row.ts';
import { type Judged, judgedIn } from '../../src/service/replication/judged.ts';
import { factsOf } from '../network/facts.ts';
import type { Network } from '../network/network.ts';
import type { Scene } from '../world/scene.ts';
import type { Process, SimNode } from './node.ts';

const SILENT_MAX_MS = 10_000;
/** Bytes per millisecond of one stream. */
const BANDWIDTH = 12_500;

/** The process that fetches. */
export interface FetchingProcess {
  readonly host: SimNode;
  readonly isAlive: boolean;
  handle(event: GossipEvent): void;
  /** Adds what only the store knows. */
  withRecall(judged: Judged | undefined, next: (recall: Recall) => void, row?: CharterRow): void;
}

interface Fetch {
  readonly fetchId: number;
  readonly peer: Process;
  readonly arrived: FetchItem[];
  readonly charterRow: CharterRow;
  /** Nothing arrives before what was sent before. */
  lastArrivalMs: number;
  isOver: boolean;
  isBusy: boolean;
  /** The server has sent all; with the reason when it failed. */
  end: { readonly error?: KedgeError } | undefined;
}

/** The fetches that one process has under way. */
export class Fetcher {
  readonly #scene: Scene;
  readonly #network: Network;
  readonly #driver: FetchingProcess;
  readonly #active: Map<number, Fetch> = new Map();

  constructor(scene: Scene, network: Network, driver: FetchingProcess) {
    this.#scene = scene;
    this.#network = network;
    this.#driver = driver;
  }

  get size(): number {
    return this.#active.size;
  }

  start(fetchId: number, target: DialTarget, requests: readonly FetchRequest[]): void {
    const { index } = this.#driver.host;
    const to = this.#scene.hostAt(target.address);
    const peer = to === undefined ? undefined : this.#scene.hosts[to]?.driver;
    if (to === undefined || peer === undefined) {
      return this.#scene.after(5, index, () => this.#report(fetchId, unavailable('is down')));
    }
    const fetch: Fetch = {
      fetchId,
      peer,
      arrived: [],
      charterRow: new CharterRow(),
      lastArrivalMs: 0,
      isOver: false,
      isBusy: false,
      end: undefined,
    };
    this.#active.set(fetchId, fetch);
    this.#travel(fetch, 'there', 0, () => {
      const items = peer.host.answer(() => peer.machine.durable, requests);
      this.#serve(fetch, items);
    });
  }

  cancel(fetchId: number): void {
    const fetch = this.#active.get(fetchId);
    if (fetch === undefined) return;
    this.#finish(fetch, unavailable('was not wanted any more'));
  }

  /** Calls at the other side after the way, or fails the fetch when nothing passes. */
  #travel(fetch: Fetch, way: 'there' | 'back', departMs: number, arrive: () => void): void {
    const here = this.#driver.host.index;
    const there = fetch.peer.host.index;
    const [from, to] = way === 'there' ? [here, there] : [there, here];
    const atMs = this.#scene.nowMs + departMs + this.#network.delayMs(from, to);
    fetch.lastArrivalMs = Math.max(atMs, fetch.lastArrivalMs);
    this.#scene.at(fetch.lastArrivalMs, to, () => {
      if (fetch.isOver || !this.#driver.isAlive) return;
      if (this.#network.isBlocked(from, to)) return this.#silence(fetch);
      if (fetch.peer.isAlive) return arrive();
      if (fetch.peer.host.power === 'off') return this.#silence(fetch);
      this.#finish(fetch, unavailable('went away'));
    });
  }

  #silence(fetch: Fetch): void {
    this.#scene.after(SILENT_MAX_MS, this.#driver.host.index, () =>
      this.#finish(fetch, unavailable('sent nothing for 10 s')),
    );
  }

  #serve(fetch: Fetch, items: Generator<FetchItem>): void {
    const next = readNext(items);
    if (next.kind === 'end') {
      return this.#travel(fetch, 'back', 0, () => {
        fetch.end = next.error === undefined ? {} : { error: next.error };
        this.#take(fetch);
      });
    }
    const { item } = next;
    const { bytes } = factsOf(item);
    const sendMs = bytes / BANDWIDTH;
    this.#scene.tally('fetch', bytes);
    this.#travel(fetch, 'back', sendMs, () => {
      if (this.#network.fates.item(fetch.peer.host.index) === 'flip') {
        return this.#finish(fetch, new KedgeError('PARSE', 'the item does not decode'));
      }
      fetch.arrived.push(item);
      this.#take(fetch);
    });
    this.#scene.after(sendMs, fetch.peer.host.index, () => {
      if (!fetch.isOver && fetch.peer.isAlive) this.#serve(fetch, items);
    });
  }

  #take(fetch: Fetch): void {
    if (fetch.isBusy || fetch.isOver) return;
    const item = fetch.arrived.shift();
    if (item === undefined) {
      if (fetch.end !== undefined) this.#finish(fetch, fetch.end.error);
      return;
    }
    const { fetchId } = fetch;
    const held = (state: 'on' | 'off'): void =>
      this.#driver.handle({ kind: 'fetch-held', fetchId, state });
    let place: 'here' | 'held' = 'here';
    fetch.isBusy = true;
    const take = (recall: Recall): void => {
      fetch.isBusy = false;
      if (place === 'held') held('off');
      this.#driver.handle({ kind: 'fetch-item', fetchId, item, recall });
      this.#take(fetch);
    };
    this.#driver.withRecall(judgedIn(item), take, fetch.charterRow);
    if (this.#waits(fetch)) {
      place = 'held';
      held('on');
    }
  }

  /** Whether the last item is not dealt with yet. */
  #waits({ isBusy }: Fetch): boolean {
    return isBusy;
  }

  #finish(fetch: Fetch, error: KedgeError | undefined): void {
    if (fetch.isOver) return;
    fetch.isOver = true;
    this.#active.delete(fetch.fetchId);
    // In production the end of the iteration is a step of its own.
    this.#scene.after(0, this.#driver.host.index, () => this.#report(fetch.fetchId, error));
  }

  #report(fetchId: number, error: KedgeError | undefined): void {
    this.#driver.handle({ kind: 'fetch-end', fetchId, ...(error !== undefined && { error }) });
  }
}

type Next =
  | { readonly kind: 'item'; readonly item: FetchItem }
  | { readonly kind: 'end'; readonly error?: KedgeError };

function readNext(items: Generator<FetchItem>): Next {
  try {
    const next = items.next();
    return next.done === true ? { kind: 'end' } : { kind: 'item', item: next.value };
  } catch (thrown) {
    return { kind: 'end', error: KedgeError.from(thrown) };
  }
}

function unavailable(what: string): KedgeError {
  return new KedgeError('UNAVAILABLE', `the peer ${what}`);
}
