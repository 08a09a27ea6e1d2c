/**
 * Conformance H03: a small compressed message that is huge when it is unpacked. Nodes and programs
 * compress nothing, but the library beneath unpacks what others compress; the limit on messages has
 * to hold for what comes out.
 */
import { connect, createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { openBundleSource } from '../../src/client/source.ts';
import { MESSAGE_MAX_BYTES } from '../../src/core/limits.ts';
import { ADMIN_METHODS } from '../../src/wire/methods.ts';
import { listen, nextEvent, plainAdmin, until } from './support/listener.ts';

const BOMB_BYTES = 2 * MESSAGE_MAX_BYTES;
const GRPC = { 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' } as const;
const RESOURCE_EXHAUSTED = '8';

/** A frame of gRPC whose message is compressed. */
function compressed(message: Buffer): Buffer {
  const packed = gzipSync(message);
  const head = Buffer.alloc(5);
  head.writeUInt8(1);
  head.writeUInt32BE(packed.length, 1);
  return Buffer.concat([head, packed]);
}

/** A node that answers everything with a bomb. */
async function bomber(bomb: Buffer): Promise<string> {
  const server: Http2Server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, ...GRPC }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(bomb);
  });
  server.on('sessionError', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a message that is small only while it is compressed (H03)', () => {
  const bomb = compressed(Buffer.alloc(BOMB_BYTES));

  it('is a hundredth of the limit, or less', () => {
    expect(bomb.length).toBeLessThan(MESSAGE_MAX_BYTES / 100);
  });

  it('is refused by a node', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() }, tls: 'plaintext' });
    const session = connect(`http://${server.address}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': ADMIN_METHODS.submit.path,
      te: 'trailers',
      ...GRPC,
    });
    stream.end(bomb);
    expect(await nextEvent(stream, 'response')).toMatchObject({
      'grpc-status': RESOURCE_EXHAUSTED,
    });
  });

  it('is refused by an admin', async () => {
    const endpoint = await bomber(bomb);
    using admin = await AdminClient.open({ endpoint, insecure: true });
    await expect(admin.status()).rejects.toMatchObject({ code: 'LIMIT' });
  });

  it('is refused by a program, which leaves that node', async () => {
    const endpoint = await bomber(bomb);
    await using source = await openBundleSource({
      realm: 'test.example.org',
      firstCharterDigest: 'ab'.repeat(32),
      endpoints: [endpoint],
      insecure: true,
      bundles: ['payments.example.org'],
    });
    await until(() => source.status().lastError !== undefined);
    expect(source.status()).toMatchObject({ lastError: { code: 'LIMIT' } });
  });
});
