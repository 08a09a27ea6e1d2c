/**
 * Somebody who still has a leaf of the old CA: a plain TLS client without the SDK, with and without
 * a session that it saved while its leaf was good.
 *
 * @module
 */
import { connect, type SecureVersion } from 'node:tls';

/** What it connects with. */
export interface OldLeaf {
  readonly certPem: string;
  readonly keyPem: string;
  /** The authorities that it trusts servers by; not what is tested here. */
  readonly caPems: readonly string[];
}

/** How an attempt went. */
export type Attempt =
  | {
      readonly outcome: 'answered';
      readonly resumed: boolean;
      readonly session: Buffer | undefined;
    }
  | { readonly outcome: 'refused'; readonly reason: string };

const WAIT_MAX_MS = 5000;

/** The protocol versions that are tried; tickets work differently in each. */
export const TLS_VERSIONS: readonly SecureVersion[] = ['TLSv1.3', 'TLSv1.2'];

/**
 * Connects, asks for `/` and waits for the answer: with TLS 1.3 a server's refusal of a client
 * certificate arrives only after the client believes that the handshake is done.
 */
export async function attempt(
  port: number,
  leaf: OldLeaf,
  options: { readonly version: SecureVersion; readonly session?: Buffer | undefined },
): Promise<Attempt> {
  return await new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      cert: leaf.certPem,
      key: leaf.keyPem,
      ca: [...leaf.caPems],
      minVersion: options.version,
      maxVersion: options.version,
      ...(options.session === undefined ? {} : { session: options.session }),
    });
    let session: Buffer | undefined;
    let resumed = false;
    let answer = '';
    let reason = 'closed without an answer';
    socket.on('session', (ticket) => {
      session = ticket;
    });
    socket.on('secureConnect', () => {
      resumed = socket.isSessionReused();
      // TLS 1.2 has its ticket in the handshake and not always an event.
      if (options.version === 'TLSv1.2') session = socket.getSession();
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    });
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', (error: Error) => {
      reason = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
    });
    socket.setTimeout(WAIT_MAX_MS, () => socket.destroy(new Error('timeout')));
    socket.on('close', () => {
      if (!answer.startsWith('HTTP/1.1 200')) return resolve({ outcome: 'refused', reason });
      return resolve({ outcome: 'answered', resumed, session });
    });
  });
}
