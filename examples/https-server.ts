/**
 * An HTTPS server that admits clients whose certificates chain to the bundle, and follows every
 * change of it without a restart. SIGHUP reads its own certificate again.
 *
 * @module
 */
import { createServer } from 'node:https';
import { liveTlsServer, openBundleSource } from '../src/index.ts';
import { bundle, ownIdentity, portOf, reportStates, sourceOptions } from './settings.ts';

const source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();

const identity = ownIdentity();
const server = createServer({ ...identity, requestCert: true }, (_, response) => {
  response.end('hello\n');
});
const live = liveTlsServer(source, { bundle, server, secureContext: identity });

process.on('SIGHUP', () => live.updateIdentity(ownIdentity()));
process.once('SIGTERM', () => {
  server.close(() => void source.close());
});
server.listen(Number(process.env['PORT'] ?? 8443), () => {
  console.log(`serving on port ${portOf(server)}`);
});
