/**
 * An HTTPS server that admits only clients whose certificate chains to the bundle, live.
 *
 * Nothing here knows about rotation: `liveTlsServer` follows the bundle, and the server is never
 * restarted.
 *
 * @module
 */
import { createServer } from 'node:https';
import { liveTlsServer } from '../../src/index.ts';
import { loadIdentity, openTrust, readSetup, report, takeOrders } from './runtime.ts';

const setup = readSetup();
const source = await openTrust(setup);
const identity = loadIdentity(setup.identity);

const server = createServer(
  { ...identity, requestCert: true, keepAliveTimeout: 60_000 },
  (_, response) => {
    response.end(`hello from ${setup.name}\n`);
  },
);
const live = liveTlsServer(source, {
  server,
  bundle: setup.bundles[0] ?? '',
  secureContext: identity,
});

takeOrders(
  (order) => {
    if (order.kind !== 'identity') return;
    live.updateIdentity(loadIdentity(order.identity));
    report({ kind: 'swapped' });
  },
  async () => {
    server.close();
    server.closeAllConnections();
    await source.close();
  },
);

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  report({ kind: 'ready', port: typeof address === 'object' ? (address?.port ?? 0) : 0 });
});
