import { randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PeerChain } from '../../../src/client/live/peer-chain.ts';
import { type TrustSet, TrustView } from '../../../src/client/live/trust-view.ts';
import type { PathContext } from '../../../src/core/anchors/sound-path.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { issueCa, issueIntermediate, issueLeaf } from '../../../src/x509/issue.ts';
import { type FakeAnchor, FakeSource } from '../support/fake-source.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const CONTEXT: PathContext = { nowMs: NOW_MS, usage: 'server' };
const one = createTestPki({ commonName: 'CA', shape: 'with-intermediate' });
const twin = createTestPki({ commonName: 'CA', shape: 'with-intermediate' });
const common = { nowMs: NOW_MS, validForMs: DAY_MS, serial: () => randomBytes(16) };

function ders(...pems: readonly string[]): PeerChain {
  return pems
    .flatMap((pem) => pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [])
    .map((pem) => new X509Certificate(pem).raw);
}

function trusting(...anchors: readonly (string | FakeAnchor)[]): TrustSet {
  const source = new FakeSource();
  source.set('b', ...anchors);
  using view = new TrustView(
    source,
    { bundle: 'b', purpose: 'tls-server' },
    { onChange: () => undefined },
  );
  return view.current;
}

/** The PEM of who vouches, or why nobody does. */
function voucher(chain: PeerChain, set: TrustSet, context = CONTEXT): string {
  const verdict = set.authorities.vouch(chain, context);
  return verdict.kind === 'vouched' ? verdict.anchor.pem() : verdict.kind;
}

describe('who vouches for a chain', () => {
  const shown = ders(one.issue('server').certificatePem);

  it('is a CA above the intermediates that were shown', () => {
    expect(voucher(shown, trusting(twin.caPem, one.caPem))).toBe(one.caPem);
    expect(voucher([...shown].slice(0, 1), trusting(one.caPem))).toBe('unvouched');
  });

  it('is an intermediate that is an anchor itself', () => {
    const [, between = new Uint8Array()] = shown;
    const pem = new X509Certificate(between).toString();
    expect(voucher(shown, trusting(pem))).toBe(pem);
    expect(voucher(shown.slice(0, 1), trusting(pem))).toBe(pem);
  });

  it('is no CA that has the name alone', () => {
    expect(voucher(shown, trusting(twin.caPem))).toBe('unvouched');
    expect(voucher([...shown, ...ders(twin.caPem)], trusting(twin.caPem))).toBe('unvouched');
    const other = ders(twin.issue('server').certificatePem);
    const mixed = [...shown.slice(0, 1), ...other.slice(1)];
    expect(voucher(mixed, trusting(twin.caPem))).toBe('unvouched');
  });

  it('is nobody without a certificate or without CAs', () => {
    expect(voucher([], trusting(one.caPem))).toBe('unvouched');
    expect(voucher(shown, trusting())).toBe('unvouched');
  });

  it('is found in any order, through more than is needed', () => {
    const [leaf = new Uint8Array(), ...rest] = shown;
    const more = ders(twin.issue('server').certificatePem).slice(1);
    expect(voucher([leaf, ...more, ...rest], trusting(one.caPem))).toBe(one.caPem);
  });
});

describe('a CA whose name is written otherwise', () => {
  it.each([
    ['Root One', 'ROOT  one'],
    ['Root One', ' Root One '],
    [' Root, One', 'root, one'],
    ['R\u00f6ot + One', 'r\u00f6ot +  one'],
  ])('vouches: %j and %j are one name', (issuerName, anchorName) => {
    const issuer = issueCa({ ...common, commonName: issuerName });
    const other = issueCa({ ...common, commonName: anchorName, keyPem: issuer.keyPem });
    const { der } = issueLeaf({ ...common, commonName: 'leaf', issuer });
    expect(voucher([der], trusting(other.certificatePem))).toBe(other.certificatePem);
  });
});

describe('who may vouch for a leaf', () => {
  const old = issueCa({ ...common, commonName: 'Root' });
  const distrusted = { caPem: old.certificatePem, distrustAfterMs: 0 };
  /** The same key and name: a leaf of the one is a leaf of the other. */
  const again = (more = {}): string =>
    issueCa({ ...common, commonName: 'Root', keyPem: old.keyPem, ...more }).certificatePem;
  const leafOf = (issuer: typeof old): PeerChain => [
    issueLeaf({ ...common, commonName: 'leaf', issuer, dnsNames: ['a.example.org'] }).der,
  ];

  it('is not a CA whose limits forbid it', () => {
    expect(voucher(leafOf(old), trusting(distrusted))).toBe('limited');
    const later = { ...distrusted, distrustAfterMs: NOW_MS + DAY_MS };
    expect(voucher(leafOf(old), trusting(later))).toBe(old.certificatePem);
  });

  it('is one of several CAs that allows it', () => {
    const next = again();
    expect(voucher(leafOf(old), trusting(distrusted, next))).toBe(next);
    expect(voucher(leafOf(old), trusting(next, distrusted))).toBe(next);
  });

  it('is asked again for a leaf that another CA refuses', () => {
    const next = again();
    const set = trusting(distrusted, next);
    const chain = leafOf(old);
    expect(voucher(chain, set)).toBe(next);
    expect(voucher(chain, set, { ...CONTEXT, nowMs: NOW_MS + 2 * DAY_MS })).toBe('limited');
    expect(voucher(chain, set)).toBe(next);
  });

  it('is nobody when the other CA is not valid now', () => {
    const expired = again({ nowMs: NOW_MS - 3 * DAY_MS });
    expect(voucher(leafOf(old), trusting(distrusted, expired))).toBe('limited');
  });

  describe('through an intermediate with the key of a limited CA', () => {
    const other = issueCa({ ...common, commonName: 'Other', pathLen: 1 });
    const cross = (more = {}): Uint8Array =>
      issueIntermediate({
        ...{ ...common, commonName: 'Root', keyPem: old.keyPem, issuer: other },
        ...more,
      }).der;
    const set = trusting(distrusted, other.certificatePem);

    it('is the CA above it', () => {
      expect(voucher([...leafOf(old), cross()], set)).toBe(other.certificatePem);
    });

    it('is nobody when that path does not hold by itself', () => {
      const expired = cross({ nowMs: NOW_MS - 3 * DAY_MS, validForMs: DAY_MS });
      expect(voucher([...leafOf(old), expired], set)).toBe('limited');
      const short = issueCa({ ...common, commonName: 'Short', pathLen: 0 });
      const tooLong = cross({ issuer: short });
      const shortSet = trusting(distrusted, short.certificatePem);
      expect(voucher([...leafOf(old), tooLong], shortSet)).toBe('limited');
    });
  });

  it('is nobody for a leaf that cannot be read', () => {
    const limited = trusting({
      caPem: old.certificatePem,
      constraints: [{ type: 'permitted-dns', critical: true, values: ['example.org'] }],
    });
    expect(voucher(leafOf(old), limited)).toBe(old.certificatePem);
    const odd = issueLeaf({
      ...common,
      ...{ commonName: 'leaf', issuer: old, dnsNames: ['a.example.org,DNS:b.evil.com'] },
    });
    expect(voucher([odd.der], limited)).toBe('limited');
  });
});
