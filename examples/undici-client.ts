/**
 * Calls an HTTPS server again and again with undici over mTLS. Each change of trust gets an agent
 * of its own; the one before finishes its requests and is closed.
 *
 * @module
 */
import type { TLSSocket } from 'node:tls';
import { Agent, request } from 'undici';
import { liveTlsClient, openBundleSource } from '../src/index.ts';
import { bundle, every, intervalMs, ownIdentity, reportStates, sourceOptions } from './settings.ts';

const url = process.argv[2] ?? 'https://localhost:8443/';
await using source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();
using live = liveTlsClient(source, { bundle, identity: ownIdentity() });

let agent = newAgent();
source.onSwap(() => {
  void agent.close();
  agent = newAgent();
});

await every(intervalMs, async () => {
  const { statusCode, body } = await request(url, { dispatcher: agent });
  return `${String(statusCode)} ${(await body.text()).trim()}`;
});
await agent.close();

/** Connections of undici that the live client opens: with the newest trust, and judged by it. */
function newAgent(): Agent {
  return new Agent({
    connect: ({ hostname, port, servername }, callback) => {
      try {
        const name = servername ?? hostname;
        const socket: TLSSocket = live.connect({
          host: hostname,
          port: Number(port === '' ? 443 : port),
          servername: name,
          ALPNProtocols: ['http/1.1'],
        });
        socket.once('error', (error: Error) => callback(error, null));
        socket.once('secureConnect', () => callback(null, socket));
      } catch (error) {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      }
    },
  });
}
