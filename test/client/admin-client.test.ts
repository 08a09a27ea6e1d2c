import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { parseStreamName } from '../../src/core/ids.ts';
import {
  adminTls,
  attestation,
  clientTls,
  listen,
  plainAdmin,
  status,
} from '../grpc/support/listener.ts';

const stream = parseStreamName('charter');
const statement = { payload: Uint8Array.of(1), signatures: [] };
const document = { statement, body: Uint8Array.of(2) };

describe('AdminClient', () => {
  it('calls every method of a node', async () => {
    const plain = plainAdmin();
    const services = plainAdmin({
      queries: {
        ...plain.queries,
        document: async () => ({ document, blobs: [] }),
        history: async () => [statement],
      },
    });
    const { server } = await listen({ services: { admin: services } });
    using client = await AdminClient.open({ endpoint: server.address, tls: adminTls });
    expect(await client.status()).toEqual(status);
    expect(await client.streams()).toEqual([]);
    expect(await client.history({ stream, limit: 5 })).toEqual([statement]);
    expect(await client.document({ stream, blobs: 'without' })).toEqual({ document, blobs: [] });
    expect(await client.checkpoint(stream)).toEqual(attestation);
    expect(await client.submit({ document, blobs: [] })).toMatchObject({ stream, novelty: 'new' });
  });

  it('reads as many anchors as a bundle may have, in order', async () => {
    const ders = Array.from({ length: 1000 }, (_, i) => {
      const der = new Uint8Array(12_000);
      new DataView(der.buffer).setUint32(0, i);
      return der;
    });
    const byId = new Map(ders.map((der) => [sha256(der), der]));
    const plain = plainAdmin();
    const blobs: typeof plain.queries.blobs = async ({ ids }) =>
      ids.map((id) => byId.get(id) ?? new Uint8Array());
    const admin = plainAdmin({ queries: { ...plain.queries, blobs } });
    const { server } = await listen({ services: { admin } });
    using client = await AdminClient.open({ endpoint: server.address, tls: adminTls });
    const ids = [...byId.keys()];
    expect((await client.blobs({ ids })).map((der) => sha256(der))).toEqual(ids);
  });

  it('gives the error of the node', async () => {
    const submit = async (): Promise<never> => {
      throw new KedgeError('CONFLICT', 'sequence 8 is taken', { detail: { sequence: 8 } });
    };
    const { server } = await listen({ services: { admin: plainAdmin({ submit }) } });
    using client = await AdminClient.open({ endpoint: server.address, tls: adminTls });
    await expect(client.submit({ document, blobs: [] })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'sequence 8 is taken',
      detail: { sequence: 8 },
    });
    await expect(client.document({ stream, blobs: 'with' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'this node holds nothing of charter',
    });
  });

  it('is refused without the role of an admin', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    using client = await AdminClient.open({ endpoint: server.address, tls: clientTls });
    await expect(client.status()).rejects.toMatchObject({ code: 'ACCESS' });
  });

  it('refuses a node whose certificate is for another name', async () => {
    const { server } = await listen({ services: { admin: plainAdmin() } });
    const tls = { ...adminTls, serverName: 'node.example.org' };
    using client = await AdminClient.open({ endpoint: server.address, tls });
    await expect(client.status()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const named = { ...adminTls, serverName: 'localhost' };
    using other = await AdminClient.open({ endpoint: server.address, tls: named });
    expect(await other.status()).toEqual(status);
  });

  it('says so when no node answers', async () => {
    using client = await AdminClient.open({ endpoint: '127.0.0.1:1', insecure: true });
    await expect(client.status()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('refuses plaintext to another machine', async () => {
    const opened = AdminClient.open({ endpoint: 'node.example.org:7442', insecure: true });
    await expect(opened).rejects.toMatchObject({ code: 'CONFIG' });
  });
});
