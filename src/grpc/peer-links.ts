/**
 * Links and fetches to peers, seen from the node that dials.
 *
 * One attempt per `dial`; when to try again is the replication machine's decision. There is no
 * timer around HTTP/2 SETTINGS in grpc-js: a peer that accepts the connection and then says nothing
 * would hold an attempt for ever, so each one has a watchdog. A connection that failed is thrown
 * away with its channel, because a channel that waits in its own backoff fails calls unseen.
 *
 * @module
 */
import { type ClientOptions, Metadata } from '@grpc/grpc-js';
import { KedgeError } from '../core/errors.ts';
import type { FetchItem, FetchRequest } from '../core/gossip/frames.ts';
import type { NodeId, RegionName } from '../core/ids.ts';
import { MESSAGE_MAX_BYTES } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { PeerTransport } from '../service/replicator.ts';
import { decodeFetchItem, encodeFetchRequest } from '../wire/gossip.ts';
import { GOSSIP_METHODS } from '../wire/methods.ts';
import { callError, isFromNode, isServiceError } from '../wire/status.ts';
import { NODE_ID_HEADER } from './caller.ts';
import { type LinkEvents, LinkSession } from './link-session.ts';
import type { LiveTls } from './live-tls.ts';
import { PeerConnections, type PeerPlace } from './peer-connections.ts';

/** A peer to dial. */
export interface PeerTarget extends PeerPlace {
  readonly region: RegionName;
}

/** What links work with. */
export interface PeerLinksOptions {
  readonly self: NodeId;
  readonly peers: readonly PeerTarget[];
  /** Absent: plaintext, to loopback addresses only. */
  readonly tls: LiveTls | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** How long a peer may take from the first packet to letting us in. */
const CONNECT_WITHIN_MS = 5_000;
/** How long a fetch may stay silent. */
const FETCH_SILENT_MAX_MS = 10_000;
/** Bytes in flight towards us: 4 MB fill 100 Mbit/s at 320 ms round trip. */
const RECEIVE_WINDOW_BYTES = 4 * 1024 * 1024;

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc-node.flow_control_window': RECEIVE_WINDOW_BYTES,
  'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
  'grpc.max_send_message_length': MESSAGE_MAX_BYTES,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  // Writes count as taken while they fit this buffer; the default of 1 MB would hide back-pressure.
  'grpc.per_rpc_retry_buffer_size': 64 * 1024,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
};

/** Dials peers over gRPC. */
export class PeerLinks implements PeerTransport, Disposable {
  readonly #clock: Clock;
  readonly #peers: ReadonlyMap<NodeId, PeerTarget>;
  readonly #metadata: Metadata = new Metadata();
  readonly #connections: PeerConnections;
  #events: LinkEvents | undefined;
  #count = 0;
  #isClosed = false;

  constructor({ self, peers, ...surroundings }: PeerLinksOptions) {
    this.#clock = surroundings.clock;
    this.#connections = new PeerConnections({
      ...surroundings,
      channelOptions: CHANNEL_OPTIONS,
      onMove: (nodeId) => this.#move(nodeId),
    });
    this.#peers = new Map(peers.map((peer) => [peer.nodeId, peer]));
    this.#metadata.set(NODE_ID_HEADER, self);
  }

  /** Says who is told about links; before the first `dial`. */
  attach(events: LinkEvents): void {
    this.#events = events;
  }

  dial(nodeId: NodeId): void {
    const events = this.#requireEvents();
    this.#open(nodeId, (error) => events.linkFailed(nodeId, error));
  }

  /** Opens a link beside one that is up, which then takes its place; a failure changes nothing. */
  #move(nodeId: NodeId): void {
    if (this.#peers.has(nodeId)) this.#open(nodeId, () => undefined);
  }

  #open(nodeId: NodeId, onFailed: (error: KedgeError) => void): void {
    const events = this.#requireEvents();
    if (this.#isClosed) return;
    const peer = this.#requirePeer(nodeId);
    const connection = this.#connections.to(peer);
    const { client } = connection;
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.link;
    const call = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#metadata,
      {},
    );
    this.#count += 1;
    let state: 'connecting' | 'up' | 'over' = 'connecting';
    const session = new LinkSession({
      linkId: `out-${this.#count}`,
      clock: this.#clock,
      events,
      write: (bytes) => call.write(bytes),
      // A link that we close ourselves leaves a connection that is good for fetches.
      end: () => {
        state = 'over';
        call.cancel();
      },
    });
    const over = (error: KedgeError | undefined): void => {
      const was = state;
      state = 'over';
      watchdog[Symbol.dispose]();
      if (was === 'up') session.over(error);
      if (was === 'connecting') onFailed(error ?? hungUp(peer));
    };
    const forget = connection.track({ kind: 'link', cancel: () => call.cancel() });
    const watchdog = this.#clock.setTimer(CONNECT_WITHIN_MS, () => {
      connection.close();
      call.cancel();
      over(unreachable(peer));
    });
    call.on('metadata', () => {
      if (state !== 'connecting') return;
      state = 'up';
      watchdog[Symbol.dispose]();
      events.linkUp(session, { nodeId, region: peer.region }, 'dialled');
    });
    call.on('data', (bytes: Buffer) => session.received(bytes));
    call.on('drain', () => session.drained());
    call.on('status', () => {
      forget();
      over(undefined);
    });
    call.on('error', (failure) => {
      forget();
      if (state === 'over') return;
      if (!isServiceAlive(failure)) connection.close();
      over(callError(failure));
    });
  }

  async *fetch(
    nodeId: NodeId,
    request: FetchRequest,
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<FetchItem> {
    signal.throwIfAborted();
    const connection = this.#connections.to(this.#requirePeer(nodeId));
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.fetch;
    const call = connection.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      encodeFetchRequest(request),
      this.#metadata,
    );
    const cancel = (): void => call.cancel();
    const forget = connection.track({ kind: 'fetch', cancel });
    signal.addEventListener('abort', cancel, { once: true });
    // Whoever stops reading early leaves the error of the cancelled call to nobody.
    call.on('error', () => undefined);
    const items: AsyncIterator<Buffer> = call[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await this.#withinSilence(items.next(), cancel);
        if (next.done === true) return;
        yield decodeFetchItem(next.value);
      }
    } catch (thrown) {
      if (!signal.aborted && !isServiceAlive(thrown)) connection.close();
      throw callError(thrown);
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
      forget();
    }
  }

  /** Closes all connections; links end with `UNAVAILABLE`. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#connections[Symbol.dispose]();
  }

  async #withinSilence<T>(next: Promise<T>, cancel: () => void): Promise<T> {
    const silence = new AbortController();
    const timer = this.#clock.setTimer(FETCH_SILENT_MAX_MS, () => {
      silence.abort();
      cancel();
    });
    try {
      return await next;
    } catch (thrown) {
      if (!silence.signal.aborted) throw thrown;
      throw new KedgeError('UNAVAILABLE', 'the peer sent nothing for 10 s', { cause: thrown });
    } finally {
      timer[Symbol.dispose]();
    }
  }

  #requirePeer(nodeId: NodeId): PeerTarget {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) throw new KedgeError('BUG', `${nodeId} is not a configured peer`);
    return peer;
  }

  #requireEvents(): LinkEvents {
    if (this.#events === undefined) throw new KedgeError('BUG', 'dialled before attached');
    return this.#events;
  }
}

function isServiceAlive(thrown: unknown): boolean {
  if (thrown instanceof KedgeError) return thrown.code !== 'UNAVAILABLE';
  return isServiceError(thrown) && isFromNode(thrown);
}

function unreachable(peer: PeerTarget): KedgeError {
  const where = `${peer.nodeId} at ${peer.address}`;
  return new KedgeError('UNAVAILABLE', `${where} did not answer within 5 s`);
}

function hungUp(peer: PeerTarget): KedgeError {
  return new KedgeError('UNAVAILABLE', `${peer.nodeId} at ${peer.address} hung up`);
}
