import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { parseNodeId } from '../../src/core/ids.ts';
import { CallerDirectory, requireRole } from '../../src/service/identity.ts';

const DOMAIN = 'spiffe://prod.example.org';
const peer = parseNodeId('fra-1');
const directory = new CallerDirectory({
  identities: [
    { id: `${DOMAIN}/admin/alice`, roles: ['admin'] },
    { id: `${DOMAIN}/client/*`, roles: ['client'] },
    { id: 'dns:billing.example.org', roles: ['client'] },
    { id: 'dns:console.example.org', roles: ['client', 'admin'] },
  ],
  peerIdentity: `${DOMAIN}/node/{node}`,
});

function byUri(...uris: string[]): ReturnType<CallerDirectory['byCertificate']> {
  return directory.byCertificate({ uris, dnsNames: [] });
}

function byDns(...dnsNames: string[]): ReturnType<CallerDirectory['byCertificate']> {
  return directory.byCertificate({ uris: [], dnsNames });
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    return KedgeError.from(thrown).code;
  }
  return 'no error';
}

describe('CallerDirectory.byCertificate', () => {
  it('knows an exact SPIFFE id', () => {
    expect(byUri(`${DOMAIN}/admin/alice`)).toEqual({
      id: `${DOMAIN}/admin/alice`,
      roles: ['admin'],
    });
  });

  it('knows everything below a path, but not the path itself', () => {
    expect(byUri(`${DOMAIN}/client/billing/eu`).roles).toEqual(['client']);
    expect(codeOf(() => byUri(`${DOMAIN}/client`))).toBe('ACCESS');
    expect(codeOf(() => byUri(`${DOMAIN}/clients/x`))).toBe('ACCESS');
  });

  it('knows a peer with its node and region', () => {
    expect(byUri(`${DOMAIN}/node/fra-1`)).toEqual({
      id: `${DOMAIN}/node/fra-1`,
      roles: ['peer'],
      peer,
    });
  });

  it('knows a DNS name whatever its case', () => {
    expect(byDns('BILLING.example.org')).toEqual({
      id: 'dns:billing.example.org',
      roles: ['client'],
    });
  });

  it('gives the roles of all names together', () => {
    expect(byDns('other.example.org', 'billing.example.org', 'console.example.org')).toEqual({
      id: 'dns:billing.example.org',
      roles: ['client', 'admin'],
    });
  });

  it.each([
    `${DOMAIN}/client/../admin/alice`,
    `${DOMAIN}/client/..`,
    `${DOMAIN}/client/./x`,
    `${DOMAIN}/client//x`,
    `${DOMAIN}/client/x?y`,
    `${DOMAIN}/client/%2e%2e/x`,
    `${DOMAIN}:8443/client/x`,
    'spiffe://staging.example.org/client/x',
    `SPIFFE://prod.example.org/client/x`,
    `${DOMAIN}/client/${'x'.repeat(2100)}`,
  ])('refuses the URI %s', (uri) => {
    expect(codeOf(() => byUri(uri))).toBe('ACCESS');
  });

  it('refuses a certificate with two SPIFFE ids', () => {
    const work = (): unknown => byUri(`${DOMAIN}/client/a`, `${DOMAIN}/admin/alice`);
    expect(codeOf(work)).toBe('ACCESS');
  });

  it('refuses a wildcard certificate and one without names', () => {
    expect(codeOf(() => byDns('*.example.org'))).toBe('ACCESS');
    expect(codeOf(() => byDns())).toBe('ACCESS');
  });
});

describe('CallerDirectory.byClaim', () => {
  it('lets everybody be client and admin, and a node be the peer that it says it is', () => {
    expect(directory.byClaim(undefined)).toEqual({ id: 'plaintext', roles: ['client', 'admin'] });
    expect(directory.byClaim('fra-1')).toMatchObject({ peer, roles: ['peer', 'client', 'admin'] });
    expect(codeOf(() => directory.byClaim('not a node'))).toBe('ACCESS');
  });
});

describe('CallerDirectory.nodeByCertificate', () => {
  it('reads the name of the node where the pattern has its place', () => {
    const uris = [`${DOMAIN}/node/fra-1`];
    expect(directory.nodeByCertificate({ uris, dnsNames: [] })).toBe('fra-1');
    const dns = new CallerDirectory({ identities: [], peerIdentity: 'dns:{node}.k.example.org' });
    expect(dns.nodeByCertificate({ uris: [], dnsNames: ['FRA-1.k.example.org'] })).toBe('fra-1');
  });

  it.each([
    `${DOMAIN}/node/`,
    `${DOMAIN}/node/fra-1/x`,
    `${DOMAIN}/node/FRA`,
    `${DOMAIN}/node/..`,
    `${DOMAIN}/nodes/fra-1`,
    `${DOMAIN}/client/fra-1`,
    `spiffe://staging.example.org/node/fra-1`,
  ])('refuses %s', (uri) => {
    const names = { uris: [uri], dnsNames: [] };
    expect(codeOf(() => directory.nodeByCertificate(names))).toBe('ACCESS');
  });

  it('refuses a certificate that names two nodes', () => {
    const dns = new CallerDirectory({ identities: [], peerIdentity: 'dns:{node}.k.example.org' });
    const dnsNames = ['a.k.example.org', 'b.k.example.org'];
    expect(codeOf(() => dns.nodeByCertificate({ uris: [], dnsNames }))).toBe('ACCESS');
  });
});

describe('requireRole', () => {
  it('refuses a caller without the role', () => {
    const caller = byUri(`${DOMAIN}/client/a`);
    expect(codeOf(() => requireRole(caller, 'client'))).toBe('no error');
    expect(codeOf(() => requireRole(caller, 'admin'))).toBe('ACCESS');
    expect(codeOf(() => requireRole(caller, 'peer'))).toBe('ACCESS');
  });
});
