import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { issueCa, issueIntermediate, issueLeaf } from '../../src/x509/issue.ts';

const NOW_MS = Date.parse('2026-11-23T10:00:00Z');
const DAY_MS = 86_400_000;

function serials(): () => Uint8Array {
  let next = 0;
  return () => Uint8Array.of((next += 1));
}

function root(options: Partial<Parameters<typeof issueCa>[0]> = {}): ReturnType<typeof issueCa> {
  return issueCa({
    commonName: 'Test Root',
    nowMs: NOW_MS,
    validForMs: 365 * DAY_MS,
    serial: serials(),
    ...options,
  });
}

describe('issueCa', () => {
  it('issues a self-signed CA with the names and times asked for', () => {
    const { facts } = root({ pathLen: 1 });
    expect(facts).toMatchObject({
      subject: 'CN=Test Root',
      issuer: 'CN=Test Root',
      serial: '01',
      isCa: true,
      pathLen: 1,
      keyAlg: 'ec',
      keyCurve: 'prime256v1',
      signatureAlg: 'ecdsa-sha256',
      selfSigned: true,
      notBeforeMs: NOW_MS - 5 * 60_000,
      notAfterMs: NOW_MS + 365 * DAY_MS,
      keyUsage: ['keyCertSign'],
    });
  });

  it('issues with Ed25519', () => {
    const { facts } = root({ keyAlg: 'ed25519' });
    expect(facts).toMatchObject({ keyAlg: 'ed25519', signatureAlg: 'ed25519', selfSigned: true });
  });

  it('certifies a given key again', () => {
    const first = root();
    const second = root({ keyPem: first.keyPem, commonName: 'Test Root' });
    expect(second.facts.publicKeyDigest).toBe(first.facts.publicKeyDigest);
    expect(second.facts.subjectKeyId).toBe(first.facts.subjectKeyId);
  });

  it('writes dates after 2049 as RFC 5280 wants them', () => {
    const { facts } = root({ validForMs: 40 * 365 * DAY_MS });
    expect(new Date(facts.notAfterMs).getUTCFullYear()).toBe(2066);
  });
});

describe('issueIntermediate', () => {
  it('issues a CA that its root signed', () => {
    const ca = root();
    const below = issueIntermediate({
      issuer: ca,
      commonName: 'Test Issuing',
      nowMs: NOW_MS,
      validForMs: 30 * DAY_MS,
      serial: serials(),
      pathLen: 0,
    });
    expect(below.facts).toMatchObject({ isCa: true, pathLen: 0, selfSigned: false });
    expect(below.facts.issuer).toBe(ca.facts.subject);
    const parent = new X509Certificate(ca.der);
    expect(new X509Certificate(below.der).checkIssued(parent)).toBe(true);
    expect(new X509Certificate(below.der).verify(parent.publicKey)).toBe(true);
  });
});

describe('issueLeaf', () => {
  const ca = root({ nowMs: Date.now() });
  const leafOptions = {
    issuer: ca,
    commonName: 'payments',
    nowMs: Date.now(),
    validForMs: DAY_MS,
    serial: serials(),
  };

  it('writes SPIFFE ID, DNS names and addresses', () => {
    const { facts } = issueLeaf({
      ...leafOptions,
      uris: ['spiffe://prod.example.org/payments'],
      dnsNames: ['localhost'],
      ips: ['127.0.0.1', '::1'],
      usages: ['clientAuth'],
    });
    expect(facts).toMatchObject({
      isCa: false,
      uris: ['spiffe://prod.example.org/payments'],
      dnsNames: ['localhost'],
      ips: ['127.0.0.1', '::1'],
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
    });
  });

  it('does not outlive its issuer', () => {
    const { facts } = issueLeaf({ ...leafOptions, validForMs: 9999 * DAY_MS });
    expect(facts.notAfterMs).toBe(ca.facts.notAfterMs);
  });

  it('refuses an issuer that is not a CA', () => {
    const leaf = issueLeaf(leafOptions);
    expect(() => issueLeaf({ ...leafOptions, issuer: leaf })).toThrow('is not a CA');
  });

  it.each(['ecdsa-p256', 'ed25519'] as const)(
    'serves mutual TLS with %s keys through an intermediate',
    async (keyAlg) => {
      const shared = { nowMs: Date.now(), validForMs: DAY_MS, serial: serials(), keyAlg };
      const trusted = issueCa({ ...shared, commonName: 'Root' });
      const issuer = issueIntermediate({ ...shared, issuer: trusted, commonName: 'Issuing' });
      const leaf = issueLeaf({ ...shared, issuer, commonName: 'x', dnsNames: ['localhost'] });
      const identity = {
        key: leaf.keyPem,
        cert: leaf.certificatePem + issuer.certificatePem,
        ca: trusted.certificatePem,
      };
      const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const accepted = once(server, 'secureConnection');
      const socket = connect({ ...identity, port, host: '127.0.0.1', servername: 'localhost' });
      await once(socket, 'secureConnect');
      const [peer] = (await accepted) as [TLSSocket];
      expect(socket.authorized).toBe(true);
      expect(peer.authorized).toBe(true);
      socket.destroy();
      peer.destroy();
      server.close();
    },
  );
});
