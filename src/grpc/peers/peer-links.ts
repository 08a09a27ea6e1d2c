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
import type { Readable } from 'node:stream';
import { type ClientOptions, Metadata } from '@grpc/grpc-js';
import type { ClientPage, ClientsQuery } from '../../core/adoption/model.ts';
import { KedgeError } from '../../core/errors.ts';
import type { FetchItem, FetchRequest } from '../../core/gossip/frames.ts';
import { asGarbage } from '../../core/gossip/links/blame.ts';
import type { NodeId } from '../../core/ids.ts';
import { MESSAGE_MAX_BYTES } from '../../core/limits.ts';
import type { DialTarget } from '../../core/peer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { asNodeId, type CertificateNames } from '../../service/identity.ts';
import type { PeerTransport, ResolvedSeeds } from '../../service/replication/peer-transport.ts';
import { decodeClientPage, encodeClientsQuery } from '../../wire/clients.ts';
import { decodeFetchItem, encodeFetchRequest } from '../../wire/gossip.ts';
import { GOSSIP_METHODS } from '../../wire/methods.ts';
import { callError, isFromNode, isServiceError } from '../../wire/status.ts';
import { NODE_ID_HEADER } from '../calls/caller.ts';
import { unaryCall } from '../calls/unary-call.ts';
import type { LiveTls } from '../tls/live-tls.ts';
import { type LinkEvents, LinkSession } from './link-session.ts';
import { PeerConnections } from './peer-connections.ts';

/** What links work with. */
export interface PeerLinksOptions {
  readonly self: NodeId;
  /** What the seeds stand for now. */
  readonly resolveSeeds: () => Promise<ResolvedSeeds>;
  /** Whose certificate it is. Errors: `ACCESS` when it is no node's. */
  readonly nodeOf: (names: CertificateNames) => NodeId;
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
/** How long a peer may take to list clients. */
const CLIENTS_WITHIN_MS = 5_000;
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
  readonly resolveSeeds: () => Promise<ResolvedSeeds>;
  readonly #metadata: Metadata = new Metadata();
  readonly #connections: PeerConnections;
  #events: LinkEvents | undefined;
  #count = 0;
  #isClosed = false;

  constructor({ self, resolveSeeds, ...surroundings }: PeerLinksOptions) {
    this.#clock = surroundings.clock;
    this.#connections = new PeerConnections({
      ...surroundings,
      channelOptions: CHANNEL_OPTIONS,
      onMove: (target) => this.#open(target, () => undefined),
    });
    this.resolveSeeds = resolveSeeds;
    this.#metadata.set(NODE_ID_HEADER, self);
  }

  /** Says who is told about links; before the first `dial`. */
  attach(events: LinkEvents): void {
    this.#events = events;
  }

  dial(target: DialTarget): void {
    const events = this.#requireEvents();
    this.#open(target, (error) => events.linkFailed(target, error));
  }

  /** Opens a link; one that is up gives way to it. */
  #open(target: DialTarget, onFailed: (error: KedgeError) => void): void {
    const events = this.#requireEvents();
    if (this.#isClosed) return;
    const connection = this.#connections.to(target);
    const { client } = connection;
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.link;
    const codec = [requestSerialize, responseDeserialize] as const;
    const call = client.makeBidiStreamRequest(path, ...codec, this.#metadata, {});
    this.#count += 1;
    let state: 'connecting' | 'up' | 'over' = 'connecting';
    const session = new LinkSession({
      linkId: `out-${this.#count}`,
      clock: this.#clock,
      events,
      write: (bytes) => call.write(bytes),
      reading: (reading) => setReading(call, reading),
      // The connection stays for a while: it is good for fetches.
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
      if (was === 'connecting') onFailed(error ?? hungUp(target));
    };
    const forget = connection.track({ kind: 'link', cancel: () => call.cancel() });
    const watchdog = this.#clock.setTimer(CONNECT_WITHIN_MS, () => {
      connection.close();
      call.cancel();
      over(unreachable(target));
    });
    call.on('metadata', (metadata) => {
      if (state !== 'connecting') return;
      watchdog[Symbol.dispose]();
      const nodeId = connection.nodeId ?? claimedNode(metadata);
      if (nodeId === undefined) {
        call.cancel();
        return over(noNode(target));
      }
      state = 'up';
      events.linkUp(session, nodeId, target);
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
      over(inWords(callError(failure), target));
    });
  }

  async *fetch(
    target: DialTarget,
    requests: readonly FetchRequest[],
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<FetchItem> {
    signal.throwIfAborted();
    const connection = this.#connections.to(target);
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.fetch;
    const call = connection.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      encodeFetchRequest(requests),
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
        yield readItem(next.value);
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

  /** Asks a peer for some of its clients. Errors: those of the call and of decoding. */
  async clients(
    target: DialTarget,
    query: ClientsQuery,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<ClientPage> {
    const connection = this.#connections.to(target);
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.clients;
    const codec = [requestSerialize, responseDeserialize] as const;
    const bytes = encodeClientsQuery(query);
    const wait = { clock: this.#clock, withinMs: CLIENTS_WITHIN_MS, signal };
    const answer = await unaryCall(wait, (done) => {
      const call = connection.client.makeUnaryRequest(path, ...codec, bytes, this.#metadata, done);
      call.on('status', connection.track({ kind: 'fetch', cancel: () => call.cancel() }));
      return call;
    });
    return decodeClientPage(answer);
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

  #requireEvents(): LinkEvents {
    if (this.#events === undefined) throw new KedgeError('BUG', 'dialled before attached');
    return this.#events;
  }
}

function setReading(call: Readable, reading: 'on' | 'off'): void {
  if (reading === 'off') call.pause();
  else call.resume();
}

/** Errors: those of decoding, as garbage. */
function readItem(bytes: Buffer): FetchItem {
  try {
    return decodeFetchItem(bytes);
  } catch (thrown) {
    throw asGarbage(KedgeError.from(thrown));
  }
}

function isServiceAlive(thrown: unknown): boolean {
  if (thrown instanceof KedgeError) return thrown.code !== 'UNAVAILABLE';
  return isServiceError(thrown) && isFromNode(thrown);
}

function unreachable(target: DialTarget): KedgeError {
  return new KedgeError('UNAVAILABLE', `${placeOf(target)} did not answer within 5 s`);
}

function noNode({ address }: DialTarget): KedgeError {
  return new KedgeError('ACCESS', `who answers at ${address} is no node`);
}

function hungUp(target: DialTarget): KedgeError {
  return new KedgeError('UNAVAILABLE', `${placeOf(target)} hung up`);
}

/** grpc-js has no words for a peer that ends the connection after the handshake of this side. */
function inWords(error: KedgeError, target: DialTarget): KedgeError {
  if (!error.message.includes('Failed to connect')) return error;
  const message =
    `${placeOf(target)} hung up: it may not trust the certificate of this node, or have no more ` +
    'room for connections; its log says why';
  return new KedgeError(error.code, message, { detail: error.detail, cause: error });
}

function placeOf({ nodeId, address }: DialTarget): string {
  return nodeId === undefined ? address : `${nodeId} at ${address}`;
}

/** Without TLS a node is the one that it says it is. */
function claimedNode(metadata: Metadata): NodeId | undefined {
  const [claimed] = metadata.get(NODE_ID_HEADER);
  return typeof claimed === 'string' ? asNodeId(claimed) : undefined;
}
