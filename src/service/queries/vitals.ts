/**
 * How a node is, as numbers for whoever watches it: read from its parts when somebody asks.
 *
 * @module
 */
import type { KeyWait } from '../../core/admin/process-status.ts';
import type { Hello } from '../../core/gossip/frames.ts';
import { currentCharter, type ReleaseHead, type TrustedState } from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MetricSample } from '../../ports/metrics.ts';
import type { Store } from '../../ports/store.ts';
import type { Subscriptions } from '../clients/subscriptions.ts';
import type { Replicator } from '../replication/replicator.ts';
import { proposalSamples } from './proposal-vitals.ts';
import { countBehind } from './queries.ts';

/** What vitals are read from. */
export interface VitalsOptions {
  readonly self: Pick<Hello, 'nodeId' | 'region'>;
  /** The version of the software. */
  readonly version: string;
  readonly replicator: Replicator;
  readonly subscriptions: Pick<Subscriptions, 'size'>;
  readonly store: Pick<Store, 'trouble'>;
  /** On whom the key of the region waits. */
  readonly keyWait: () => KeyWait | undefined;
  readonly clock: Pick<Clock, 'nowMs'>;
}

const SECOND_MS = 1000;

/** Reads the vitals of a node. */
export function readVitals(options: VitalsOptions): readonly MetricSample[] {
  const { self, version, replicator, subscriptions, store, clock } = options;
  return [
    {
      name: 'kedge_node_info',
      value: 1,
      labels: { node_id: self.nodeId, node_region: self.region, version },
    },
    { name: 'kedge_store_failing', value: store.trouble === undefined ? 0 : 1 },
    { name: 'kedge_subscribers', value: subscriptions.size },
    ...trustSamples(replicator.durable),
    ...peerSamples(replicator),
    ...regionSamples(replicator),
    { name: 'kedge_region_key_waiting_seconds', value: seconds(options.keyWait()?.sinceMs ?? 0) },
    ...proposalSamples(replicator, clock.nowMs()),
  ];
}

function trustSamples(state: TrustedState): readonly MetricSample[] {
  const charter = currentCharter(state);
  const streams = [...state.streams.values()];
  const forked = streams.filter(({ kind }) => kind === 'forked').length;
  const charters = charter === undefined ? 0 : 1;
  return [
    { name: 'kedge_charter_version', value: charter?.version ?? 0 },
    ...(charter === undefined
      ? []
      : [{ name: 'kedge_charter_expiry_seconds', value: seconds(charter.expiresMs) } as const]),
    { name: 'kedge_streams', value: streams.length + charters },
    { name: 'kedge_streams_forked', value: forked },
    ...streams.flatMap(({ head }) => (head?.kind === 'release' ? bundleSamples(head) : [])),
  ];
}

function bundleSamples(head: ReleaseHead): readonly MetricSample[] {
  const labels = { bundle: head.body.bundle };
  return [
    { name: 'kedge_bundle_sequence', value: head.sequence, labels },
    { name: 'kedge_bundle_expiry_seconds', value: seconds(head.expiresMs), labels },
  ];
}

function peerSamples(replicator: Replicator): readonly MetricSample[] {
  const peers = replicator.neighbours();
  const count = (test: (peer: (typeof peers)[number]) => boolean): number =>
    peers.filter(test).length;
  const { root } = replicator.root;
  const up = count(({ link }) => link !== undefined);
  const down = count(({ link, wanted }) => link === undefined && wanted === 'wanted');
  const compared = replicator.repair.comparedAtMs;
  return [
    ...(['alive', 'suspect', 'failed', 'left'] as const).map((state) => ({
      name: 'kedge_members' as const,
      value: count((peer) => peer.state === state),
      labels: { state },
    })),
    { name: 'kedge_links', value: up, labels: { state: 'up' } },
    { name: 'kedge_links', value: down, labels: { state: 'down' } },
    { name: 'kedge_seeds_failing', value: replicator.failingSeeds().length },
    {
      name: 'kedge_peers_refused',
      value: count(({ conduct }) => conduct?.refusedUntilMs !== undefined),
    },
    {
      name: 'kedge_roots_different',
      value: count(({ link }) => link?.root !== undefined && link.root !== root),
    },
    { name: 'kedge_streams_behind', value: countBehind(replicator) },
    ...(compared === undefined
      ? []
      : [{ name: 'kedge_compared_seconds', value: seconds(compared) } as const]),
  ];
}

function regionSamples({ durable, attestations }: Replicator): readonly MetricSample[] {
  return (currentCharter(durable)?.charter.regions ?? []).map(({ name: region }) => ({
    name: 'kedge_region_heartbeat_seconds',
    value: attestations.heartbeats.get(region)?.timeSeconds ?? 0,
    labels: { attesting_region: region },
  }));
}

function seconds(timeMs: number): number {
  return timeMs / SECOND_MS;
}
