/**
 * Which TLS sessions a listener resumes: those of programs, while the set of authorities is the
 * same, also after a restart of the node.
 */
import { X509Certificate } from 'node:crypto';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { GrpcServer } from '../../../src/grpc/server.ts';
import { Authorities, type Authority } from '../../../src/grpc/tls/authorities.ts';
import { LiveTls, type TlsMaterial } from '../../../src/grpc/tls/live-tls.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import {
  clientTls,
  DOMAIN,
  listen,
  nextEvent,
  nodeTls,
  plainAdmin,
  ScriptedWatch,
  type TlsPems,
  tlsMaterial,
  until,
} from '../support/listener.ts';

const MOVES = { withinMs: 60_000, random: () => 0 };
const otherPki = createTestPki({ commonName: 'Other CA' });
const other: Authority = { certificate: new X509Certificate(otherPki.caPem), state: 'active' };
const own: Authority = { certificate: new X509Certificate(nodeTls.ca), state: 'active' };

function trusting(...authorities: readonly Authority[]): TlsMaterial {
  return { ...tlsMaterial(nodeTls), callers: new Authorities(authorities) };
}

function strangerTls(): TlsPems {
  const { certificatePem, keyPem } = otherPki.issue('bob', { uris: [`${DOMAIN}/client/bob`] });
  return { cert: Buffer.from(certificatePem), key: Buffer.from(keyPem), ca: nodeTls.ca };
}

interface Visit {
  readonly socket: TLSSocket;
  readonly isResumed: boolean;
  /** What the next visit may resume. */
  readonly session: Buffer;
}

/** Shakes hands; rejects when the node does not let the caller in. */
async function visit(server: GrpcServer, pems: TlsPems, session?: Buffer): Promise<Visit> {
  const port = Number(server.address.split(':').at(-1));
  const socket: TLSSocket = connectTls({
    ...pems,
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
    ...(session && { session }),
  });
  onTestFinished(() => void socket.destroy());
  const sessions: Buffer[] = [];
  socket.on('session', (next: Buffer) => sessions.push(next));
  const words = nextEvent(socket, 'data');
  const closed = nextEvent(socket, 'close').then(() => {
    throw new Error('not let in');
  });
  closed.catch(() => undefined);
  // The first words of HTTP/2 of a server come only to who was let in.
  await Promise.race([words, closed]);
  const isResumed = socket.isSessionReused();
  // Who resumes is given no new one.
  if (!isResumed) await until(() => sessions.length > 0);
  return { socket, isResumed, session: sessions.at(-1) ?? session ?? Buffer.alloc(0) };
}

async function clientsOnly(tls: LiveTls): Promise<GrpcServer> {
  const { server } = await listen({ services: { trust: new ScriptedWatch() }, tls });
  return server;
}

describe('TLS sessions of programs', () => {
  it('are resumed, again and again', async () => {
    const server = await clientsOnly(new LiveTls(trusting(own), MOVES));
    let { session, isResumed } = await visit(server, clientTls);
    expect(isResumed).toBe(false);
    for (let times = 0; times < 2; times += 1) {
      ({ session, isResumed } = await visit(server, clientTls, session));
      expect(isResumed).toBe(true);
    }
  });

  it('are resumed after a restart of the node', async () => {
    const before = await clientsOnly(new LiveTls(trusting(own), MOVES));
    const { session } = await visit(before, clientTls);
    await before[Symbol.asyncDispose]();
    const after = await clientsOnly(new LiveTls(trusting(own), MOVES));
    expect((await visit(after, clientTls, session)).isResumed).toBe(true);
  });

  it('are resumed when the node has another certificate for the same key', async () => {
    const tls = new LiveTls(trusting(own), MOVES);
    const server = await clientsOnly(tls);
    const { session } = await visit(server, clientTls);
    tls.replace(trusting(own));
    expect((await visit(server, clientTls, session)).isResumed).toBe(true);
  });

  it('are not resumed when the authorities are others', async () => {
    const tls = new LiveTls(trusting(own, other), MOVES);
    const server = await clientsOnly(tls);
    const { session } = await visit(server, clientTls);
    tls.replace(trusting(own));
    expect((await visit(server, clientTls, session)).isResumed).toBe(false);
  });

  it('let nobody in whose authority has left', async () => {
    const tls = new LiveTls(trusting(own, other), MOVES);
    const server = await clientsOnly(tls);
    const stranger = strangerTls();
    const { session } = await visit(server, stranger);
    expect((await visit(server, stranger, session)).isResumed).toBe(true);
    tls.replace(trusting(own));
    await expect(visit(server, stranger, session)).rejects.toThrow();
  });

  it('stay when a narrower set vouches for them through an intermediate', async () => {
    const deep = createTestPki({ commonName: 'Deep CA', shape: 'with-intermediate' });
    const root: Authority = { certificate: new X509Certificate(deep.caPem), state: 'active' };
    const { certificatePem, keyPem } = deep.issue('eve', { uris: [`${DOMAIN}/client/eve`] });
    const pems = { cert: Buffer.from(certificatePem), key: Buffer.from(keyPem), ca: nodeTls.ca };
    const tls = new LiveTls(trusting(root, other), MOVES);
    const server = await clientsOnly(tls);
    const full = await visit(server, pems);
    const resumed = await visit(server, pems, full.session);
    expect(resumed.isResumed).toBe(true);
    const { socket: cut } = await visit(server, strangerTls());
    tls.replace(trusting(root));
    await until(() => cut.closed);
    await visit(server, pems);
    expect([full.socket.closed, resumed.socket.closed]).toEqual([false, false]);
  });

  it('let nobody in whose authority has expired', async () => {
    const HOUR_MS = 3_600_000;
    const brief = createTestPki({ commonName: 'Brief CA', validForMs: HOUR_MS });
    const root: Authority = { certificate: new X509Certificate(brief.caPem), state: 'active' };
    const { certificatePem, keyPem } = brief.issue('eve', {
      ...{ uris: [`${DOMAIN}/client/eve`], validForMs: 10 * HOUR_MS },
    });
    const pems = { cert: Buffer.from(certificatePem), key: Buffer.from(keyPem), ca: nodeTls.ca };
    let aheadMs = 0;
    const clock: Clock = {
      nowMs: () => systemClock.nowMs() + aheadMs,
      monotonicMs: () => systemClock.monotonicMs(),
      setTimer: (delayMs, onDue) => systemClock.setTimer(delayMs, onDue),
    };
    const tls = new LiveTls(trusting(own, root), MOVES);
    const { server } = await listen({ services: { trust: new ScriptedWatch() }, tls, clock });
    const { session } = await visit(server, pems);
    expect((await visit(server, pems, session)).isResumed).toBe(true);
    aheadMs = 2 * HOUR_MS;
    await expect(visit(server, pems, session)).rejects.toThrow();
  });

  it('are not resumed where admins or peers come too', async () => {
    const services = { trust: new ScriptedWatch(), admin: plainAdmin() };
    const { server } = await listen({ services, tls: new LiveTls(trusting(own), MOVES) });
    const { session } = await visit(server, clientTls);
    expect((await visit(server, clientTls, session)).isResumed).toBe(false);
  });
});
