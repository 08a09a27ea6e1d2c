/**
 * Real TLS over loopback for the tests of live trust.
 */

import { Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { TestIdentity } from '../../../src/testing/pki.ts';

export type Version = 'TLSv1.2' | 'TLSv1.3';

export async function listen(server: NetServer): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        if (server instanceof HttpsServer) server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  return (server.address() as AddressInfo).port;
}

export interface Handshake {
  /** What the server said first, or the reason why there was no connection. */
  readonly outcome: string;
  readonly isReused: boolean;
  readonly session: Buffer | undefined;
}

/**
 * Connects, reads the server's first line, and says whether a session was resumed. In TLS 1.3 a
 * server refuses a client after the client's handshake is done, so only an answer counts.
 */
export function shake(port: number, options: ConnectionOptions): Promise<Handshake> {
  return new Promise((resolve) => {
    let session: Buffer | undefined;
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ...options,
    });
    let isReused = false;
    let said = '';
    socket.on('session', (fresh: Buffer) => {
      session = fresh;
    });
    socket.on('secureConnect', () => {
      isReused = socket.isSessionReused();
    });
    socket.on('data', (data: Buffer) => {
      said += data.toString();
      socket.end();
    });
    socket.on('error', (error: Error) => resolve({ outcome: error.message, isReused, session }));
    socket.on('close', () =>
      resolve({ outcome: said === '' ? 'closed' : said, isReused, session }),
    );
  });
}

/** A client's identity as options of `tls.connect`. */
export function as(identity: TestIdentity, ca: string): ConnectionOptions {
  return { cert: identity.certificatePem, key: identity.keyPem, ca };
}

/** An identity as the SDK takes it. */
export function tlsIdentity(identity: TestIdentity): { cert: string; key: string } {
  return { cert: identity.certificatePem, key: identity.keyPem };
}

/** Waits until something holds; the test ends it when that never happens. */
export async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}

/** Lets everything that is on its way arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
}
