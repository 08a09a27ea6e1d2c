/**
 * Connects the parts of a node: store, replication, links to peers, subscriptions, queries.
 *
 * Nothing here decides anything about trust, and nothing runs yet when it returns.
 *
 * @module
 */
import { randomInt } from 'node:crypto';
import type { KeyWait, TlsWorkerStatus } from '../core/admin/process-status.ts';
import type { SigningKey } from '../core/crypto.ts';
import type { FetchRequest, Hello } from '../core/gossip/frames.ts';
import type { SignedMark } from '../core/gossip/restored/store-mark.ts';
import type { NodeId, StreamName } from '../core/ids.ts';
import type { MembershipSnapshot } from '../core/membership/events.ts';
import type { KeptProposal } from '../core/proposals/model.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import { PeerLinks } from '../grpc/peers/peer-links.ts';
import type { ListenerServices } from '../grpc/server.ts';
import type { LiveTls } from '../grpc/tls/live-tls.ts';
import { submissionPolicy } from '../policy/submission.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { MetricSample, Metrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';
import { AttestedSource } from '../service/clients/attested-source.ts';
import { Deliveries } from '../service/clients/deliveries.ts';
import { NotedWatch } from '../service/clients/noted-watch.ts';
import { Reporting } from '../service/clients/reporting.ts';
import { Subscriptions } from '../service/clients/subscriptions.ts';
import { fetchItems } from '../service/fetch-source.ts';
import type { CallerDirectory, CertificateNames } from '../service/identity.ts';
import { AdoptionQueries } from '../service/queries/adoption-queries.ts';
import { ProposalQueries } from '../service/queries/proposal-queries.ts';
import { Queries } from '../service/queries/queries.ts';
import { RolloutQueries } from '../service/queries/rollout-queries.ts';
import { readVitals } from '../service/queries/vitals.ts';
import { Replicator, type ReplicatorOptions } from '../service/replication/replicator.ts';
import type { Audit } from './audit.ts';
import type { NodeConfig } from './config.ts';
import { helloOf, membershipOf } from './own-member.ts';
import { packageVersion } from './package-version.ts';
import type { RegionSigner } from './region-key.ts';
import { resolveSeeds } from './seeds.ts';
import { servedTo, type ToldParts } from './served.ts';
import type { FoundOrigin } from './store-origin.ts';

/** The most for `randomInt`: peers see numbers that follow from these, and cannot guess more. */
const RANDOM_STEPS = 2 ** 48 - 1;

/** For a configuration that was not read from a file. */
const ADOPTION_DEFAULTS = { labels: ['service'], departedMs: 3_600_000, maxDeparted: 10_000 };

/** What the parts are made of. */
export interface AssemblyOptions {
  readonly config: NodeConfig;
  /** Absent: plaintext. */
  readonly tls: LiveTls | undefined;
  /** Who is who. */
  readonly directory: CallerDirectory;
  readonly nodeKey: SigningKey;
  /** What it remembers of the other nodes. */
  readonly remembered: MembershipSnapshot | undefined;
  /** Told what is on disk and served from now on. */
  readonly onServe: (state: TrustedState, streams: readonly StreamName[]) => void;
  /** Told what is on disk while clients are not served yet. */
  readonly onHold: (state: TrustedState, streams: readonly StreamName[]) => void;
  /** Told what becomes of the store; see `ReplicatorOptions`. */
  readonly onStore: ReplicatorOptions['onStore'];
  /** The processes that do TLS with programs, once it listens. */
  readonly tlsWorkers: () => readonly TlsWorkerStatus[];
  /** On whom the key of the region waits. */
  readonly keyWait: () => KeyWait | undefined;
  readonly store: Store;
  readonly audit: Audit;
  /** What the start found out about the store. */
  readonly found: FoundOrigin;
  /** What the other nodes signed of their stores. */
  readonly marks: readonly SignedMark[];
  /** The key of the region, when this node attests for it. */
  readonly region: RegionSigner | undefined;
  /** What the store kept of proposals. */
  readonly proposals: readonly KeptProposal[];
  readonly record: ((line: string) => void) | undefined;
  /** What the store holds, verified. */
  readonly state: TrustedState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The connected parts. */
export interface Assembly {
  readonly transport: PeerLinks;
  readonly replicator: Replicator;
  readonly subscriptions: Subscriptions;
  readonly reporting: Reporting;
  readonly deliveries: Deliveries;
  readonly services: Required<ListenerServices>;
  /** How the node is, as numbers. */
  readonly vitals: () => readonly MetricSample[];
}

interface ServingParts extends ToldParts {
  readonly self: Hello;
  readonly version: string;
  readonly transport: PeerLinks;
  readonly replicator: Replicator;
  readonly adoption: AdoptionQueries;
}

/** Connects the parts. */
export function assemble(options: AssemblyOptions): Assembly {
  const { config, store, state, clock, logger, metrics } = options;
  const { firstCharterDigest } = state;
  const { bootId } = options.found;
  const self = helloOf(config, { firstCharterDigest, bootId, storeId: store.storeId });
  const common = { state, store, logger, metrics };
  const attested = new AttestedSource({
    state,
    store,
    attestations: () => replicator.attestations,
  });
  const deliveries = deliverInWaves(options, () => {
    return { adoption, reporting, subscriptions, replicator };
  });
  const subscriptions = new Subscriptions({
    realm: config.realm,
    firstCharterDigest,
    ...common,
    attested,
    deliveries,
    maxSubscribers: config.limits.maxSubscribers,
    maxSubscribersPerClient: config.limits.maxSubscribersPerClient,
    requireServing: () => {
      replicator.requireServing();
    },
  });
  const transport = connectPeers(options);
  const reporting = countClients(self, options, () => replicator);
  const parts: ToldParts = { attested, deliveries, subscriptions, reporting };
  const replicator: Replicator = new Replicator({
    self,
    hasSeeds: config.peers.seeds.length > 0,
    membership: membershipOf(self, options),
    ...common,
    proposals: options.proposals,
    ...(options.record && { record: options.record }),
    policy: submissionPolicy,
    override: config.store.serveAnyway ? 'serve-anyway' : 'none',
    transport,
    clock,
    random: () => randomInt(RANDOM_STEPS) / RANDOM_STEPS,
    ...beginningOf(options),
    onArrived: (clients) => reporting.arrivedElsewhere(clients),
    ...servedTo(options, parts),
  });
  transport.attach(replicator);
  const adoption = new AdoptionQueries({
    self,
    replicator,
    reporting,
    clock,
    ask: async (target, query, { signal }) => await transport.clients(target, query, { signal }),
  });
  const serving = { self, version: packageVersion(), transport, replicator, adoption, ...parts };
  const services = servicesOf(options, serving);
  const connected = { transport, replicator, subscriptions, reporting, deliveries, services };
  const watched = { ...serving, store, clock, keyWait: options.keyWait };
  return { ...connected, vitals: () => readVitals(watched) };
}

/** What is known of the store when the node starts, and who hears what becomes of it. */
function beginningOf(options: AssemblyOptions): Partial<ReplicatorOptions> {
  const { found, marks, region, onStore } = options;
  const { origin, started } = found;
  const regionKey = region && { spki: region.key.publicKey.spki, cosigned: region.cosigned };
  return { origin, started, marks, regionKey, ...(onStore && { onStore }) };
}

/** What programs are due while a release comes in waves; told to those who serve and count them. */
function deliverInWaves(
  { state, store, clock, logger, metrics, audit }: AssemblyOptions,
  told: () => Pick<ServingParts, 'adoption' | 'reporting' | 'subscriptions' | 'replicator'>,
): Deliveries {
  return new Deliveries({
    ...{ state, store, clock, logger, metrics },
    nodes: () => told().adoption.timelyNodes(),
    heartbeats: () => told().replicator.attestations.heartbeats,
    note: (fact) => audit.feed.note(fact),
    onStep: (bundle, { rollout, openness }) => {
      const standing = openness.stop === undefined ? 'going' : 'stopped';
      const open = { open: openness.openedMs.length, standing } as const;
      if (rollout !== undefined) {
        told().reporting.opened(bundle, { rollout: rollout.digest, ...open });
      }
      told().subscriptions.due(bundle);
    },
  });
}

/** What listeners serve. */
function servicesOf(
  { config, store, state, clock, audit, tlsWorkers, keyWait }: AssemblyOptions,
  parts: ServingParts,
): Required<ListenerServices> {
  const { self, version, replicator, subscriptions, reporting, adoption } = parts;
  const { attested, deliveries } = parts;
  const common = { self, replicator };
  const facts = { version, startedAtMs: clock.nowMs() };
  const held = { store, subscriptions, attested, tlsWorkers, keyWait };
  const queries = new Queries({ ...common, ...facts, ...held });
  const pin = { realm: config.realm, firstCharterDigest: state.firstCharterDigest };
  return {
    trust: {
      self: self.nodeId,
      open: (sink, identity) => {
        const subscriber = subscriptions.open(sink, identity);
        const { forks } = replicator.offers;
        const showFork = forks.take.bind(forks);
        return new NotedWatch({ ...pin, identity, reporting, subscriber, showFork });
      },
    },
    gossip: {
      self: self.nodeId,
      links: replicator,
      fetchItems: (requests: readonly FetchRequest[]) =>
        fetchItems(store, () => replicator.durable, requests),
      clients: (query) => adoption.clients(query),
    },
    admin: {
      submit: async (document: SignedDocument, blobs: readonly Uint8Array[], by) =>
        await audit.feed.submitting(by, document, () => replicator.submit(document, blobs)),
      queries,
      adoption,
      audit: audit.queries,
      proposals: new ProposalQueries({ replicator, store, audit: audit.feed.proposals }),
      rollouts: new RolloutQueries({ replicator, deliveries, clock }),
    },
  };
}

/** What is kept of clients, and how the other nodes hear of it. */
function countClients(
  self: Hello,
  { config, nodeKey, state, clock, logger }: AssemblyOptions,
  replicator: () => Replicator,
): Reporting {
  const { labels, departedMs, maxDeparted } = config.adoption ?? ADOPTION_DEFAULTS;
  return new Reporting({
    self,
    sign: (message) => nodeKey.sign(message),
    board: { labels, departedMs, departedMax: maxDeparted },
    state,
    clock,
    logger,
    countNodes: () => 1 + replicator().neighbours().length,
    report: (row) => replicator().tell({ kind: 'report', row }),
    arrived: (arrivals) => replicator().tell({ kind: 'arrivals', arrivals }),
  });
}

function connectPeers(options: AssemblyOptions): PeerLinks {
  const { config, directory, tls, clock, logger, metrics } = options;
  const nodeOf = (names: CertificateNames): NodeId => directory.nodeByCertificate(names);
  const { seeds } = config.peers;
  return new PeerLinks({
    self: config.node.id,
    resolveSeeds: async () => resolveSeeds(seeds),
    nodeOf,
    tls,
    clock,
    logger,
    metrics,
  });
}
