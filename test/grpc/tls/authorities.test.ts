import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorities, type Authority } from '../../../src/grpc/tls/authorities.ts';
import { createTestPki, type TestPki } from '../../../src/testing/pki.ts';

const HOUR_MS = 3_600_000;
const flat = createTestPki({ commonName: 'Flat CA' });
const deep = createTestPki({ commonName: 'Deep CA', shape: 'with-intermediate' });
const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function authority(pki: TestPki, changes: Partial<Authority> = {}): Authority {
  return { certificate: new X509Certificate(pki.caPem), state: 'active', ...changes };
}

function chain(pki: TestPki): readonly X509Certificate[] {
  const pems = pki.issue('leaf').certificatePem.match(PEM) ?? [];
  return pems.map((pem) => new X509Certificate(pem));
}

describe('Authorities.vouchFor', () => {
  it('names the authority that issued the leaf', () => {
    const both = new Authorities([authority(flat), authority(deep)]);
    const id = new X509Certificate(flat.caPem).fingerprint256;
    expect(both.vouchFor(chain(flat))).toBe(id);
    expect(both.vouchFor(chain(flat), id)).toBe(id);
  });

  it('finds it behind an intermediate that the chain carries', () => {
    const id = new X509Certificate(deep.caPem).fingerprint256;
    expect(new Authorities([authority(deep)]).vouchFor(chain(deep))).toBe(id);
  });

  it('finds nobody when the intermediate is missing', () => {
    expect(new Authorities([authority(deep)]).vouchFor(chain(deep).slice(0, 1))).toBeUndefined();
  });

  it('finds nobody for a stranger, an empty chain or in an empty set', () => {
    expect(new Authorities([authority(flat)]).vouchFor(chain(deep))).toBeUndefined();
    expect(new Authorities([authority(flat)]).vouchFor([])).toBeUndefined();
    expect(new Authorities([]).vouchFor(chain(flat))).toBeUndefined();
  });

  it('does not believe a CA of the same name with another key', () => {
    const impostor = createTestPki({ commonName: 'Flat CA' });
    expect(new Authorities([authority(flat)]).vouchFor(chain(impostor))).toBeUndefined();
  });

  it('does not believe a root that the chain brings with it', () => {
    const own = [...chain(deep), new X509Certificate(deep.caPem)];
    expect(new Authorities([authority(flat)]).vouchFor(own)).toBeUndefined();
  });

  it('does not let a leaf issue another certificate', () => {
    const [leaf, ...rest] = chain(flat);
    const [other] = chain(deep);
    if (leaf === undefined || other === undefined) throw new Error('no certificates');
    expect(new Authorities([authority(flat)]).vouchFor([other, leaf, ...rest])).toBeUndefined();
  });

  it('refuses leaves from after the time that an authority is distrusted', () => {
    const leaf = chain(flat);
    const issuedMs = Date.parse(leaf[0]?.validFrom ?? '');
    const before = new Authorities([authority(flat, { distrustAfterMs: issuedMs - HOUR_MS })]);
    const after = new Authorities([authority(flat, { distrustAfterMs: issuedMs + HOUR_MS })]);
    const id = after.vouchFor(leaf);
    expect(id).toBeDefined();
    expect(before.vouchFor(leaf)).toBeUndefined();
    expect(before.vouchFor(leaf, id)).toBeUndefined();
  });
});

describe('Authorities.tag', () => {
  it('is the same for the same set in any order', () => {
    const a = new Authorities([authority(flat), authority(deep)]);
    const b = new Authorities([authority(deep), authority(flat)]);
    expect(a.tag).toBe(b.tag);
  });

  it('is another one when an authority begins to retire', () => {
    const active = new Authorities([authority(flat)]);
    const retiring = new Authorities([authority(flat, { state: 'retiring' })]);
    expect(active.tag).not.toBe(retiring.tag);
  });
});
