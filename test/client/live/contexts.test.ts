import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildContext, buildServerContext } from '../../../src/client/live/contexts.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { as, listen, shake, tlsIdentity } from '../support/tls.ts';

const serverPki = createTestPki({ commonName: 'Server CA' });
const [oldPki, newPki] = [createTestPki(), createTestPki()];
const identity = tlsIdentity(serverPki.issue('server'));
const inUse = { ...identity, ca: [oldPki.caPem], ticketKeys: Buffer.alloc(48, 1) };
const coming = {
  ...identity,
  ca: [newPki.caPem, serverPki.caPem],
  ticketKeys: Buffer.alloc(48, 2),
  sessionIdContext: 'coming',
};

function greeting(): Server {
  const server = createServer({ requestCert: true, ...inUse }, (socket) => {
    socket.on('error', () => undefined).end('hello');
  });
  return server.on('tlsClientError', () => undefined);
}

async function outcome(port: number, pki: typeof oldPki): Promise<string> {
  return (await shake(port, as(pki.issue('client'), serverPki.caPem))).outcome;
}

describe('a context of a server that is built ahead', () => {
  it('changes nothing until it is brought into use, and then everything', async () => {
    const server = greeting();
    const port = await listen(server);
    const install = await buildServerContext(server, coming, () => true);
    expect(server.getTicketKeys()).toEqual(inUse.ticketKeys);
    expect(await outcome(port, oldPki)).toBe('hello');
    expect(await outcome(port, newPki)).not.toBe('hello');
    install?.();
    expect(server.getTicketKeys()).toEqual(coming.ticketKeys);
    expect(await outcome(port, oldPki)).not.toBe('hello');
    expect(await outcome(port, newPki)).toBe('hello');
    expect(await outcome(port, serverPki)).toBe('hello');
  });

  it('finds the issuer of the own certificate among its CAs, as one built in one go', async () => {
    const server = greeting();
    const port = await listen(server);
    const install = await buildServerContext(server, coming, () => true);
    install?.();
    const asked = once(server, 'OCSPRequest');
    // Node takes it; its types do not know it.
    const options = { host: '127.0.0.1', port, requestOCSP: true, ca: serverPki.caPem };
    const socket = connect(options);
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    const [certificate, issuer, answer] = (await asked) as [Buffer, Buffer | null, () => void];
    answer();
    expect(certificate).toBeInstanceOf(Buffer);
    expect(issuer).toBeInstanceOf(Buffer);
  });

  it('is given up when it is no longer wanted', async () => {
    const server = greeting();
    let asked = 0;
    const isWanted = (): boolean => (asked += 1) < 2;
    expect(await buildServerContext(server, coming, isWanted)).toBeUndefined();
    expect(await buildContext(coming, () => false)).toBeUndefined();
    expect(server.getTicketKeys()).toEqual(inUse.ticketKeys);
  });

  it('is refused with what cannot be used, and the one in use stays', async () => {
    const server = greeting();
    const port = await listen(server);
    const bad = { ...coming, key: 'no key' };
    await expect(buildServerContext(server, bad, () => true)).rejects.toThrow();
    expect(await outcome(port, oldPki)).toBe('hello');
  });

  it('is not there where the server keeps its own in a place of its own', async () => {
    const server = greeting();
    const kept: unknown = Reflect.get(server, '_sharedCreds');
    Object.defineProperty(server, '_sharedCreds', { get: () => kept });
    expect(await buildServerContext(server, coming, () => true)).toBeUndefined();
  });
});
