import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseNodeId, parseRealmName, parseRegionName } from '../../src/core/ids.ts';
import { type NamingConfig, nameProblem, requireOwnName } from '../../src/node/own-name.ts';
import { createTestPki } from '../../src/testing/pki.ts';

const pki = createTestPki();
const config: NamingConfig = {
  node: { id: parseNodeId('iad-1'), region: parseRegionName('iad') },
  realm: parseRealmName('prod.example.org'),
  peers: { seeds: [] },
};

function leafFor(...uris: readonly string[]): X509Certificate {
  return new X509Certificate(pki.issue('node', { uris }).certificatePem);
}

describe('nameProblem', () => {
  it('finds none where the certificate names the node', () => {
    expect(nameProblem(config, leafFor('spiffe://prod.example.org/node/iad-1'))).toBeUndefined();
    const byDns = { ...config, peers: { seeds: [], identity: 'dns:{node}.example.org' } };
    const { certificatePem } = pki.issue('node', { dnsNames: ['iad-1.example.org'] });
    expect(nameProblem(byDns, new X509Certificate(certificatePem))).toBeUndefined();
  });

  it('says whose certificate it is, and which name is missing', () => {
    const problem = nameProblem(config, leafFor('spiffe://prod.example.org/node/fra-1'));
    expect(problem).toContain('is that of node fra-1');
    expect(problem).toContain('does not name spiffe://prod.example.org/node/iad-1');
    expect(nameProblem(config, leafFor('spiffe://prod.example.org/admin/ana'))).toContain(
      'so other nodes refuse it',
    );
    expect(nameProblem(config, leafFor())).toContain('localhost');
  });
});

describe('requireOwnName', () => {
  it('names the key and the file of the configuration', () => {
    const other = leafFor('spiffe://prod.example.org/node/fra-1');
    expect(() => requireOwnName(config, 'tls/node.pem', other)).toThrow(
      expect.objectContaining({
        code: 'CONFIG',
        message: expect.stringContaining('tls.certFile tls/node.pem'),
      }),
    );
  });
});
