/**
 * A Fastify server that admits clients whose certificates chain to the bundle, and tells each whom
 * it takes it for.
 *
 * @module
 */
import { once } from 'node:events';
import { TLSSocket } from 'node:tls';
import Fastify from 'fastify';
import { liveTlsServer, openBundleSource } from '../src/index.ts';
import { bundle, ownIdentity, portOf, reportStates, sourceOptions } from './settings.ts';

await using source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();

const identity = ownIdentity();
const app = Fastify({ https: { ...identity, requestCert: true } });
app.get('/', ({ raw: { socket } }) => ({
  client: socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined,
}));

// Before it listens, so that the first handshake already follows the bundle.
using live = liveTlsServer(source, { bundle, server: app.server, secureContext: identity });
process.on('SIGHUP', () => live.updateIdentity(ownIdentity()));

await app.listen({ port: Number(process.env['PORT'] ?? 8443), host: '127.0.0.1' });
console.log(`serving on port ${portOf(app.server)}`);
await once(process, 'SIGTERM');
await app.close();
