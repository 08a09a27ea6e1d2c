/**
 * The sockets of one attempt to connect, so that giving up leaves none behind.
 *
 * grpc-js offers no way to end an attempt: a closed channel lets its connection go on to wait for
 * the other side, with a socket that keeps the process alive for as long as the operating system
 * is patient. Node tells of every socket that is opened, and in which asynchronous context. To
 * know that, Node 20 follows each promise of the whole program, so it has to only while there are
 * attempts.
 *
 * @module
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
// Not the global one, which tests of programs replace by one that stands still.
import { setTimeout } from 'node:timers';

/** For how long an attempt that was given up may open sockets: resolvers of names are patient. */
const LATE_MS = 60_000;

const attempts = new AsyncLocalStorage<DialSockets>();
let isSubscribed = false;
/** Attempts that may open sockets. */
const underWay = new Set<DialSockets>();

/** What one attempt has opened. */
export class DialSockets {
  readonly #open: Set<Socket> = new Set();
  #isOver = false;

  /** Runs `work`; sockets that it opens, now or later, belong to this attempt. */
  run<Result>(work: () => Result): Result {
    if (!isSubscribed) {
      isSubscribed = true;
      subscribe('net.client.socket', noteSocket);
    }
    underWay.add(this);
    return attempts.run(this, work);
  }

  add(socket: Socket): void {
    if (this.#isOver) {
      // A name was looked up until now. Not at once: who opens it connects it after this.
      setImmediate(() => socket.destroy());
      return;
    }
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  /** The attempt has come to its end, and opens no more. */
  end(): void {
    underWay.delete(this);
    if (underWay.size === 0) attempts.disable();
  }

  /** Ends all of them at once, and those that are opened later. */
  destroy(): void {
    this.#isOver = true;
    for (const socket of this.#open) socket.destroy();
    setTimeout(() => this.end(), LATE_MS).unref();
  }
}

function noteSocket(message: unknown): void {
  if (typeof message !== 'object' || message === null || !('socket' in message)) return;
  if (message.socket instanceof Socket) attempts.getStore()?.add(message.socket);
}
