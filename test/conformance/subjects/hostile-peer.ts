/**
 * A configured peer of a node that says whatever a case wants, over real gRPC: it opens a link and
 * pushes, and it answers when the node fetches.
 */
import {
  Client,
  type ClientDuplexStream,
  credentials,
  type handleServerStreamingCall,
  Metadata,
  Server,
  ServerCredentials,
} from '@grpc/grpc-js';
import type { KedgeError } from '../../../src/core/errors.ts';
import {
  type FetchItem,
  type Frame,
  type Hello,
  PROTOCOL_VERSION,
} from '../../../src/core/gossip/frames.ts';
import {
  parseNodeId,
  parseRealmName,
  parseRegionName,
  parseSha256,
  type RegionName,
} from '../../../src/core/ids.ts';
import { NODE_ID_HEADER } from '../../../src/grpc/calls/caller.ts';
import {
  decodeFetchRequest,
  decodeFrame,
  encodeFetchItem,
  encodeFrame,
} from '../../../src/wire/gossip.ts';
import { GOSSIP_METHODS } from '../../../src/wire/methods.ts';
import { callError } from '../../../src/wire/status.ts';
import type { ConformanceCase } from '../format.ts';
import { eventually } from './recorder.ts';
import { lastOf } from './subject.ts';

/** Where hostile peers say that they are. */
export const ELSEWHERE: RegionName = parseRegionName('fra');

/** What a peer answers to every fetch of the node, until it is told something else. */
export class LyingServer implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;
  items: readonly FetchItem[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(): Promise<LyingServer> {
    const server = new Server();
    const fetch: handleServerStreamingCall<Buffer, Buffer> = (call) => {
      const requests = decodeFetchRequest(call.request);
      for (const { stream } of requests) {
        for (const item of liar.items) {
          if (isOf(stream, item)) call.write(encodeFetchItem(item));
        }
        if (requests.length > 1) call.write(encodeFetchItem({ kind: 'over', outcome: 'sent' }));
      }
      call.end();
    };
    // It opens links itself; to those of the node it does not answer.
    server.addService({ fetch: GOSSIP_METHODS.fetch }, { fetch });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    const liar = new LyingServer(server, port);
    return liar;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

/** One open link of a peer. */
export class PeerLink implements Disposable {
  readonly frames: Frame[] = [];
  /** Why the node closed the link. */
  closed: KedgeError | undefined;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;

  private constructor(client: Client, call: ClientDuplexStream<Buffer, Buffer>) {
    this.#client = client;
    this.#call = call;
    call.on('data', (bytes: Buffer) => {
      const frame = decodeFrame(bytes);
      if (frame !== 'unknown') this.frames.push(frame);
    });
    call.on('error', (failure) => {
      this.closed ??= callError(failure);
    });
    call.on('end', () => {
      this.closed ??= callError(new Error('the node ended the link'));
    });
  }

  /** Opens a link and greets; resolves when the node has let it in. */
  static async open(address: string, hello: Hello): Promise<PeerLink> {
    const client = new Client(address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
    });
    const metadata = new Metadata();
    metadata.set(NODE_ID_HEADER, hello.nodeId);
    const { path, requestSerialize, responseDeserialize } = GOSSIP_METHODS.link;
    const call = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    );
    const link = new PeerLink(client, call);
    link.send({ kind: 'hello', hello });
    await eventually('the node to let a peer in', () => {
      if (link.closed !== undefined) throw link.closed;
      return link.frames.find(({ kind }) => kind === 'digest');
    });
    return link;
  }

  send(frame: Frame): void {
    this.sendBytes(encodeFrame(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes));
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
    this.#client.close();
  }
}

/** Whether an item is of the stream that was asked for, or of none that can be read. */
function isOf(stream: string, item: FetchItem): boolean {
  const entry = item.kind === 'entry' ? lastOf([item.entry.statement]) : undefined;
  return entry === undefined || entry.stream === stream;
}

/** The greeting of a peer that answers fetches at `address`. */
export function helloOf(
  name: string,
  { realm, pin }: ConformanceCase,
  address: string,
  region: RegionName = ELSEWHERE,
): Hello {
  return {
    protocolVersion: PROTOCOL_VERSION,
    nodeId: parseNodeId(name),
    region,
    realm: parseRealmName(realm),
    firstCharterDigest: parseSha256(pin),
    bootId: '0'.repeat(32),
    storeId: '1'.repeat(32),
    address,
  };
}
