/**
 * Three nodes with real stores and real gRPC with mTLS between them, fed by an admin and watched by
 * clients: whether the transport and the services fit together.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import type { GrpcServer } from '../../src/grpc/server.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../../src/wire/watch.ts';
import { Cluster, PAYMENTS } from './support/cluster.ts';
import { callerCredentials, clientTls, connect, until } from './support/listener.ts';

async function watch(server: GrpcServer, realm: TestRealm): Promise<readonly WatchResponse[]> {
  const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
  const client = connect(server, callerCredentials(clientTls));
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const responses: WatchResponse[] = [];
  call.on('error', () => undefined);
  call.on('data', (bytes: Buffer) => responses.push(decodeWatchResponse(bytes)));
  const start = {
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    charterVersion: 0,
    bundles: [{ bundle: PAYMENTS, held: undefined }],
    labels: new Map<string, string>(),
    wantsAttestations: false,
  };
  call.write(encodeWatchRequest({ kind: 'start', start }));
  await until(() => responses.length > 0);
  return responses;
}

describe('nodes over gRPC with mTLS', () => {
  let cluster: Cluster | undefined;

  afterEach(async () => {
    for (const name of [...(cluster?.nodes.keys() ?? [])]) await cluster?.stop(name);
  });

  it('link up, replicate what an admin submits, and serve it to clients', async () => {
    cluster = await Cluster.start();
    const { realm } = cluster;
    const [anchor, other] = createTestAnchors(2);
    if (anchor === undefined || other === undefined) throw new Error('no anchors');
    using admin = await cluster.admin('iad-1');
    await admin.submit({ document: realm.charter.document, blobs: [] });
    const first = realm.nextRelease(PAYMENTS, addActive(anchor));
    await cluster.publish('iad-1', first, [anchor.der]);
    await until(() => cluster?.sequences().join() === '1,1,1');

    const seen = await watch(cluster.node('sin-1').server, realm);
    await until(() => seen.some(({ kind }) => kind === 'update'));
    const second = realm.nextRelease(PAYMENTS, addActive(other));
    await cluster.publish('fra-1', second, [other.der]);
    await until(() => cluster?.sequences().join() === '2,2,2');
    await until(() => seen.filter(({ kind }) => kind === 'update').length === 2);
    expect(seen.map(({ kind }) => kind)).toEqual([
      'charters',
      'blobs',
      'update',
      'blobs',
      'update',
    ]);
    expect(seen.at(-1)).toMatchObject({ update: { content: { kind: 'delta' } } });

    await until(() => cluster?.node('iad-1').replicator.neighbours().length === 2);
    const status = await admin.status();
    expect(status.peers.map(({ link }) => link)).toEqual(['up', 'up']);
  });

  it('a node that was away catches up by fetching, more than fits a push', async () => {
    cluster = await Cluster.start();
    const { realm } = cluster;
    using admin = await cluster.admin('iad-1');
    await admin.submit({ document: realm.charter.document, blobs: [] });
    const anchors = createTestAnchors(120);
    await cluster.stop('sin-1');
    const first = realm.nextRelease(PAYMENTS, addActive(...anchors.slice(0, 100)));
    await cluster.publish(
      'iad-1',
      first,
      anchors.slice(0, 100).map(({ der }) => der),
    );
    // Another node takes what follows once it has fetched what comes before.
    await until(() => cluster?.sequences().join() === '1,1');
    for (const anchor of anchors.slice(100)) {
      await cluster.publish('fra-1', realm.nextRelease(PAYMENTS, addActive(anchor)), [anchor.der]);
    }
    await until(() => cluster?.sequences().join() === '21,21');
    await cluster.run('sin-1');
    await until(() => cluster?.sequences().join() === '21,21,21', 15_000);
    const ids = anchors.map(({ id }) => id);
    const blobs = await cluster.stores.get('sin-1')?.blobs(ids);
    expect(blobs?.size).toBe(120);
  });
});
