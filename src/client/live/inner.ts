/**
 * What Node and undici keep under names that are not public: read here alone, so that a change of
 * theirs is found in one place. Whoever asks does without where it is gone, or fails closed; tests
 * with real sockets fail when something moves.
 *
 * @module
 */
import { EventEmitter } from 'node:events';
import type { Http2Session } from 'node:http2';
import type { Server as HttpsServer } from 'node:https';
import type { Server, TLSSocket } from 'node:tls';

const SHARED_CONTEXT = '_sharedCreds';

/** The object under a name; an empty one when there is none. */
export function innerObject(owner: unknown, name: string): object {
  const value: unknown = isObject(owner) ? Reflect.get(owner, name) : undefined;
  return isObject(value) ? value : {};
}

/** What reads PEM into a context: certificates that it trusts, or the own one. */
export type PemTaker = (pem: string | Uint8Array) => void;

/** Takes one more CA into a context of `createSecureContext`, as `ca` does. */
export function caTaker(context: object): PemTaker | undefined {
  return taker(context, 'addCACert');
}

/** Takes the own certificate anew, as `cert` does. */
export function certTaker(context: object): PemTaker | undefined {
  return taker(context, 'setCert');
}

/** The context of a TLS server, with which each connection begins; one that can be replaced. */
export function sharedContext(server: Server | HttpsServer): object | undefined {
  const property = Object.getOwnPropertyDescriptor(server, SHARED_CONTEXT);
  const value: unknown = property?.value;
  return property?.writable === true && isObject(value) ? value : undefined;
}

/** Replaces it. */
export function shareContext(server: Server | HttpsServer, context: object): void {
  Reflect.set(server, SHARED_CONTEXT, context);
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

function taker(context: object, name: string): PemTaker | undefined {
  const inner = innerObject(context, 'context');
  const take: unknown = Reflect.get(inner, name);
  if (typeof take !== 'function') return undefined;
  return (pem) => void Reflect.apply(take, inner, [pem]);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isSession(value: unknown): value is Http2Session {
  return value instanceof EventEmitter && typeof Reflect.get(value, 'goaway') === 'function';
}
