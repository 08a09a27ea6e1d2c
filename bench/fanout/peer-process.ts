/**
 * Servers of other systems over mTLS on loopback: how they are started and dialled.
 *
 * @module
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { LinkFiles } from '../../demo/messages.ts';
import { startProcess, type TestProcess } from '../../src/testing/processes.ts';
import { SESSION_FIRST } from '../machine.ts';
import { dial } from '../replication/servers.ts';

const HOST = '127.0.0.1';

/** Starts a program in a session of its own and waits until somebody listens on its port. */
export async function startPeer(command: readonly string[], port: number): Promise<TestProcess> {
  const [name = ''] = command;
  const argv = [...SESSION_FIRST, ...command];
  const server = await startProcess({ program: 'setsid', argv, name });
  try {
    (await dial(HOST, port)).destroy();
  } catch (cause) {
    const said = [...server.stdout, ...server.stderr].slice(-5).join(' | ');
    await server.kill();
    throw new Error(`${name} does not listen: ${said}`, { cause });
  }
  return server;
}

/** Key and certificates of somebody, read from their files. */
export function credentialsOf(tls: LinkFiles): {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
} {
  return {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    ca: readFileSync(tls.caFile),
  };
}

/** Begins TLS, on a connection that is there or on a new one. */
export async function secure(tls: LinkFiles, on: Socket): Promise<TLSSocket> {
  const socket = connectTls({ socket: on, ...credentialsOf(tls), servername: tls.serverName });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

/** Connects with TLS. */
export async function dialSecure(tls: LinkFiles, port: number): Promise<TLSSocket> {
  return await secure(tls, await dial(HOST, port));
}
