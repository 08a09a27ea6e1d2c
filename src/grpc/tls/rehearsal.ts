/**
 * A handshake of a node with itself, in memory: would others let it in, and would it be believed?
 *
 * Peers of one realm use the same authorities, so a certificate that its own node refuses is
 * refused everywhere. The real thing is run instead of a prediction: OpenSSL judges the chain,
 * dates, usages and constraints, once as the caller and once as the one who is called.
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import { connect, createSecureContext, createServer } from 'node:tls';
import { type Authorities, chainOf } from './authorities.ts';
import { channelContext, listenerContext, MUTUAL } from './contexts.ts';
import type { TlsMaterial } from './live-tls.ts';

/** How a rehearsal went. */
export type Rehearsal =
  | { readonly outcome: 'good' }
  | { readonly outcome: 'refused'; readonly reason: string };

const WITHIN_MS = 5_000;

/** Rehearses; never rejects. */
export async function rehearse(material: TlsMaterial): Promise<Rehearsal> {
  try {
    const chain = await shakeHands(material);
    requireVoucher(material.callers, chain, 'who calls');
    requireVoucher(material.peers, chain, 'who is called');
    return { outcome: 'good' };
  } catch (thrown) {
    return { outcome: 'refused', reason: reasonOf(thrown) };
  }
}

/** Resolves with our chain, as the listening side saw it, when both sides accepted the other. */
async function shakeHands(material: TlsMaterial): Promise<readonly X509Certificate[]> {
  const [near, far] = pipe();
  const server = createServer({
    ...listenerContext(material),
    ...MUTUAL,
    handshakeTimeout: WITHIN_MS,
  });
  try {
    const called = new Promise<readonly X509Certificate[]>((resolve, reject) => {
      server.on('tlsClientError', (error) => reject(new Error('as a caller', { cause: error })));
      server.on('secureConnection', (socket) => {
        socket.on('error', () => undefined);
        resolve(chainOf(socket.getPeerX509Certificate()));
      });
    });
    // Whichever side fails first is the reason; the other one's failure follows from it.
    called.catch(() => undefined);
    server.emit('connection', far);
    const secureContext = createSecureContext(channelContext(material));
    await new Promise<void>((resolve, reject) => {
      const socket = connect(
        { socket: near, secureContext, checkServerIdentity: () => undefined },
        resolve,
      );
      socket.on('error', reject);
    });
    return await called;
  } finally {
    near.destroy();
    far.destroy();
  }
}

function requireVoucher(
  authorities: Authorities,
  chain: readonly X509Certificate[],
  role: string,
): void {
  if (authorities.vouchFor(chain) !== undefined) return;
  throw new Error(`no authority for ${role} vouches for a leaf of this age`);
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause, message } = thrown;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

/** Two ends of a line; a handshake is small, so nothing has to be held back. */
function pipe(): readonly [Duplex, Duplex] {
  const near: Duplex = end(() => far);
  const far: Duplex = end(() => near);
  return [near, far];
}

function end(other: () => Duplex): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      other().push(chunk);
      done();
    },
    final: (done) => {
      other().push(null);
      done();
    },
  });
}
