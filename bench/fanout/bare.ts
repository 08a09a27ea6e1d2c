/**
 * What Kedge is measured against: bare servers in Node that keep nothing and know nothing.
 *
 * @module
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SESSION_FIRST } from '../machine.ts';
import { grpcCall } from '../swarm/requests.ts';
import type { Dialogue } from '../swarm/swarm.ts';
import type { FanoutSystem, RunningServer, Setting } from './system.ts';

const PROGRAM = fileURLToPath(new URL('./writer.js', import.meta.url));

/** The floor. */
export const rawTls: FanoutSystem = {
  name: 'raw',
  summary: 'the floor: writes to each TLS socket, in Node; nothing is kept',
  programs: [],
  start: async (setting) =>
    startBare('raw', setting, { protocol: 'raw', port: setting.port, preamble: Buffer.alloc(0) }),
};

/** What gRPC cannot do without. */
export const bareHttp2: FanoutSystem = {
  name: 'bare',
  summary: 'a bare node:http2 server: one shared frame to a stream of each connection; no gRPC',
  programs: [],
  start: async (setting) => {
    const preamble = grpcCall('/bare', Buffer.alloc(0));
    return startBare('http2', setting, { protocol: 'h2', port: setting.port, preamble });
  },
};

async function startBare(
  kind: 'raw' | 'http2',
  { port, tls }: Setting,
  dialogue: Dialogue,
): Promise<RunningServer> {
  const [shell, ...words] = SESSION_FIRST;
  // In a session of its own, as the nodes that it is compared with.
  const child = fork(PROGRAM, [kind, String(port), tls.certFile, tls.keyFile, tls.caFile], {
    detached: true,
    execPath: shell,
    execArgv: [...words, process.execPath],
  });
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`the ${kind} server ended`);
    }),
  ]);
  return {
    pid: child.pid ?? 0,
    dialogue,
    prepare:
      ({ round, bytes }) =>
      async () => {
        child.send({ round, bytes });
      },
    [Symbol.asyncDispose]: async () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
