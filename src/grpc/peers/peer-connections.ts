/**
 * Connections to peers by node, and what becomes of them when our certificate or our trust changes.
 *
 * Credentials are looked up when a connection is made. When trust has changed, a connection whose
 * authority left is cut off at once; the others are replaced, each at a random moment of the first
 * half of the time that a move may take: the owner dials once more while the old connection still
 * works, and the old one goes when nothing uses it, at the latest at the end of that time. After a
 * renewal of our own pair alone, the next connection shows it and existing ones stay.
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';
import { Client, type ClientOptions } from '@grpc/grpc-js';
import { KedgeError } from '../../core/errors.ts';
import type { NodeId } from '../../core/ids.ts';
import type { DialTarget } from '../../core/peer.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { CertificateNames } from '../../service/identity.ts';
import type { AuthorityId } from '../tls/authorities.ts';
import { mutualTlsChannel, plaintextChannel } from '../tls/credentials.ts';
import type { LiveTls } from '../tls/live-tls.ts';

/** What connections work with. */
export interface PeerConnectionsOptions {
  /** Absent: plaintext, to loopback addresses only. */
  readonly tls: LiveTls | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly channelOptions: ClientOptions;
  /** Whose certificate it is. Errors: `ACCESS` when it is no node's. */
  readonly nodeOf: (names: CertificateNames) => NodeId;
  /** Dials a peer once more, on a new connection. */
  readonly onMove: (target: DialTarget) => void;
}

/** A connection without a call is closed after so long: fetches come in groups. */
const IDLE_MS = 15_000;

/** The name for SNI towards a seed, of which only the address is known. */
const SEED_NAME = 'kedge-node';

/** A call on a connection. */
interface OpenCall {
  readonly kind: 'link' | 'fetch';
  cancel(): void;
}

/** One connection to one peer. */
export class PeerConnection {
  readonly target: DialTarget;
  readonly client: Client;
  /** The material that it was made with. */
  readonly revision: number;
  /** Whose certificate was shown; absent before the handshake, and without TLS. */
  nodeId: NodeId | undefined;
  chain: readonly X509Certificate[] = [];
  voucher: AuthorityId | undefined;
  readonly #clock: Clock;
  readonly #onClosed: () => void;
  readonly #calls: Set<OpenCall> = new Set();
  #idle: ClockTimer | undefined;
  #isRetired = false;
  #isClosed = false;

  constructor(parts: {
    readonly target: DialTarget;
    readonly client: Client;
    readonly revision: number;
    readonly clock: Clock;
    readonly onClosed: () => void;
  }) {
    this.#clock = parts.clock;
    this.target = parts.target;
    this.client = parts.client;
    this.revision = parts.revision;
    this.#onClosed = parts.onClosed;
  }

  /** Says whether a link uses it. */
  get hasLink(): boolean {
    return [...this.#calls].some(({ kind }) => kind === 'link');
  }

  /** Notes a call on it. The returned function says that it is over. */
  track(call: OpenCall): () => void {
    this.#calls.add(call);
    this.#idle?.[Symbol.dispose]();
    return () => {
      this.#calls.delete(call);
      if (this.#calls.size === 0) this.#unused();
    };
  }

  /** Closes when the last call on it is over. */
  retire(): void {
    this.#isRetired = true;
    if (this.#calls.size === 0) this.close();
  }

  /** Ends its calls and closes. */
  cut(): void {
    for (const call of [...this.#calls]) call.cancel();
    this.close();
  }

  /** Closes; calls on it end by themselves. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#idle?.[Symbol.dispose]();
    this.client.close();
    this.#onClosed();
  }

  /** It stays for a while: a link that gave way to a better one leaves it to fetches. */
  #unused(): void {
    if (this.#isClosed) return;
    if (this.#isRetired) return this.close();
    this.#idle?.[Symbol.dispose]();
    this.#idle = this.#clock.setTimer(IDLE_MS, () => this.close());
  }
}

/** All connections of one node. */
export class PeerConnections implements Disposable {
  readonly #options: PeerConnectionsOptions;
  readonly #newest: Map<string, PeerConnection> = new Map();
  readonly #all: Set<PeerConnection> = new Set();
  readonly #timers: Set<ClockTimer> = new Set();
  readonly #following: Disposable | undefined;
  #tag: string | undefined;

  constructor(options: PeerConnectionsOptions) {
    this.#options = options;
    this.#tag = options.tls?.current.peers.tag;
    this.#following = options.tls?.onChange(() => this.#follow());
  }

  /** The connection to a peer, made with what is current. */
  to(target: DialTarget): PeerConnection {
    const key = keyOf(target);
    const known = this.#newest.get(key);
    if (known?.revision === this.#revision) return known;
    known?.retire();
    const made = this.#connect(target);
    this.#newest.set(key, made);
    return made;
  }

  /** Closes all. */
  [Symbol.dispose](): void {
    this.#following?.[Symbol.dispose]();
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const connection of [...this.#all]) connection.close();
  }

  get #revision(): number {
    return this.#options.tls?.revision ?? 0;
  }

  #connect(target: DialTarget): PeerConnection {
    const { address } = target;
    const { tls, channelOptions } = this.#options;
    const credentials =
      tls === undefined
        ? plaintextChannel(address)
        : mutualTlsChannel(tls.current, (names, chain) => {
            made.nodeId = this.#identify(names, target);
            this.#judge(made, chain);
          });
    const client = new Client(`dns:${address}`, credentials, {
      ...channelOptions,
      // The name for SNI, which must not be an IP address; who it is, `credentials` check.
      'grpc.ssl_target_name_override': target.nodeId ?? SEED_NAME,
    });
    const made: PeerConnection = new PeerConnection({
      target,
      client,
      revision: this.#revision,
      clock: this.#options.clock,
      onClosed: () => {
        this.#all.delete(made);
        if (this.#newest.get(keyOf(target)) === made) this.#newest.delete(keyOf(target));
      },
    });
    this.#all.add(made);
    return made;
  }

  /** Whom the certificate names. Errors: `ACCESS`, also for another node than the one dialled. */
  #identify(names: CertificateNames, { nodeId: expected }: DialTarget): NodeId {
    const found = this.#options.nodeOf(names);
    if (expected === undefined || found === expected) return found;
    throw new KedgeError('ACCESS', `the certificate is that of ${found}, not of ${expected}`, {
      detail: { expected, found },
    });
  }

  /** Notes who vouches for a peer now. Errors: `ACCESS` when nobody does. */
  #judge(connection: PeerConnection, chain: readonly X509Certificate[]): void {
    const { tls } = this.#options;
    const { voucher: known } = connection;
    connection.chain = chain;
    connection.voucher = tls?.current.peers.vouchFor(chain, known);
    if (connection.voucher !== undefined) return;
    const names = `no authority vouches for ${nameOf(connection)}`;
    throw new KedgeError('ACCESS', `${names}: its certificate must come from one that is trusted`);
  }

  #follow(): void {
    const { tls } = this.#options;
    if (tls === undefined || tls.current.peers.tag === this.#tag) return;
    this.#tag = tls.current.peers.tag;
    const { withinMs, random } = tls.moves;
    for (const connection of [...this.#all]) {
      // One that is still connecting is judged by the new set when its handshake ends.
      if (connection.chain.length > 0 && this.#cutWhenUnknown(connection) === 'cut') continue;
      this.#after(Math.round((withinMs / 2) * random()), () => this.#move(connection));
      this.#after(withinMs, () => connection.cut());
    }
  }

  #cutWhenUnknown(connection: PeerConnection): 'cut' | 'known' {
    try {
      this.#judge(connection, connection.chain);
      return 'known';
    } catch (thrown) {
      const nodeId = nameOf(connection);
      const { logger, metrics } = this.#options;
      const side = 'dialled';
      metrics.increment('kedge_connections_cut_total', { side });
      const reason = KedgeError.from(thrown).message;
      logger.warn({ event: 'connection.cut', side, nodeId, reason }, 'link cut off');
      connection.cut();
      return 'cut';
    }
  }

  #move(connection: PeerConnection): void {
    const { target, nodeId } = connection;
    if (!connection.hasLink || this.#newest.get(keyOf(target)) !== connection) return;
    this.#options.metrics.increment('kedge_connections_moved_total', { side: 'dialled' });
    this.#options.onMove(nodeId === undefined ? target : { ...target, nodeId });
  }

  #after(delayMs: number, onDue: () => void): void {
    const timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      onDue();
    });
    this.#timers.add(timer);
  }
}

function keyOf({ nodeId, address }: DialTarget): string {
  return `${nodeId ?? ''}@${address}`;
}

function nameOf({ nodeId, target }: PeerConnection): string {
  return nodeId ?? target.nodeId ?? target.address;
}
