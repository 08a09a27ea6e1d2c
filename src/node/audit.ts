/**
 * The audit of a node, from configuration and store.
 *
 * @module
 */
import type { AuditSealer } from '../core/audit/checkpoint.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';
import { AuditFeed } from '../service/audit/audit-feed.ts';
import { AuditLog } from '../service/audit/audit-log.ts';
import { AuditQueries } from '../service/audit/audit-queries.ts';
import type { NodeConfig } from './config.ts';

/** What an audit is made with. */
export interface AuditOptions {
  readonly config: NodeConfig;
  readonly store: Store;
  /** What the store holds. */
  readonly state: TrustedState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The audit of one node; disposing it writes what is left. */
export interface Audit extends AsyncDisposable {
  readonly feed: AuditFeed;
  readonly queries: AuditQueries;
  /** Signs the head from now on, where this node has a key of its region; absent: not any more. */
  sealWith(sealer: AuditSealer | undefined): void;
}

const MAX_BYTES_DEFAULT = 256 * 1024 * 1024;

/** Opens the audit log of a store. Errors: `STORE`. */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const { config, store, state, clock, logger, metrics } = options;
  const log = await AuditLog.open({
    realm: config.realm,
    node: config.node.id,
    store: store.audit,
    maxBytes: config.audit?.maxBytes ?? MAX_BYTES_DEFAULT,
    clock,
    logger,
    metrics,
  });
  const feed = new AuditFeed({ log, store, state, clock, logger });
  return {
    feed,
    queries: new AuditQueries({ log, feed, store: store.audit }),
    sealWith: (sealer) => {
      log.sealWith(sealer);
    },
    [Symbol.asyncDispose]: async () => {
      await feed[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
    },
  };
}
