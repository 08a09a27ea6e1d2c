import { once } from 'node:events';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer, TLSSocket, type TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import {
  type Probed,
  type ProbeTarget,
  type ProbeTerms,
  probeAll,
} from '../../src/cli/plan/probe.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { listen } from '../client/support/tls.ts';

const pki = createTestPki({ shape: 'with-intermediate', commonName: 'Probe CA' });
const other = createTestPki({ commonName: 'Nobody asked for it' });
const identity = pki.issue('server');
/** Leaf, intermediate, and what has nothing to do with them. */
const served = { key: identity.keyPem, cert: identity.certificatePem + other.caPem };

function target(port: number, rest: Partial<ProbeTarget> = {}): ProbeTarget {
  const name = `127.0.0.1:${String(port)}`;
  return { name, host: '127.0.0.1', port, servername: 'localhost', ...rest };
}

async function probe(
  targets: readonly ProbeTarget[],
  terms: Partial<ProbeTerms> = {},
): Promise<readonly Probed[]> {
  const { signal } = new AbortController();
  return await probeAll(targets, { timeoutMs: 20_000, parallel: 4, signal, ...terms });
}

function lengthOf(probed: Probed | undefined): number | string {
  if (probed === undefined) return 'nothing';
  return 'chain' in probed ? probed.chain.length : probed.reason;
}

async function tlsServer(options: TlsOptions): Promise<number> {
  const server = createServer({ ...served, ...options }, (socket) => socket.on('error', ignore));
  server.on('tlsClientError', ignore);
  return await listen(server);
}

function ignore(): void {
  // The other side hangs up as soon as it has what it wants.
}

/** A server that speaks before TLS. */
function talker(speak: (socket: Socket, startTls: () => void) => void): Server {
  return createTcpServer((socket) => {
    socket.on('error', ignore);
    speak(socket, () => {
      socket.removeAllListeners('data');
      new TLSSocket(socket, { isServer: true, ...served }).on('error', ignore);
    });
  });
}

describe('probeAll', () => {
  it.each([
    ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
    ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
    ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ] as const)('sees the chain as it is sent by %s with %s', async (version, ciphers) => {
    const port = await tlsServer({ minVersion: version, maxVersion: version, ciphers });
    const [probed] = await probe([target(port)]);
    if (probed === undefined || !('chain' in probed)) throw new Error(String(lengthOf(probed)));
    expect(probed.chain).toHaveLength(3);
    expect(Buffer.from(probed.chain[0] ?? [])).toEqual(Buffer.from(identity.facts.der));
    expect(Buffer.from(probed.chain[2] ?? [])).toEqual(Buffer.from(other.ca.der));
  });

  it('sees it of a server that asks for another hello first', async () => {
    const port = await tlsServer({ minVersion: 'TLSv1.3', ecdhCurve: 'P-521' });
    expect((await probe([target(port)])).map(lengthOf)).toEqual([3]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'sees it of a server that demands a certificate, by %s',
    async (maxVersion) => {
      const options = { requestCert: true, rejectUnauthorized: true, ca: other.caPem };
      const port = await tlsServer({ ...options, maxVersion });
      expect((await probe([target(port)])).map(lengthOf)).toEqual([3]);
    },
  );

  it('asks for the server name that is wanted', async () => {
    const names: string[] = [];
    const port = await tlsServer({
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    await probe([target(port, { servername: 'api.example.org' })]);
    expect(names).toEqual(['api.example.org']);
  });

  it('starts TLS inside SMTP and PostgreSQL', async () => {
    const smtp = talker((socket, startTls) => {
      socket.write('220-hello\r\n220 there\r\n');
      socket.on('data', (data) => {
        if (data.toString().startsWith('EHLO')) socket.write('250-x\r\n250 STARTTLS\r\n');
        else socket.write('220 go on\r\n', startTls);
      });
    });
    const postgres = talker((socket, startTls) => {
      socket.on('data', () => socket.write('S', startTls));
    });
    const [mailPort, basePort] = [await listen(smtp), await listen(postgres)];
    const probed = await probe([
      target(mailPort, { startTls: 'smtp' }),
      target(basePort, { startTls: 'postgres' }),
    ]);
    expect(probed.map(lengthOf)).toEqual([3, 3]);
  });

  it('gives a reason for what does not answer, and asks the others', async () => {
    const silent = createTcpServer((socket) => socket.on('error', ignore).resume());
    const hangsUp = createTcpServer((socket) => socket.destroy());
    const refuses = talker((socket) => socket.on('data', () => socket.write('N')));
    const garbage = createTcpServer((socket) => {
      socket.on('error', ignore);
      socket.resume().end(Buffer.alloc(4096, 0x16));
    });
    const good = await tlsServer({});
    const closed = createTcpServer();
    closed.listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const nobody = typeof address === 'object' && address !== null ? address.port : 0;
    closed.close();
    const seen: number[] = [];
    const probed = await probe(
      [
        target(await listen(silent)),
        target(await listen(hangsUp)),
        target(await listen(refuses), { startTls: 'postgres' }),
        target(await listen(garbage)),
        target(nobody),
        target(good),
      ],
      { timeoutMs: 2000, onProbed: (done) => seen.push(done) },
    );
    const reasons = probed.map(lengthOf);
    expect(reasons[0]).toBe('no answer in time');
    expect(reasons[2]).toContain('it does not start TLS: "N"');
    expect(reasons[4]).toContain('ECONNREFUSED');
    expect(reasons.map((one) => typeof one)).toEqual([
      ...Array<string>(5).fill('string'),
      'number',
    ]);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
