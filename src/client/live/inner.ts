/**
 * What Node and undici keep under names that are not public: read here alone, so that a change of
 * theirs is found in one place. Whoever asks does without where it is gone, or fails closed; tests
 * with real sockets fail when something moves.
 *
 * @module
 */
import { EventEmitter } from 'node:events';
import type { Http2Session } from 'node:http2';
import type { TLSSocket } from 'node:tls';

/** The object under a name; an empty one when there is none. */
export function innerObject(owner: unknown, name: string): object {
  const value: unknown = isObject(owner) ? Reflect.get(owner, name) : undefined;
  return isObject(value) ? value : {};
}

/** The HTTP/2 session that a socket carries, which Node keeps on the socket. */
export function sessionOn(socket: TLSSocket): Http2Session | undefined {
  return Reflect.ownKeys(socket)
    .map((key): unknown => Reflect.get(socket, key))
    .find(isSession);
}

/**
 * Ends a connection whose other side begins a second handshake. `disableRenegotiation` of Node
 * tells the program and goes on. Where the context is ours, OpenSSL refuses it before.
 */
export function refuseRenegotiation(socket: TLSSocket): void {
  // TLS 1.3 has none.
  if (socket.getProtocol() === 'TLSv1.3') return;
  const onStart = (): void => process.nextTick(() => void socket.destroy());
  Reflect.set(innerObject(socket, '_handle'), 'onhandshakestart', onStart);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isSession(value: unknown): value is Http2Session {
  return value instanceof EventEmitter && typeof Reflect.get(value, 'goaway') === 'function';
}
