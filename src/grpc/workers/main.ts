/**
 * A worker: does TLS with programs in a process of its own, and nothing else. What programs say
 * goes to the node as it is, and back.
 *
 * It gets what it needs over a pipe that the node opened for it (descriptor 4), listens on the
 * socket that all workers of the listener share, and ends when the pipe does.
 *
 * @module
 */
import { Socket } from 'node:net';
import { Worker } from './worker.ts';

const PIPE_FD = 4;

// A terminal, or who stops a service, sends these to all processes of the node, which decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

new Worker({
  pipe: new Socket({ fd: PIPE_FD, readable: true, writable: true }),
  exit: (code) => process.exit(code),
});
