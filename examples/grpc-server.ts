/**
 * A gRPC server that admits clients whose certificates chain to the bundle. It serves the standard
 * health service, so that any gRPC client can call it.
 *
 * @module
 */
import { once } from 'node:events';
import { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { liveServerCredentials, openBundleSource } from '../src/index.ts';
import { bundle, ownIdentity, reportStates, sourceOptions } from './settings.ts';

await using source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();
using live = await liveServerCredentials(source, { bundle, identity: ownIdentity() });
process.on('SIGHUP', () => live.updateIdentity(ownIdentity()));

const server = new Server();
new HealthImplementation({ '': 'SERVING' }).addToServer(server);

const port = await new Promise<number>((resolve, reject) => {
  const address = `127.0.0.1:${process.env['PORT'] ?? '50051'}`;
  server.bindAsync(address, live.credentials, (error, bound) => {
    if (error === null) resolve(bound);
    else reject(error);
  });
});
console.log(`serving on port ${String(port)}`);
await once(process, 'SIGTERM');
server.forceShutdown();
