/**
 * A node whose store was lost and that finds nobody: what clients and health checkers see, and what
 * its operator can do.
 */
import { rm } from 'node:fs/promises';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBundleName } from '../../src/core/ids.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { TRUST_METHODS } from '../../src/wire/methods.ts';
import { callError } from '../../src/wire/status.ts';
import { decodeWatchResponse, encodeWatchRequest } from '../../src/wire/watch.ts';
import { configFor, documentFile, realmNow } from './support/setup.ts';

const BUNDLE = parseBundleName('payments.example.org');

describe('a node that holds back', () => {
  let dir: TempDir;
  let realm: TestRealm;
  let nobody: string;
  let node: RunningNode;

  beforeEach(async () => {
    dir = await createTempDir();
    realm = realmNow();
    const [port = 0] = await findFreePorts(1);
    nobody = `127.0.0.1:${port}`;
    await dir.write('charter-1.json', documentFile(realm.charter.document));
    node = await start();
    await node[Symbol.asyncDispose]();
    await rm(dir.join('iad-1'), { recursive: true });
    node = await start();
  });

  afterEach(async () => {
    await node[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  it('refuses clients with a reason, and is not healthy', async () => {
    const refusal = await watch();
    expect(refusal).toMatchObject({
      code: 'UNAVAILABLE',
      detail: { retryAfterMs: expect.any(Number) },
    });
    expect(String(refusal)).toContain('this node does not serve yet: ');
    expect(await health()).toContain('NOT_SERVING');
  });

  it('serves and is healthy when its operator wants it, from then on', async () => {
    await node[Symbol.asyncDispose]();
    node = await start({ serveAnyway: true });
    expect(await watch()).toMatchObject({ kind: 'charters' });
    expect(await health()).toContain('"SERVING"');
    await node[Symbol.asyncDispose]();
    node = await start();
    expect(await watch()).toMatchObject({ kind: 'charters' });
    expect(await health()).toContain('"SERVING"');
  });

  async function start(store: Readonly<Record<string, unknown>> = {}): Promise<RunningNode> {
    return await runNode(
      configFor(dir, realm, {
        store: { path: 'iad-1', ...store },
        listen: { clients: '127.0.0.1:0', peers: '127.0.0.1:0' },
        peers: { seeds: [nobody] },
      }),
    );
  }

  /** Watches; the first answer, or why there is none. */
  async function watch(): Promise<unknown> {
    using client = connected();
    const { path, requestSerialize, responseDeserialize } = TRUST_METHODS.watch;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const start = {
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      charterVersion: 0,
      bundles: [{ bundle: BUNDLE, held: undefined }],
      labels: new Map<string, string>(),
      wantsAttestations: false,
    };
    return await new Promise<WatchResponse | Error>((resolve) => {
      call.on('error', (failure) => {
        resolve(callError(failure));
      });
      call.on('data', (bytes: Buffer) => {
        resolve(decodeWatchResponse(bytes));
        call.cancel();
      });
      call.write(encodeWatchRequest({ kind: 'start', start }));
    });
  }

  async function health(): Promise<string> {
    using client = connected();
    const check = healthService['Check'];
    if (check === undefined) throw new Error('no health service');
    const { path, requestSerialize, responseDeserialize } = check;
    return await new Promise((resolve) => {
      const done = (failure: ServiceError | null, answer?: object): void => {
        resolve(failure === null ? JSON.stringify(answer) : failure.details);
      };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: '' }, done);
    });
  }

  function connected(): Client & Disposable {
    const client = new Client(node.addresses.clients ?? '', credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    return Object.assign(client, {
      [Symbol.dispose]: () => {
        client.close();
      },
    });
  }
});
