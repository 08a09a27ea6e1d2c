/**
 * Connects the parts of a node: store, replication, links to peers, subscriptions, queries.
 *
 * Nothing here decides anything about trust, and nothing runs yet when it returns.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { encodeHex } from '../core/bytes.ts';
import { type FetchRequest, type Hello, PROTOCOL_VERSION } from '../core/gossip/frames.ts';
import { rowIn } from '../core/gossip/rows.ts';
import { CHARTER_STREAM, type Sha256, type StreamName } from '../core/ids.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { LiveTls } from '../grpc/live-tls.ts';
import { PeerLinks } from '../grpc/peer-links.ts';
import type { ListenerServices } from '../grpc/server.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';
import { fetchItems } from '../service/fetch-source.ts';
import { Queries } from '../service/queries.ts';
import { Replicator } from '../service/replicator.ts';
import { Subscriptions } from '../service/subscriptions.ts';
import type { NodeConfig } from './config.ts';

const BOOT_ID_BYTES = 16;

/** What the parts are made of. */
export interface AssemblyOptions {
  readonly config: NodeConfig;
  /** Absent: plaintext. */
  readonly tls: LiveTls | undefined;
  /** Told what is on disk and served from now on. */
  readonly onServe: (state: TrustedState, streams: readonly StreamName[]) => void;
  readonly store: Store;
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
  readonly services: Required<ListenerServices>;
}

/** Connects the parts. */
export function assemble(options: AssemblyOptions): Assembly {
  const { config, store, state, clock, logger, metrics } = options;
  const self = helloOf(config, state.firstCharterDigest, store.storeId);
  const subscriptions = new Subscriptions({
    realm: config.realm,
    firstCharterDigest: state.firstCharterDigest,
    state,
    store,
    logger,
    metrics,
    maxSubscribers: config.limits.maxSubscribers,
  });
  const transport = connectPeers(options);
  const replicator = new Replicator({
    self,
    peers: config.peers.map(({ nodeId }) => nodeId),
    state,
    store,
    transport,
    clock,
    logger,
    metrics,
    random: Math.random,
    onServe: (next, streams) => {
      subscriptions.serve(next, streams);
      logAccepted(logger, next, streams);
      options.onServe(next, streams);
    },
  });
  transport.attach(replicator);
  const queries = new Queries({
    self,
    version: packageVersion(),
    startedAtMs: clock.nowMs(),
    peers: config.peers,
    store,
    replicator,
    subscriptions,
  });
  const services = {
    trust: subscriptions,
    gossip: {
      links: replicator,
      fetchItems: (request: FetchRequest) => fetchItems(store, replicator.durable, request),
    },
    admin: {
      submit: async (document: SignedDocument, blobs: readonly Uint8Array[]) =>
        await replicator.submit(document, blobs),
      queries,
    },
  };
  return { transport, replicator, subscriptions, services };
}

function connectPeers({ config, tls, clock, logger, metrics }: AssemblyOptions): PeerLinks {
  const { node, peers } = config;
  return new PeerLinks({ self: node.id, peers, tls, clock, logger, metrics });
}

function helloOf(config: NodeConfig, firstCharterDigest: Sha256, storeId: string): Hello {
  return {
    protocolVersion: PROTOCOL_VERSION,
    nodeId: config.node.id,
    region: config.node.region,
    realm: config.realm,
    firstCharterDigest,
    bootId: encodeHex(randomBytes(BOOT_ID_BYTES)),
    storeId,
  };
}

/** Says what is on disk and served from now on. */
function logAccepted(logger: Logger, state: TrustedState, streams: readonly StreamName[]): void {
  for (const stream of streams) {
    const row = rowIn(state, stream);
    // A forked stream is reported as such, where it was found out.
    if (row === undefined || row.forked) continue;
    const { sequence, digest } = row;
    const event = stream === CHARTER_STREAM ? 'charter.accepted' : 'release.accepted';
    logger.info({ event, stream, sequence, digest }, 'on disk and served');
  }
}

function packageVersion(): string {
  const facts: unknown = createRequire(import.meta.url)('kedge/package.json');
  const isKnown = typeof facts === 'object' && facts !== null && 'version' in facts;
  return isKnown ? String(facts.version) : 'unknown';
}
