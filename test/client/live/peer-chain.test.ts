import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isVouchedFor, type PeerChain } from '../../../src/client/live/peer-chain.ts';
import { type TrustSet, TrustView } from '../../../src/client/live/trust-view.ts';
import { createTestPki, type TestPki } from '../../../src/testing/pki.ts';
import { FakeSource } from '../support/fake-source.ts';

const one = createTestPki({ commonName: 'CA', shape: 'with-intermediate' });
const twin = createTestPki({ commonName: 'CA', shape: 'with-intermediate' });

function ders(...pems: readonly string[]): PeerChain {
  return pems
    .flatMap((pem) => pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [])
    .map((pem) => new X509Certificate(pem).raw);
}

function trusting(...pkis: readonly TestPki[]): TrustSet {
  const source = new FakeSource();
  source.set('test.example.org', ...pkis.map(({ caPem }) => caPem));
  const selector = { bundle: 'test.example.org', purpose: 'tls-server' };
  return new TrustView(source, selector, () => undefined).current;
}

describe('who vouches for a chain', () => {
  const shown = ders(one.issue('server').certificatePem);

  it('is a CA above the intermediates that were shown', () => {
    expect(isVouchedFor(shown, trusting(twin, one))).toBe(true);
    expect(isVouchedFor([...shown].slice(0, 1), trusting(one))).toBe(false);
  });

  it('is no CA that has the name alone', () => {
    expect(isVouchedFor(shown, trusting(twin))).toBe(false);
    expect(isVouchedFor([...shown, ...ders(twin.caPem)], trusting(twin))).toBe(false);
    const other = ders(twin.issue('server').certificatePem);
    expect(isVouchedFor([...shown.slice(0, 1), ...other.slice(1)], trusting(twin))).toBe(false);
  });

  it('is nobody without a certificate or without CAs', () => {
    expect(isVouchedFor([], trusting(one))).toBe(false);
    expect(isVouchedFor(shown, trusting())).toBe(false);
  });

  it('is found in any order, through more than is needed', () => {
    const [leaf = new Uint8Array(), ...rest] = shown;
    const more = ders(twin.issue('server').certificatePem).slice(1);
    expect(isVouchedFor([leaf, ...more, ...rest], trusting(one))).toBe(true);
  });
});
