/**
 * Channel credentials of grpc-js whose TLS sessions are resumed.
 *
 * A program whose node restarts comes back together with all others, and a resumed handshake costs
 * the node half of a full one. grpc-js keeps no sessions, so its connector is replaced by one that
 * does. A session is used for nothing but the same endpoint, name, certificate and authorities,
 * because Node does not check the name of the other side again when a session is resumed. It is
 * used until it fails or the node's limit of seven days is over: a server that runs on Node gives
 * out no new one to who resumes.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls';
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js';

/** Endpoints and identities whose last session is kept. */
const SESSIONS_MAX = 64;

/** The newest session for each purpose; the oldest one gives way. */
const sessions = new Map<string, Buffer>();

/** How to connect with TLS. */
export interface ResumingOptions {
  readonly context: SecureContext;
  /** The name that is asked for. */
  readonly servername: string;
  readonly checkServerIdentity: (asked: string, certificate: PeerCertificate) => Error | undefined;
  /** All that a session depends on; only its digest is kept. */
  readonly basis: readonly (string | Buffer | undefined)[];
}

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/** Credentials that resume. */
export class ResumingCredentials extends ChannelCredentials {
  readonly #options: ResumingOptions;
  readonly #id: string;

  constructor(options: ResumingOptions) {
    super();
    this.#options = options;
    this.#id = idOf(options.basis);
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    ...[, , call = CallCredentials.createEmpty()]: Parameters<
      ChannelCredentials['_createSecureConnector']
    >
  ): Connector {
    return {
      connect: async (socket) => ({ socket: await this.#connect(socket), secure: true }),
      waitForReady: async () => undefined,
      getCallCredentials: () => call,
      destroy: () => undefined,
    };
  }

  async #connect(transport: Socket): Promise<Socket> {
    const { context, servername, checkServerIdentity } = this.#options;
    const session = sessions.get(this.#id);
    const options: ConnectionOptions = {
      socket: transport,
      secureContext: context,
      servername,
      checkServerIdentity,
      ALPNProtocols: ['h2'],
      ...(session && { session }),
    };
    return await new Promise((resolve, reject) => {
      const socket = connectTls(options, () => resolve(socket));
      // Later ones close it, and who uses it hears that.
      socket.on('error', (error: Error) => {
        // A session that fails must not fail twice.
        if (sessions.get(this.#id) === session) sessions.delete(this.#id);
        reject(error);
      });
      // With TLS 1.3 they come after the handshake.
      socket.on('session', (next: Buffer) => keep(this.#id, next));
    });
  }
}

function keep(id: string, session: Buffer): void {
  sessions.delete(id);
  sessions.set(id, session);
  const [oldest] = sessions.keys();
  if (sessions.size > SESSIONS_MAX && oldest !== undefined) sessions.delete(oldest);
}

function idOf(basis: ResumingOptions['basis']): string {
  const hash = createHash('sha256');
  for (const part of basis) hash.update(`${part?.length ?? -1} `).update(part ?? '');
  return hash.digest('base64');
}
