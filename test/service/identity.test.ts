import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { parseNodeId, parseRegionName } from '../../src/core/ids.ts';
import { CallerDirectory, requireIdentity, requireRole } from '../../src/service/identity.ts';

const DOMAIN = 'spiffe://prod.example.org';
const peer = { nodeId: parseNodeId('fra-1'), region: parseRegionName('fra') };
const directory = new CallerDirectory({
  identities: [
    { id: `${DOMAIN}/admin/alice`, roles: ['admin'] },
    { id: `${DOMAIN}/client/*`, roles: ['client'] },
    { id: 'dns:billing.example.org', roles: ['client'] },
    { id: 'dns:console.example.org', roles: ['client', 'admin'] },
  ],
  peers: [{ ...peer, identity: `${DOMAIN}/node/fra-1` }],
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
  it('lets everybody be client and admin, and a configured node be a peer', () => {
    expect(directory.byClaim(undefined)).toEqual({ id: 'plaintext', roles: ['client', 'admin'] });
    expect(directory.byClaim('fra-1')).toMatchObject({ peer, roles: ['peer', 'client', 'admin'] });
    expect(codeOf(() => directory.byClaim('iad-9'))).toBe('ACCESS');
  });
});

describe('CallerDirectory', () => {
  it('refuses two peers with one identity', () => {
    const identity = `${DOMAIN}/node/x`;
    const peers = [
      { ...peer, identity },
      { ...peer, nodeId: parseNodeId('fra-2'), identity },
    ];
    expect(codeOf(() => new CallerDirectory({ identities: [], peers }))).toBe('CONFIG');
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

describe('requireIdentity', () => {
  it('takes the expected identity only', () => {
    const names = { uris: [`${DOMAIN}/node/fra-1`], dnsNames: ['fra-1.example.org'] };
    expect(codeOf(() => requireIdentity(names, `${DOMAIN}/node/fra-1`))).toBe('no error');
    expect(codeOf(() => requireIdentity(names, 'dns:fra-1.example.org'))).toBe('no error');
    expect(codeOf(() => requireIdentity(names, `${DOMAIN}/node/fra-2`))).toBe('ACCESS');
    expect(codeOf(() => requireIdentity(names, ''))).toBe('ACCESS');
  });
});
