/**
 * How the suites of the store port get at an implementation, and close what they opened.
 */
import { afterEach } from 'vitest';
import type { Store } from '../../src/ports/store.ts';

/** How a suite gets at an implementation. */
export interface StoreHarness {
  /** A new, empty store. */
  create(): Promise<Store>;
  /** Closes the store and opens what it left; absent when nothing outlives a store. */
  reopen?(store: Store): Promise<Store>;
}

/** The stores of one suite. */
interface OpenedStores {
  create(): Promise<Store>;
  /** The same content: through a new opening where there is one. */
  reopened(store: Store): Promise<Store>;
}

/** Opens stores for the suite in which it is called; each is closed after its test. */
export function openedStores(harness: StoreHarness): OpenedStores {
  const opened: Store[] = [];
  const noted = (store: Store): Store => {
    opened.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of opened.splice(0)) await store[Symbol.asyncDispose]();
  });
  return {
    create: async () => noted(await harness.create()),
    reopened: async (store) =>
      harness.reopen === undefined ? store : noted(await harness.reopen(store)),
  };
}
