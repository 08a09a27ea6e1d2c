/**
 * When this node attests for its region: once others have looked at what its store shows, and no
 * longer when the store turns out to be an old copy, which would sign smaller trees than before.
 *
 * @module
 */
import type { StreamName } from '../core/ids.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import { Attestor, type AttestorOptions } from '../service/attestor.ts';
import type { NodeConfig } from './config.ts';
import { loadRegionKey } from './region-key.ts';

/** What attesting works with. */
export interface AttestingOptions
  extends Pick<AttestorOptions, 'attest' | 'clock' | 'logger' | 'store'> {
  readonly config: NodeConfig;
  readonly durable: () => TrustedState;
}

/** The attesting of one node; without a key of its region it does nothing. */
export class Attesting implements AsyncDisposable {
  readonly #attestor: Attestor | undefined;
  readonly #durable: () => TrustedState;
  #phase: 'waiting' | 'attesting' | 'over' = 'waiting';

  /** Errors: those of `loadRegionKey`. */
  static async open(options: AttestingOptions): Promise<Attesting> {
    const { config, store, logger } = options;
    const { node, realm, region } = config;
    const key = region && (await loadRegionKey(region.keyFile, store.storeId, logger));
    if (key === undefined) return new Attesting(undefined, options.durable);
    const state = options.durable();
    const attestor = new Attestor({ ...options, realm, region: node.region, key, state });
    return new Attesting(attestor, options.durable);
  }

  private constructor(attestor: Attestor | undefined, durable: () => TrustedState) {
    this.#attestor = attestor;
    this.#durable = durable;
  }

  /** The store is the one that others were shown. */
  begin(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'attesting';
    this.#attestor?.serve(this.#durable(), []);
    this.#attestor?.start();
  }

  /** The durable state moved, and is served. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    if (this.#phase === 'attesting') this.#attestor?.serve(state, streams);
  }

  /** Nothing more is signed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = 'over';
    await this.#attestor?.[Symbol.asyncDispose]();
  }
}
