/**
 * What admins and operators may read of a node.
 *
 * @module
 */
import type {
  BlobsQuery,
  DocumentAnswer,
  DocumentQuery,
  HistoryQuery,
  NodeStatus,
  PeerStatus,
  RegionStatus,
  StreamStatus,
} from '../../core/admin/messages.ts';
import type { KeyWait, TlsWorkerStatus } from '../../core/admin/process-status.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Hello } from '../../core/gossip/frames.ts';
import { rowIn } from '../../core/gossip/rows.ts';
import {
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseSequence,
  type StreamName,
  splitStream,
} from '../../core/ids.ts';
import type { StreamAttestation } from '../../core/log/attested.ts';
import { DOCUMENT_LEVEL } from '../../core/statements/document-level.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { statementsOf } from '../../core/trusted/evidence.ts';
import {
  currentCharter,
  type Evidence,
  forkOf,
  type TrustedState,
} from '../../core/trusted/state.ts';
import type { Store } from '../../ports/store.ts';
import type { AttestedSource } from '../clients/attested-source.ts';
import type { Subscriptions } from '../clients/subscriptions.ts';
import { anchorIds, readBlobs } from '../fetch-source.ts';
import type { LinkedNeighbour } from '../replication/link-board.ts';
import type { Replicator } from '../replication/replicator.ts';

/** What queries read from. */
export interface QueriesOptions {
  readonly self: Hello;
  readonly version: string;
  readonly startedAtMs: number;
  readonly store: Store;
  readonly replicator: Replicator;
  readonly subscriptions: Subscriptions;
  readonly attested: AttestedSource;
  /** The processes that do TLS with programs. */
  readonly tlsWorkers: () => readonly TlsWorkerStatus[];
  /** On whom the key of the region waits. */
  readonly keyWait: () => KeyWait | undefined;
}

/**
 * Reads of one node; everything that they return is verified and durable. Errors of all also:
 * `UNAVAILABLE` while the node holds back.
 */
export class Queries {
  readonly #options: QueriesOptions;

  constructor(options: QueriesOptions) {
    this.#options = options;
  }

  /**
   * One document; absent when it is not held. Of a forked stream also the side that was accepted
   * before the fork came up, for whoever has to decide. Errors: `STORE`.
   */
  async document(query: DocumentQuery): Promise<DocumentAnswer | undefined> {
    this.#options.replicator.requireServing();
    const { store, replicator } = this.#options;
    const { stream } = query;
    const head = rowIn(replicator.durable, stream)?.sequence ?? 0;
    const sequence = query.sequence ?? head;
    if (sequence < 1) return undefined;
    const document =
      sequence > head
        ? await this.#side(forkOf(replicator.durable, stream), sequence)
        : await store.document(stream, parseSequence(sequence));
    if (document === undefined) return undefined;
    const isRelease = splitStream(stream).kind === 'release';
    const ids = query.blobs === 'with' && isRelease ? anchorIds(document.body) : [];
    return { document, blobs: await readBlobs(store, ids) };
  }

  /** The side of a fork that was accepted before the fork took the head away from it. */
  async #side(fork: Evidence | undefined, sequence: number): Promise<SignedDocument | undefined> {
    for (const { payload } of fork === undefined ? [] : statementsOf(fork)) {
      const side = parseStatement(payload);
      if (side.sequence !== sequence) continue;
      const held = await this.#options.store.branch({ ...side, before: sequence + 1 });
      if (held !== undefined) return held.document;
    }
    return undefined;
  }

  /** The heads of all streams, by name. Errors: `STORE`. */
  async streams(): Promise<readonly StreamStatus[]> {
    this.#options.replicator.requireServing();
    const state = this.#options.replicator.durable;
    const names = new Set<StreamName>([CHARTER_STREAM, ...state.streams.keys()]);
    const statuses: StreamStatus[] = [];
    for (const stream of [...names].sort()) {
      const status = await this.#streamStatus(state, stream);
      if (status !== undefined) statuses.push(status);
    }
    return statuses;
  }

  /** Statements of one stream, newest first. Errors: `STORE`. */
  async history({ stream, before, limit }: HistoryQuery): Promise<readonly SignedStatement[]> {
    this.#options.replicator.requireServing();
    const range = before === undefined ? { limit } : { before, limit };
    return await this.#options.store.statements(stream, range);
  }

  /** Anchors by id. Errors: `UNAVAILABLE` when one is not held here. */
  async blobs({ ids }: BlobsQuery): Promise<readonly Uint8Array[]> {
    this.#options.replicator.requireServing();
    const held = await this.#options.store.blobs(ids);
    return ids.map((id) => {
      const der = held.get(id);
      if (der !== undefined) return der;
      throw new KedgeError('UNAVAILABLE', `anchor ${id} is not held here`);
    });
  }

  /** What regions attest of the head of a stream. Errors: `UNAVAILABLE` (nothing yet), `STORE`. */
  async checkpoint(stream: StreamName): Promise<StreamAttestation> {
    this.#options.replicator.requireServing();
    return await this.#options.attested.of(stream);
  }

  /** How the node is. Errors: `STORE`. */
  async status(): Promise<NodeStatus> {
    this.#options.replicator.requireServing();
    const { self, version, startedAtMs, store, replicator, subscriptions } = this.#options;
    const { tlsWorkers } = this.#options;
    const keyWait = this.#options.keyWait();
    return {
      nodeId: self.nodeId,
      region: self.region,
      realm: self.realm,
      version,
      documents: DOCUMENT_LEVEL,
      firstCharterDigest: self.firstCharterDigest,
      startedAtMs,
      root: replicator.root.root,
      streams: await this.streams(),
      behind: countBehind(replicator),
      repair: replicator.repair,
      peers: replicator.neighbours().map((peer) => peerStatus(peer, startedAtMs)),
      failingSeeds: replicator.failingSeeds(),
      ...(store.trouble !== undefined && { storeTrouble: store.trouble }),
      ...(keyWait !== undefined && { keyWait }),
      tlsWorkers: tlsWorkers(),
      subscribers: subscriptions.status(),
      regions: this.#regions(),
    };
  }

  #regions(): readonly RegionStatus[] {
    const { durable, attestations } = this.#options.replicator;
    const { heartbeats, faulty } = attestations;
    return (currentCharter(durable)?.charter.regions ?? []).map(({ name: region, keys }) => {
      const heartbeat = heartbeats.get(region);
      const isFaulty = keys.some(({ keyId }) => faulty.has(keyId));
      return {
        region,
        standing: isFaulty ? 'faulty' : 'counts',
        ...(heartbeat !== undefined && { heartbeatAtMs: 1000 * heartbeat.timeSeconds }),
      };
    });
  }

  async #streamStatus(state: TrustedState, stream: StreamName): Promise<StreamStatus | undefined> {
    const held = state.streams.get(stream);
    if (held?.kind === 'forked') {
      const { evidence, heldSequence: sequence } = held;
      // The state forgets what lies beneath a head that a fork took away; the store does not.
      const digest =
        sequence < 1
          ? undefined
          : await this.#options.store.digestAt(stream, parseSequence(sequence));
      return { stream, sequence, digest: digest ?? NO_PREVIOUS, fork: evidence };
    }
    const row = rowIn(state, stream);
    return row && { stream, sequence: row.sequence, digest: row.digest };
  }
}

/**
 * Streams of which a linked node says that it holds more. That is its word; what it means is
 * fetched and verified before it counts.
 */
export function countBehind(replicator: Replicator): number {
  const { durable } = replicator;
  const behind = new Set<StreamName>();
  for (const { link } of replicator.neighbours()) {
    for (const [stream, { sequence }] of link?.held ?? []) {
      if (sequence > (rowIn(durable, stream)?.sequence ?? 0)) behind.add(stream);
    }
  }
  return behind.size;
}

function peerStatus(
  {
    link,
    info,
    nodeId,
    region,
    address,
    state,
    role,
    wanted,
    conduct,
    doubt,
    software,
  }: LinkedNeighbour,
  startedAtMs: number,
): PeerStatus {
  const lastError = info?.lastError;
  return {
    nodeId,
    region,
    address,
    state,
    role,
    link: link !== undefined ? 'up' : wanted === 'wanted' ? 'down' : 'none',
    sinceMs: info?.sinceMs ?? startedAtMs,
    ...(link?.measuredRttMs !== undefined && { rttMs: link.measuredRttMs }),
    ...(link?.root !== undefined && { peerRoot: link.root }),
    ...(lastError !== undefined && { lastError }),
    ...(conduct !== undefined && { conduct }),
    ...(doubt !== undefined && { doubt }),
    ...(software !== undefined && { software }),
  };
}
