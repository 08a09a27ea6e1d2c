/**
 * When this node signs with the key of its region: once peers have looked at its store and told
 * what they hold by that key, again so when all links were lost, and no longer when the store turns
 * out to be an old copy, which would sign less than was signed before.
 *
 * @module
 */
import { type KeyWait, keyWaitText } from '../core/admin/process-status.ts';
import { KedgeError } from '../core/errors.ts';
import { formatTimestamp, type StreamName } from '../core/ids.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Clock, ClockTimer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Store } from '../ports/store.ts';
import { Attestor } from '../service/attesting/attestor.ts';
import type { Replicator } from '../service/replication/replicator.ts';
import type { Audit } from './audit.ts';
import type { NodeConfig } from './config.ts';
import type { RegionSigner } from './region-key.ts';
import type { FoundOrigin } from './store-origin.ts';

/** So long others may take to look at the store before an operator should; said again later. */
const WARN_AFTER_MS = 60_000;
const WARN_AGAIN_MS = 600_000;

/** What attesting works with. */
export interface AttestingOptions {
  readonly config: NodeConfig;
  /** Absent: it signs nothing. */
  readonly region: RegionSigner | undefined;
  readonly store: Store;
  readonly replicator: Replicator;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The attesting of one node. Without a key of its region, and with one that belongs to another
 * store, it signs nothing.
 */
export class Attesting implements AsyncDisposable {
  readonly #options: AttestingOptions;
  readonly #attestor: Attestor | undefined;
  #timer: ClockTimer | undefined;
  #phase: 'waiting' | 'signing' | 'paused' | 'over' = 'waiting';
  /** When that began. */
  #sinceMs: number;

  /** Signs nothing yet. */
  constructor(options: AttestingOptions) {
    this.#options = options;
    const { config, region, store, replicator, clock, logger } = options;
    this.#sinceMs = clock.nowMs();
    if (region === undefined) return;
    this.#attestor = new Attestor({
      realm: config.realm,
      region: config.node.region,
      key: region.key,
      state: replicator.durable,
      store,
      clock,
      logger,
      attest: (said) => {
        replicator.tell({ kind: 'attest', said, count: store.writes });
      },
    });
    this.#warnIn(WARN_AFTER_MS);
  }

  /** Since when the key signs nothing and on whom it waits; absent: it signs, or there is none. */
  get wait(): KeyWait | undefined {
    const isOver = this.#attestor === undefined || this.#phase === 'over';
    const on = isOver ? undefined : this.#options.replicator.waits.awaited;
    return on && { sinceMs: this.#sinceMs, on };
  }

  /** Nothing speaks against the store, or nobody is linked who could say so. */
  judged(verdict: 'vouched' | 'unvouched'): void {
    if (this.#phase === 'over') return;
    if (verdict === 'unvouched') {
      this.#phase = 'paused';
      this.#sinceMs = this.#options.clock.nowMs();
      this.#attestor?.pause();
      this.#options.audit.sealWith(undefined);
      return;
    }
    this.#phase = 'signing';
    // What it says is an event of its own: the one under way ends first.
    queueMicrotask(() => {
      this.#start();
    });
  }

  /** The durable state moved, and is served. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    if (this.#phase === 'signing') this.#attestor?.serve(state, streams);
  }

  /** The store is an old copy: nothing more is signed, and it gets another id. */
  async renounce(found: FoundOrigin): Promise<void> {
    const { audit, replicator, logger } = this.#options;
    audit.sealWith(undefined);
    try {
      await this[Symbol.asyncDispose]();
      replicator.tell({ kind: 'renewed', ...(await found.renew()) });
    } catch (thrown) {
      // Peers show it again at the next start.
      const { code, message: reason } = KedgeError.from(thrown);
      logger.warn({ event: 'store.failed', code, reason }, 'the store keeps its id');
    }
  }

  #warnIn(ms: number): void {
    this.#timer = this.#options.clock.setTimer(ms, () => {
      if (this.#phase !== 'waiting') return;
      const { wait } = this;
      if (wait !== undefined) {
        const since = formatTimestamp(wait.sinceMs);
        const fields = { event: 'region.waiting', since, nodes: wait.on } as const;
        this.#options.logger.warn(fields, keyWaitText(wait));
      }
      this.#warnIn(WARN_AGAIN_MS);
    });
  }

  #start(): void {
    const { audit, replicator } = this.#options;
    if (this.#phase !== 'signing' || this.#attestor === undefined) return;
    audit.sealWith(this.#attestor.sealer);
    this.#attestor.serve(replicator.durable, []);
    this.#attestor.start();
  }

  /** Nothing more is signed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = 'over';
    this.#timer?.[Symbol.dispose]();
    await this.#attestor?.[Symbol.asyncDispose]();
  }
}
