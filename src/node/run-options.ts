/**
 * What a node is run with beside its configuration.
 *
 * @module
 */
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';

/** What a node is run with beside its configuration. */
export interface RunOptions {
  /** Stops the node, like disposing it. */
  readonly signal?: AbortSignal;
  /** Default: nowhere. */
  readonly logger?: Logger;
  /** Default: nowhere. */
  readonly metrics?: Metrics;
  /** Time; for tests. */
  readonly clock?: Clock;
  /** Gets every line of a recording (`service/replication/recording.ts`). Default: none is made. */
  readonly record?: (line: string) => void;
  /** Called each time that something new is served, or that serving begins. */
  readonly onServed?: () => void;
  /** Opens the store; for tests. Default: LevelDB in `store.path`. */
  readonly openStore?: (path: string) => Promise<Store>;
}
