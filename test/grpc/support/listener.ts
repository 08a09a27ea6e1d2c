/**
 * A real listener on loopback with real mTLS, in front of services that a test scripts.
 */
import { X509Certificate } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  type ChannelCredentials,
  Client,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import type { NodeStatus } from '../../../src/core/admin/messages.ts';
import { type ErrorCode, type KedgeError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/core/gossip/frames.ts';
import {
  NO_PREVIOUS,
  type NodeId,
  parseNodeId,
  parseRealmName,
  parseRegionName,
  parseSequence,
  parseStreamName,
} from '../../../src/core/ids.ts';
import type { StreamAttestation } from '../../../src/core/log/attested.ts';
import type { DialTarget } from '../../../src/core/peer.ts';
import type { WatchRequest } from '../../../src/core/watch/messages.ts';
import type { LinkEvents } from '../../../src/grpc/peers/link-session.ts';
import { GrpcServer, type ListenerServices } from '../../../src/grpc/server.ts';
import { Authorities } from '../../../src/grpc/tls/authorities.ts';
import { LiveTls, type TlsMaterial } from '../../../src/grpc/tls/live-tls.ts';
import type { WatchServices } from '../../../src/grpc/trust-handler.ts';
import type { WorkersSetting } from '../../../src/grpc/workers/tls-workers.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { type Metrics, noMetrics } from '../../../src/ports/metrics.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import type { SubscriberSink } from '../../../src/service/clients/subscriber.ts';
import { CallerDirectory, type CallerIdentity } from '../../../src/service/identity.ts';
import type { LinkHandle } from '../../../src/service/replication/peer-transport.ts';
import { createTestPki, type TestPki } from '../../../src/testing/pki.ts';
import type { RawMethod } from '../../../src/wire/methods.ts';
import { callError } from '../../../src/wire/status.ts';

export const DOMAIN: string = 'spiffe://prod.example.org';
export const IAD: NodeId = parseNodeId('iad-1');
export const FRA: NodeId = parseNodeId('fra-1');

const pki: TestPki = createTestPki();

/** The files of an identity: certificate chain, key, authorities. */
export interface TlsPems {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/** What a node makes of its files when they name one authority. */
export function tlsMaterial({ cert, key, ca }: TlsPems): TlsMaterial {
  const trusted = new Authorities([{ certificate: new X509Certificate(ca), state: 'active' }]);
  return { cert, key, callers: trusted, peers: trusted };
}

/** TLS that follows nothing. */
export function liveTls(pems: TlsPems): LiveTls {
  return new LiveTls(tlsMaterial(pems), { withinMs: 60_000, random: Math.random });
}

/** The files of an identity below {@link DOMAIN}. */
export function materialOf(path: string, from: TestPki = pki): TlsPems {
  const { certificatePem, keyPem } = from.issue(path.replaceAll('/', '-'), {
    uris: [`${DOMAIN}/${path}`],
  });
  return {
    cert: Buffer.from(certificatePem),
    key: Buffer.from(keyPem),
    ca: Buffer.from(pki.caPem),
  };
}

export const nodeTls: TlsPems = materialOf('node/iad-1');
export const peerTls: TlsPems = materialOf('node/fra-1');
export const clientTls: TlsPems = materialOf('client/billing');
export const adminTls: TlsPems = materialOf('admin/alice');

export const directory: CallerDirectory = new CallerDirectory({
  identities: [
    { id: `${DOMAIN}/client/*`, roles: ['client'] },
    { id: `${DOMAIN}/admin/*`, roles: ['admin'] },
  ],
  peerIdentity: `${DOMAIN}/node/{node}`,
});

/** Log lines of one listener. */
export class LogLines implements Logger {
  readonly lines: LogFields[] = [];

  debug(fields: LogFields): void {
    this.lines.push(fields);
  }

  info(fields: LogFields): void {
    this.lines.push(fields);
  }

  warn(fields: LogFields): void {
    this.lines.push(fields);
  }

  error(fields: LogFields): void {
    this.lines.push(fields);
  }

  child(): Logger {
    return this;
  }
}

export interface ListenerOptions {
  readonly services: ListenerServices;
  readonly tls?: LiveTls | 'plaintext';
  readonly clock?: Clock;
  readonly maxStreamsPerConnection?: number;
  readonly metrics?: Metrics;
  /** Default: a free port on loopback. */
  readonly address?: string;
  /** Processes that do TLS; default none. */
  readonly workers?: WorkersSetting;
}

/** Two workers, as they were built. */
export const twoWorkers: WorkersSetting = {
  count: 2,
  program: fileURLToPath(new URL('../../../dist/src/grpc/workers/main.js', import.meta.url)),
};

/** A running listener that goes away with its test. */
export async function listen(
  options: ListenerOptions,
): Promise<{ readonly server: GrpcServer; readonly log: LogLines }> {
  const {
    services,
    tls = liveTls(nodeTls),
    clock = systemClock,
    maxStreamsPerConnection = 100,
    metrics = noMetrics,
    workers,
    address = '127.0.0.1:0',
  } = options;
  const log = new LogLines();
  const server = await GrpcServer.start({
    address,
    tls: tls === 'plaintext' ? undefined : tls,
    workers,
    callers: { directory, transport: tls === 'plaintext' ? 'plaintext' : 'mtls' },
    services,
    maxStreamsPerConnection,
    clock,
    logger: log,
    metrics,
  });
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
  });
  return { server, log };
}

/** Channel credentials of a caller; `undefined` presents no certificate. */
export function callerCredentials(material: TlsPems | undefined): ChannelCredentials {
  if (material === undefined) return credentials.createSsl(Buffer.from(pki.caPem));
  return credentials.createSsl(material.ca, material.key, material.cert);
}

/** A gRPC client that goes away with its test. */
export function connect(server: GrpcServer, channel: ChannelCredentials): Client {
  const client = new Client(server.address, channel, {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    'grpc.max_send_message_length': -1,
  });
  onTestFinished(() => {
    client.close();
  });
  return client;
}

/** Calls a unary method; the answer, or the error. */
export async function callUnary(
  client: Client,
  method: RawMethod,
  request: Buffer = Buffer.alloc(0),
  options: { readonly deadline?: number } = {},
): Promise<Buffer | KedgeError> {
  return await new Promise((resolve) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      options,
      (failure: ServiceError | null, answer?: Buffer) => {
        if (failure !== null) resolve(callError(failure));
        else resolve(answer ?? Buffer.alloc(0));
      },
    );
  });
}

/** The code of an error, or `answered`. */
export function codeOf(result: Buffer | KedgeError): ErrorCode | 'answered' {
  return Buffer.isBuffer(result) ? 'answered' : result.code;
}

/** The first value of the next event. */
export async function nextEvent(emitter: EventEmitter, name: string): Promise<unknown> {
  const values: readonly unknown[] = await once(emitter, name);
  return values[0];
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, timeoutMs = 8_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > endMs) {
      throw new Error(`not within ${timeoutMs} ms: ${String(condition)}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

export const status: NodeStatus = {
  nodeId: IAD,
  region: parseRegionName('iad'),
  realm: parseRealmName('prod.example.org'),
  version: '0.1.0',
  firstCharterDigest: NO_PREVIOUS,
  startedAtMs: 1,
  root: NO_PREVIOUS,
  streams: [],
  behind: 0,
  repair: {},
  peers: [],
  failingSeeds: [],
  tlsWorkers: [],
  subscribers: [],
  regions: [],
};

/** What an admin is told that regions attest; nothing of it is true. */
export const attestation: StreamAttestation = {
  leaf: {
    checkpoint: {
      realm: parseRealmName('prod.example.org'),
      stream: parseStreamName('charter'),
      size: 1,
      root: NO_PREVIOUS,
    },
    lines: [{ name: 'somebody', keyHash: '00000000', signature: Uint8Array.of(1) }],
    proof: [],
  },
  heartbeats: [],
};

/** Admin services that answer at once with little. */
export function plainAdmin(
  overrides: Partial<NonNullable<ListenerServices['admin']>> = {},
): NonNullable<ListenerServices['admin']> {
  return {
    submit: async () => ({
      stream: parseStreamName('charter'),
      sequence: parseSequence(1),
      digest: NO_PREVIOUS,
      novelty: 'new',
    }),
    queries: {
      document: async () => undefined,
      streams: async () => [],
      history: async () => [],
      blobs: async () => [],
      checkpoint: async () => attestation,
      status: async () => status,
    },
    ...overrides,
  };
}

/** A subscription that remembers what happened to it. */
export class ScriptedWatch implements WatchServices {
  readonly requests: WatchRequest[] = [];
  readonly callers: CallerIdentity[] = [];
  sink: SubscriberSink | undefined;
  drains = 0;
  closes = 0;
  /** How the last stream ended. */
  ended: 'well' | 'broken' | undefined;

  open(sink: SubscriberSink, identity: CallerIdentity): ReturnType<WatchServices['open']> {
    this.sink = sink;
    this.callers.push(identity);
    return {
      receive: (request) => void this.requests.push(request),
      drained: () => void (this.drains += 1),
      closed: (how) => {
        this.closes += 1;
        this.ended = how;
      },
    };
  }
}

/** A replicator that remembers what happened to its links. */
export class ScriptedLinks implements LinkEvents {
  readonly up: { readonly link: LinkHandle; readonly nodeId: string; readonly by: string }[] = [];
  readonly frames: Frame[] = [];
  readonly down: (KedgeError | undefined)[] = [];
  readonly failed: { readonly target: DialTarget; readonly error: KedgeError }[] = [];

  linkUp: LinkEvents['linkUp'] = (link, nodeId, target) => {
    this.up.push({ link, nodeId, by: target === undefined ? 'accepted' : 'dialled' });
  };
  linkFrame: LinkEvents['linkFrame'] = (_linkId, frame) => {
    if (frame !== 'unknown') this.frames.push(frame);
  };
  linkDown: LinkEvents['linkDown'] = (_linkId, error) => {
    this.down.push(error);
  };
  linkRefused: LinkEvents['linkRefused'] = () => undefined;
  linkFailed: LinkEvents['linkFailed'] = (target, error) => {
    this.failed.push({ target, error });
  };

  /** The newest link. */
  get link(): LinkHandle {
    const link = this.up.at(-1)?.link;
    if (link === undefined) throw new Error('no link is up');
    return link;
  }
}
