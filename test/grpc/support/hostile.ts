/**
 * A peer with a valid certificate that says whatever a test wants, over real gRPC with mTLS.
 */
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  Client as GrpcClient,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import type { KedgeError } from '../../../src/core/errors.ts';
import type { FetchItem, FetchRequest, Frame, Hello } from '../../../src/core/gossip/frames.ts';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import { signMember } from '../../../src/core/membership/record.ts';
import type { GrpcServer } from '../../../src/grpc/server.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';
import { decodeFrame, encodeFrame } from '../../../src/wire/gossip.ts';
import { GOSSIP_METHODS } from '../../../src/wire/methods.ts';
import { callError } from '../../../src/wire/status.ts';
import { listen, liveTls, materialOf, until } from './listener.ts';

const NAME = 'evil-1';

/** A link of a hostile peer to a node. */
export class HostileLink {
  readonly frames: Frame[] = [];
  /** Why the node ended the link. */
  closed: KedgeError | undefined;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;

  constructor(client: Client) {
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.link;
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#call.on('data', (bytes: Buffer) => {
      const frame = decodeFrame(bytes);
      if (frame !== 'unknown') this.frames.push(frame);
    });
    this.#call.on('error', (failure) => {
      this.closed ??= callError(failure);
    });
  }

  send(frame: Frame): void {
    this.sendBytes(encodeFrame(frame));
  }

  /** True while the transport takes more. */
  sendBytes(bytes: Buffer): boolean {
    return this.#call.write(bytes);
  }

  /** Reads nothing from now on. */
  stall(): void {
    this.#call.pause();
  }

  cancel(): void {
    this.#call.cancel();
  }
}

/** A hostile peer of a realm. */
export class HostilePeer {
  /** What it was asked to stream. */
  readonly asked: (readonly FetchRequest[])[] = [];
  /** What it streams then. */
  answer: (requests: readonly FetchRequest[]) => AsyncIterable<FetchItem> = nothing;
  readonly #realm: TestRealm;
  #address = '';

  private constructor(realm: TestRealm) {
    this.#realm = realm;
  }

  static async start(realm: TestRealm): Promise<HostilePeer> {
    const peer = new HostilePeer(realm);
    const events = {
      linkUp: () => undefined,
      linkFrame: () => undefined,
      linkRefused: () => undefined,
      linkDown: () => undefined,
      linkFailed: () => undefined,
    };
    const fetchItems = (requests: readonly FetchRequest[]): AsyncIterable<FetchItem> => {
      peer.asked.push(requests);
      return peer.answer(requests);
    };
    const gossip = { self: parseNodeId(NAME), links: events, fetchItems };
    const tls = liveTls(materialOf(`node/${NAME}`));
    const { server } = await listen({ services: { gossip }, tls });
    peer.#address = server.address;
    return peer;
  }

  /** Opens a link and greets; resolves when the node has let it in, or has not. */
  async open(server: GrpcServer, change: Partial<Hello> = {}): Promise<HostileLink> {
    const { ca, key, cert } = materialOf(`node/${NAME}`);
    const client = new GrpcClient(server.address, credentials.createSsl(ca, key, cert), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.per_rpc_retry_buffer_size': 64 * 1024,
    });
    onTestFinished(() => {
      client.close();
    });
    const link = new HostileLink(client);
    const hello = testHello(NAME, this.#realm, {
      address: this.#address,
      region: parseRegionName('evil'),
      ...change,
    });
    link.send({ kind: 'hello', hello });
    await until(
      () => link.closed !== undefined || link.frames.some(({ kind }) => kind === 'digest'),
    );
    const { self, sign } = testMembership(hello);
    const members = [signMember({ ...self, incarnation: 1, status: 'alive' }, sign)];
    if (link.closed === undefined) {
      link.send({ kind: 'members', updates: { members, observations: [] } });
    }
    return link;
  }
}

async function* nothing(): AsyncGenerator<FetchItem> {
  // A peer that has nothing to say.
}
