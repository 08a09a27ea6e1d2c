/**
 * Clients whose stream broke, in the order in which that happened; of all and of one identity there
 * is room for so many.
 *
 * @module
 */
import type { Client } from './client.ts';

/** Of all departed clients one identity may have this share, and at least so many. */
const IDENTITY_SHARE = 10;
const IDENTITY_MIN = 100;

/** Departed clients. */
export class Departed {
  readonly #max: number;
  /** The one that departed first comes first. */
  readonly #all: Set<Client> = new Set();
  readonly #byIdentity: Map<string, Set<Client>> = new Map();

  constructor(max: number) {
    this.#max = max;
  }

  [Symbol.iterator](): IterableIterator<Client> {
    return this.#all.values();
  }

  /** Takes one in; returns the one that has to make room. */
  add(client: Client): Client | undefined {
    const alike = this.#byIdentity.get(client.identity) ?? new Set();
    this.#byIdentity.set(client.identity, alike.add(client));
    this.#all.add(client);
    const alikeMax = Math.max(IDENTITY_MIN, Math.floor(this.#max / IDENTITY_SHARE));
    if (alike.size > alikeMax) return alike.values().next().value;
    return this.#all.size > this.#max ? this.#all.values().next().value : undefined;
  }

  /** Takes one out, if it is here. */
  delete(client: Client): void {
    this.#all.delete(client);
    const alike = this.#byIdentity.get(client.identity);
    alike?.delete(client);
    if (alike?.size === 0) this.#byIdentity.delete(client.identity);
  }
}
