/**
 * Programs that watch, by the thousand: each is one stream that says what a program would say.
 *
 * They verify nothing and share connections, so that a test of what nodes know about clients is not
 * one of TLS handshakes. What a client has said is its truth: tests compare it with what is told.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { type ChannelCredentials, Client, type ClientDuplexStream } from '@grpc/grpc-js';
import { encodeHex } from '../core/bytes.ts';
import type { BundleName, NodeId, RealmName, Sequence, Sha256 } from '../core/ids.ts';
import { parseNodeId } from '../core/ids.ts';
import { parseStatement } from '../core/statements/statement.ts';
import type { HeldRelease, Usage, WatchRequest } from '../core/watch/messages.ts';
import { TRUST_METHODS, WATCH_NODE_HEADER } from '../wire/methods.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../wire/watch.ts';

/** What all clients of a fleet have in common. */
export interface LeanOptions {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly bundle: BundleName;
}

/** What a client does with a release. */
export type LeanHabit = 'load' | 'deliver' | 'refuse';

/** How one client is. */
export interface LeanClientOptions extends LeanOptions {
  readonly labels?: ReadonlyMap<string, string>;
  /** Default `load`. */
  readonly habit?: LeanHabit;
}

/** Connections to one node: each carries up to 100 streams. */
export class LeanChannels implements Disposable {
  readonly #clients: readonly Client[];
  #next = 0;

  constructor(endpoint: string, credentials: ChannelCredentials, count: number, name?: string) {
    this.#clients = Array.from(
      { length: count },
      () =>
        new Client(endpoint, credentials, {
          'grpc.use_local_subchannel_pool': 1,
          'grpc.enable_retries': 0,
          'grpc.service_config_disable_resolution': 1,
          ...(name !== undefined && { 'grpc.ssl_target_name_override': name }),
        }),
    );
  }

  /** A new stream. */
  watch(): ClientDuplexStream<Buffer, Buffer> {
    const client = this.#clients[this.#next % this.#clients.length];
    this.#next += 1;
    if (client === undefined) throw new Error('no channels');
    const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
    return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }
}

/** One program. */
export class LeanClient {
  readonly instance: string = encodeHex(randomBytes(16));
  habit: LeanHabit;
  /** What it runs. */
  held: { readonly sequence: Sequence; readonly digest: Sha256 } | undefined;
  /** The highest sequence that it was sent; 0 for nothing. */
  sent = 0;
  /** The node that it is connected to; absent while it is not. */
  node: NodeId | undefined;
  readonly #options: LeanClientOptions;
  #call: ClientDuplexStream<Buffer, Buffer> | undefined;
  #before: NodeId | undefined;
  #streams = 0;

  constructor(options: LeanClientOptions) {
    this.#options = options;
    this.habit = options.habit ?? 'load';
  }

  /** Opens a stream; resolves when the node let it in. Errors: as the call ended. */
  async connect(channels: LeanChannels): Promise<void> {
    const call = channels.watch();
    this.#call = call;
    this.#streams += 1;
    const entered = new Promise<void>((resolve, reject) => {
      call.on('metadata', (metadata) => {
        const [name] = metadata.get(WATCH_NODE_HEADER);
        if (typeof name === 'string') this.node = parseNodeId(name);
        resolve();
      });
      call.on('error', (failure) => {
        if (this.#call === call) this.#lost();
        reject(failure);
      });
    });
    call.on('data', (bytes: Buffer) => this.#take(call, bytes));
    this.#say(call, { kind: 'start', start: this.#start() });
    await entered;
    this.#before = this.node;
  }

  /** Reports that it used anchors. */
  use(uses: Usage['uses'], untracked = false): void {
    const { bundle } = this.#options;
    if (this.#call !== undefined) {
      this.#say(this.#call, { kind: 'usage', usage: { bundle, uses, untracked } });
    }
  }

  /** Ends in order. */
  close(): void {
    this.#call?.end();
    this.#lost();
  }

  /** Breaks the stream. */
  break(): void {
    this.#call?.cancel();
    this.#lost();
  }

  #lost(): void {
    this.#call = undefined;
    this.node = undefined;
  }

  #start(): Extract<WatchRequest, { kind: 'start' }>['start'] {
    const { realm, firstCharterDigest, bundle, labels } = this.#options;
    return {
      realm,
      firstCharterDigest,
      charterVersion: 1,
      bundles: [{ bundle, held: this.held }],
      labels: labels ?? new Map(),
      wantsAttestations: false,
      instance: this.instance,
      streams: this.#streams,
      ...(this.#before !== undefined && { previousNode: this.#before }),
      reportsUsage: true,
    };
  }

  #take(call: ClientDuplexStream<Buffer, Buffer>, bytes: Buffer): void {
    const response = decodeWatchResponse(bytes);
    const last = response.kind === 'update' ? response.update.statements.at(-1) : undefined;
    if (last === undefined) return;
    const { sequence, digest } = parseStatement(last.payload);
    const at: HeldRelease = { bundle: this.#options.bundle, sequence, digest };
    this.sent = Math.max(this.sent, sequence);
    if (this.habit === 'refuse') {
      return this.#say(call, { kind: 'refusal', at, code: 'POLICY', reason: 'a test refuses' });
    }
    this.#say(call, { kind: 'acknowledgement', at, stage: 'delivered' });
    if (this.habit === 'deliver') return;
    this.held = { sequence, digest };
    this.#say(call, { kind: 'acknowledgement', at, stage: 'loaded' });
  }

  #say(call: ClientDuplexStream<Buffer, Buffer>, request: WatchRequest): void {
    if (call.writable) call.write(encodeWatchRequest(request));
  }
}
