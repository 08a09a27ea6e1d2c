/**
 * One `trust.Watch` call over gRPC: bytes in order, nothing judged.
 *
 * Each call has a channel of its own, which goes away with it: no connection outlives its use, and
 * certificates from files are read anew at each connect. grpc-js is loaded with the first source.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  connectivityState,
  credentials,
  type Metadata,
} from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import { type NodeId, parseNodeId } from '../../core/ids.ts';
import { MESSAGE_MAX_BYTES } from '../../core/limits.ts';
import { NO_RENEGOTIATION } from '../../core/renegotiation.ts';
import type { WatchRequest, WatchResponse } from '../../core/watch/messages.ts';
import { TRUST_METHODS, WATCH_NODE_HEADER } from '../../wire/methods.ts';
import { callError } from '../../wire/status.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../../wire/watch.ts';
import type { Security, SourceTlsOptions } from '../options.ts';
import { connectionHint } from './connection-hints.ts';
import { DialSockets } from './dial-sockets.ts';
import { ResumingCredentials } from './resuming-credentials.ts';

/** Pings on a silent connection, so that a dead one is noticed. */
const KEEPALIVE_TIME_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
/** How long a node may take to read our last words. */
const FAREWELL_MS = 1_000;

/** Where to connect and how. */
export interface DialOptions {
  readonly endpoint: string;
  readonly security: Security;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An open call. */
export interface WatchCall {
  /**
   * What the node sends. Ends when the node ends the call; throws `KedgeError`. At most 16 messages
   * wait for the reader; then the node has to.
   */
  readonly responses: AsyncIterable<WatchResponse>;
  /** Who the node says that it is; absent until it did, and for nodes before 0.1. */
  readonly nodeId: NodeId | undefined;
  send(request: WatchRequest): void;
  /** Ends after what was sent has been read, or after a second. */
  finish(): Promise<void>;
  /** Ends now. Allowed at any time, also twice. */
  cancel(): void;
}

/** Connects and opens the call. Errors: `UNAVAILABLE`, `CONFIG` (certificate files). */
export async function dialWatch(options: DialOptions): Promise<WatchCall> {
  const { endpoint, security } = options;
  const channel = await channelCredentials(security, endpoint, 'resume');
  const sockets = new DialSockets();
  const client = new Client(endpoint, channel, {
    'grpc.max_receive_message_length': MESSAGE_MAX_BYTES,
    'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.enable_channelz': 0,
    'grpc.service_config_disable_resolution': 1,
    ...serverNameOption(security, endpoint),
  });
  const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
  // The call makes the channel connect.
  const call = sockets.run(() =>
    client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize),
  );
  const watch = new GrpcWatchCall(client, call, security);
  try {
    await connected(client, call, options);
    sockets.end();
  } catch (thrown) {
    watch.cancel();
    sockets.destroy();
    throw thrown;
  }
  return watch;
}

class GrpcWatchCall implements WatchCall {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #security: Security;
  #nodeId: NodeId | undefined;

  constructor(client: Client, call: ClientDuplexStream<Buffer, Buffer>, security: Security) {
    this.#client = client;
    this.#call = call;
    this.#security = security;
    this.#call.once('metadata', (metadata: Metadata) => {
      this.#nodeId = nodeIdIn(metadata);
    });
    // A failure is told by `responses`; one that comes when nobody reads any more is no news.
    this.#call.on('error', () => undefined);
  }

  get nodeId(): NodeId | undefined {
    return this.#nodeId;
  }

  get responses(): AsyncIterable<WatchResponse> {
    return readResponses(this.#call, this.#security);
  }

  send(request: WatchRequest): void {
    if (this.#call.writable) this.#call.write(encodeWatchRequest(request));
  }

  async finish(): Promise<void> {
    const call = this.#call;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FAREWELL_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      call.once('status', done);
      call.once('close', done);
      call.end();
      // What the node still says is not read any more.
      call.resume();
    });
    this.cancel();
  }

  cancel(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

/** What a node says that it is called; advice, so what is no name is passed over. */
function nodeIdIn(metadata: Metadata): NodeId | undefined {
  const [said] = metadata.get(WATCH_NODE_HEADER);
  try {
    return typeof said === 'string' ? parseNodeId(said) : undefined;
  } catch {
    return undefined;
  }
}

async function* readResponses(
  call: ClientDuplexStream<Buffer, Buffer>,
  security: Security,
): AsyncGenerator<WatchResponse> {
  const iterator: AsyncIterator<Buffer, undefined> = call[Symbol.asyncIterator]();
  while (true) {
    const { done, value } = await next(iterator, security);
    if (done === true) return;
    yield decodeWatchResponse(value);
  }
}

async function next(
  iterator: AsyncIterator<Buffer, undefined>,
  security: Security,
): Promise<IteratorResult<Buffer, undefined>> {
  try {
    return await iterator.next();
  } catch (thrown) {
    throw advised(callError(thrown), security);
  }
}

/**
 * Waits until the channel is up. The call is open already, because it is the call that is told why
 * connecting failed, and at the first failure instead of when the time is over.
 */
function connected(
  client: Client,
  call: ClientDuplexStream<Buffer, Buffer>,
  { endpoint, security, timeoutMs, signal }: DialOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (error?: KedgeError): void => {
      isSettled = true;
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onAbort = (): void => settle(new KedgeError('UNAVAILABLE', 'the source was closed'));
    signal.addEventListener('abort', onAbort, { once: true });
    call.once('error', (error) => settle(advised(callError(error), security)));
    // While files were read: nobody tells of it again.
    if (signal.aborted) {
      onAbort();
      return;
    }
    const channel = client.getChannel();
    const deadline = Date.now() + timeoutMs;
    const watch = (): void => {
      // To ask a closed channel how it is would make it connect again.
      if (isSettled) return;
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return settle();
      if (state === connectivityState.SHUTDOWN) return;
      channel.watchConnectivityState(state, deadline, (late) => {
        if (late === undefined) return watch();
        const message = `no connection to ${endpoint} within ${timeoutMs} ms`;
        settle(new KedgeError('UNAVAILABLE', message, { detail: { endpoint } }));
      });
    };
    watch();
  });
}

function advised({ code, message, detail, cause }: KedgeError, security: Security): KedgeError {
  const hint = connectionHint(message, { wanted: 'clients', security: security.kind });
  return new KedgeError(code, message, {
    detail: { ...detail, ...(hint !== undefined && { hint }) },
    cause,
  });
}

/** Certificate, key and authorities for a connection, read now. Errors: `CONFIG`. */
export async function channelCredentials(
  security: Security,
  endpoint: string,
  sessions: 'resume' | 'full' = 'full',
): Promise<ChannelCredentials> {
  if (security.kind === 'plaintext') return credentials.createInsecure();
  const cert = await readPem(security.tls, 'cert');
  const key = await readPem(security.tls, 'key');
  const ca = await readPem(security.tls, 'ca');
  const { serverName } = security.tls;
  // Not the name that is asked for: that cannot be an IP address.
  const checkIdentity = (_asked: string, certificate: PeerCertificate): Error | undefined =>
    checkServerIdentity(serverName ?? hostOf(endpoint), certificate);
  try {
    const context = createSecureContext({
      minVersion: 'TLSv1.2',
      secureOptions: NO_RENEGOTIATION,
      ...(cert && { cert }),
      ...(key && { key }),
      ...(ca && { ca }),
    });
    if (sessions === 'full') {
      return credentials.createFromSecureContext(context, { checkServerIdentity: checkIdentity });
    }
    return new ResumingCredentials({
      context,
      servername: askedName(security, endpoint),
      checkServerIdentity: checkIdentity,
      basis: [endpoint, serverName, cert, key, ca],
    });
  } catch (cause) {
    const reason = KedgeError.from(cause).message;
    throw new KedgeError('CONFIG', `option tls cannot be used: ${reason}`, { cause });
  }
}

/** The name to ask a node for; TLS does not allow an IP address there (RFC 6066 section 3). */
export function serverNameOption(security: Security, endpoint: string): ClientOptions {
  if (security.kind === 'plaintext') return {};
  return { 'grpc.ssl_target_name_override': askedName(security, endpoint) };
}

function askedName({ tls }: Extract<Security, { kind: 'tls' }>, endpoint: string): string {
  const host = hostOf(endpoint);
  return tls.serverName ?? (isIP(host) === 0 ? host : 'localhost');
}

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

async function readPem(
  tls: SourceTlsOptions,
  name: 'cert' | 'key' | 'ca',
): Promise<Buffer | undefined> {
  const value = tls[name];
  const file = tls[`${name}File`];
  if (value !== undefined) return Buffer.from(value);
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    const reason = KedgeError.from(cause).message;
    throw new KedgeError('CONFIG', `option tls.${name}File: ${reason}`, { cause });
  }
}
