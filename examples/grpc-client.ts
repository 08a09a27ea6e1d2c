/**
 * Asks a gRPC server for its health again and again; the server's certificate must chain to the
 * bundle.
 *
 * @module
 */
import { Client } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { liveChannelCredentials, openBundleSource } from '../src/index.ts';
import { bundle, every, intervalMs, ownIdentity, reportStates, sourceOptions } from './settings.ts';

const address = process.argv[2] ?? 'localhost:50051';
await using source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();
using live = await liveChannelCredentials(source, { bundle, identity: ownIdentity() });
const client = new Client(address, live.credentials);
const check = service['Check'];
if (check === undefined) throw new Error('the health service has no Check');

await every(intervalMs, () => {
  const { path, requestSerialize, responseDeserialize } = check;
  const deadline = Date.now() + 5000;
  return new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service: '' },
      { deadline },
      (error, answer?: object) => {
        if (error !== null) reject(error);
        else resolve(answer !== undefined && 'status' in answer ? String(answer.status) : '');
      },
    );
  });
});
client.close();
