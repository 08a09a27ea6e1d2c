/** What programs are due, of a realm of which no node tells anything. */
import type { ReportingNode } from '../../../src/core/adoption/view.ts';
import type { AuditFact } from '../../../src/core/audit/entry.ts';
import type { BundleName } from '../../../src/core/ids.ts';
import type { HeartbeatBook } from '../../../src/core/log/heartbeat-book.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import type { Store } from '../../../src/ports/store.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { Deliveries } from '../../../src/service/clients/deliveries.ts';

export function deliveriesOf(
  state: TrustedState,
  store: Store,
  change: {
    readonly clock?: Clock;
    readonly nodes?: () => readonly ReportingNode[];
    readonly heartbeats?: () => HeartbeatBook;
    readonly onStep?: (bundle: BundleName) => void;
    readonly note?: (fact: AuditFact) => void;
  } = {},
): Deliveries {
  return new Deliveries({
    state,
    store,
    clock: systemClock,
    logger: noLogger,
    metrics: noMetrics,
    nodes: () => [],
    heartbeats: () => new Map(),
    onStep: () => undefined,
    ...change,
  });
}
