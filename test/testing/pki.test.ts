import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestPki, type TestIdentity } from '../../src/testing/pki.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';

async function handshake(server: TestIdentity, clientCa: string): Promise<string> {
  const listener = createServer({ cert: server.certificatePem, key: server.keyPem });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect({ port, host: '127.0.0.1', ca: clientCa, servername: 'localhost' });
  try {
    await once(socket, 'secureConnect');
    return 'connected';
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  } finally {
    socket.destroy();
    listener.close();
  }
}

describe('createTestPki', () => {
  it.each(['flat', 'with-intermediate'] as const)(
    'issues identities for tls (%s)',
    async (shape) => {
      const pki = createTestPki({ shape });
      const server = pki.issue('server', { uris: ['spiffe://test/server'] });
      expect(server.facts.uris).toEqual(['spiffe://test/server']);
      expect(await handshake(server, pki.caPem)).toBe('connected');
    },
  );

  it('makes CAs that know nothing of each other', async () => {
    const server = createTestPki().issue('server');
    expect(await handshake(server, createTestPki().caPem)).not.toBe('connected');
  });

  it('writes an identity as files', async () => {
    await using dir = await createTempDir();
    const pki = createTestPki();
    const files = await pki.write(dir, 'node-a');
    expect(await readFile(files.caFile, 'utf8')).toBe(pki.caPem);
    expect(await readFile(files.keyFile, 'utf8')).toContain('PRIVATE KEY');
    expect(await readFile(files.certFile, 'utf8')).toContain('BEGIN CERTIFICATE');
  });
});
