/**
 * Who is told what replication comes to, and in which order.
 *
 * @module
 */
import type { StreamName } from '../core/ids.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Logger } from '../ports/logger.ts';
import type { AttestedSource } from '../service/clients/attested-source.ts';
import type { Deliveries } from '../service/clients/deliveries.ts';
import type { Reporting } from '../service/clients/reporting.ts';
import type { Subscriptions } from '../service/clients/subscriptions.ts';
import type { ReplicatorOptions } from '../service/replication/replicator.ts';
import { logAccepted } from './accepted-log.ts';
import type { Audit } from './audit.ts';

interface ServedOptions {
  readonly audit: Audit;
  readonly logger: Logger;
  readonly onServe: (state: TrustedState, streams: readonly StreamName[]) => void;
  readonly onHold: (state: TrustedState, streams: readonly StreamName[]) => void;
}

/** Who is told what replication comes to. */
export interface ToldParts {
  readonly attested: AttestedSource;
  readonly deliveries: Deliveries;
  readonly subscriptions: Subscriptions;
  readonly reporting: Reporting;
}

/** What replication calls. */
export function servedTo(
  { audit, logger, onServe, onHold }: ServedOptions,
  { attested, deliveries, subscriptions, reporting }: ToldParts,
): Pick<ReplicatorOptions, 'onAttested' | 'onServe' | 'onHold' | 'onTaken' | 'onNotice'> {
  return {
    onTaken: (batch, from) => {
      audit.feed.taken(batch, from);
      subscriptions.foresee(batch);
    },
    onNotice: (notice) => audit.feed.noticed(notice),
    onAttested: (said) => {
      if (said.kind === 'heartbeat') attested.heard(said.heartbeat);
      subscriptions.attested(said);
    },
    onServe: (next, streams) => {
      logAccepted(logger, next, streams);
      const heard = attested.moved(next, streams);
      deliveries.serve(next, streams);
      subscriptions.serve(next, streams);
      reporting.serve(next, streams);
      for (const heartbeat of heard) subscriptions.attested({ kind: 'heartbeat', heartbeat });
      audit.feed.moved(next, streams);
      onServe(next, streams);
    },
    onHold: (next, streams) => {
      attested.moved(next, streams);
      logAccepted(logger, next, streams);
      audit.feed.moved(next, streams);
      onHold(next, streams);
    },
  };
}
