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

  it('joins the roles of several rules for one name', () => {
    const id = `${DOMAIN}/ops/carol`;
    const rules = new CallerDirectory({
      identities: [
        { id, roles: ['admin'] },
        { id, roles: ['client'] },
        { id: `${DOMAIN}/ops/*`, roles: ['client'] },
      ],
      peerIdentity: `${DOMAIN}/node/{node}`,
    });
    const names = (uri: string): Parameters<CallerDirectory['byCertificate']>[0] => ({
      ...{ uris: [uri], dnsNames: [] },
    });
    expect(rules.byCertificate(names(id)).roles).toEqual(['client', 'admin']);
    expect(rules.byCertificate(names(`${DOMAIN}/ops/dave`)).roles).toEqual(['client']);
  });

  it('gives a node the other roles of its certificate too', () => {
    const names = { uris: [`${DOMAIN}/node/fra-1`], dnsNames: ['console.example.org'] };
    expect(directory.byCertificate(names)).toEqual({
      ...{ id: `${DOMAIN}/node/fra-1`, peer, roles: ['peer', 'client', 'admin'] },
    });
  });

  it('is named by the first name that gives a role', () => {
    const names = { uris: [`${DOMAIN}/nobody`], dnsNames: ['x.org', 'console.example.org'] };
    expect(directory.byCertificate(names).id).toBe('dns:console.example.org');
  });

  it.each([
    `${DOMAIN}/client/.hidden`,
    `${DOMAIN}/client/...`,
    `${DOMAIN}/client/a.b/c..d`,
    `${DOMAIN}/client/${'x'.repeat(2048 - `${DOMAIN}/client/`.length)}`,
  ])('takes the URI %.60s', (uri) => {
    expect(byUri(uri).roles).toEqual(['client']);
  });

  it.each([
    `${DOMAIN}/client/${'x'.repeat(2049 - `${DOMAIN}/client/`.length)}`,
    `${DOMAIN}/client/x/`,
    `${DOMAIN}/client/x\n`,
    `${DOMAIN}/client/x y`,
    `x${DOMAIN}/client/x`,
    `https://prod.example.org/client/x`,
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

  it('refuses a certificate with two SPIFFE ids, however one of them is written', () => {
    for (const other of [
      `${DOMAIN}/admin/alice`,
      'SPIFFE://x/y',
      'spiffe:',
      `${DOMAIN}/client/a`,
    ]) {
      expect(codeOf(() => byUri(`${DOMAIN}/client/a`, other))).toBe('ACCESS');
    }
    expect(byUri(`${DOMAIN}/client/a`, 'https://example.org/').roles).toEqual(['client']);
  });

  it('refuses a wildcard certificate, also where somebody has configured that name', () => {
    const rules = new CallerDirectory({
      identities: [{ id: 'dns:*.example.org', roles: ['admin'] }],
      peerIdentity: `${DOMAIN}/node/{node}`,
    });
    const names = { uris: [], dnsNames: ['*.example.org'] };
    expect(codeOf(() => rules.byCertificate(names))).toBe('ACCESS');
  });

  it('names some of many names that give no role', () => {
    const names = Array.from({ length: 20 }, (_, at) => `n${at}.example.org`);
    let error: unknown;
    try {
      byDns(...names);
    } catch (thrown) {
      error = thrown;
    }
    const found = names.slice(0, 8).map((name) => `dns:${name}`);
    expect(error).toMatchObject({ code: 'ACCESS', detail: { found } });
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

  it('refuses a name in which both ends of the pattern are one', () => {
    const around = new CallerDirectory({ identities: [], peerIdentity: 'dns:k.{node}.k.org' });
    const nodeOf = (...dnsNames: string[]): unknown =>
      around.nodeByCertificate({ uris: [], dnsNames });
    expect(nodeOf('k.fra-1.k.org')).toBe('fra-1');
    for (const name of ['k.k.org', 'k..k.org', 'x.fra-1.k.org', 'k.fra-1.k.net']) {
      expect(codeOf(() => nodeOf(name))).toBe('ACCESS');
    }
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
