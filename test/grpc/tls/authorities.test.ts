import { randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorities, type Authority, chainOf } from '../../../src/grpc/tls/authorities.ts';
import { createTestPki, type TestPki } from '../../../src/testing/pki.ts';
import {
  type IssuedCertificate,
  issueCa,
  issueIntermediate,
  issueLeaf,
} from '../../../src/x509/issue.ts';

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
    const since = new Authorities([authority(flat, { distrustAfterMs: issuedMs })]);
    expect(since.vouchFor(leaf)).toBe(id);
  });

  it('does not take the answer of an earlier set whose authority is not here', () => {
    const id = new X509Certificate(flat.caPem).fingerprint256;
    expect(new Authorities([authority(deep)]).vouchFor(chain(flat), id)).toBeUndefined();
  });

  it('takes a certificate that is an authority itself', () => {
    const [, between] = chain(deep);
    if (between === undefined) throw new Error('no intermediate');
    const set = new Authorities([{ certificate: between, state: 'active' }]);
    expect(set.vouchFor([between])).toBe(between.fingerprint256);
  });

  it('climbs over eight intermediates and no more', () => {
    const root = issueCa({ ...COMMON, commonName: 'Root' });
    const climb: IssuedCertificate[] = [];
    for (let depth = 1; depth <= 9; depth += 1) {
      const issuer = climb[0] ?? root;
      climb.unshift(issueIntermediate({ ...COMMON, issuer, commonName: `CA ${depth}` }));
    }
    const set = new Authorities([trusted(root)]);
    const under = (cas: readonly IssuedCertificate[]): string | undefined => {
      const [issuer = root] = cas;
      const leaf = issueLeaf({ ...COMMON, issuer, commonName: 'leaf' });
      return set.vouchFor([leaf, ...cas].map(({ der }) => new X509Certificate(der)));
    };
    expect(under(climb.slice(1))).toBe(set.all[0]?.certificate.fingerprint256);
    expect(under(climb)).toBeUndefined();
  });
});

const COMMON = { nowMs: Date.now(), validForMs: 48 * HOUR_MS, serial: () => randomBytes(16) };

function trusted({ der }: IssuedCertificate, changes: Partial<Authority> = {}): Authority {
  return { certificate: new X509Certificate(der), state: 'active', ...changes };
}

describe('Authorities.stillVouches', () => {
  const { fingerprint256: id } = new X509Certificate(flat.caPem);

  it('asks whether the authority is here and since when it is distrusted', () => {
    const set = new Authorities([authority(flat, { distrustAfterMs: 1000 })]);
    expect([999, 1000, 1001].map((ms) => set.stillVouches(id, ms))).toEqual([true, true, false]);
    expect(new Authorities([authority(flat)]).stillVouches(id, 1001)).toBe(true);
    expect(new Authorities([authority(deep)]).stillVouches(id, 999)).toBe(false);
  });
});

describe('Authorities.covers', () => {
  const until = (distrustAfterMs?: number): Authorities =>
    new Authorities([authority(flat, distrustAfterMs === undefined ? {} : { distrustAfterMs })]);

  it.each<[what: string, here: Authorities, earlier: Authorities, isCovered: boolean]>([
    ['the same', until(), until(), true],
    ['fewer', new Authorities([authority(flat), authority(deep)]), until(), true],
    ['more', until(), new Authorities([authority(flat), authority(deep)]), false],
    ['another', new Authorities([authority(deep)]), until(), false],
    ['nothing', until(), new Authorities([]), true],
    ['the same, distrusted here', until(1000), until(), false],
    ['the same, distrusted there', until(), until(1000), true],
    ['the same, distrusted here from earlier on', until(999), until(1000), false],
    ['the same, distrusted here from then on', until(1000), until(1000), true],
    ['the same, distrusted here from later on', until(1001), until(1000), true],
  ])('of a set that has %s', (_, here, earlier, isCovered) => {
    expect(here.covers(earlier)).toBe(isCovered);
  });

  it('needs no look at states: retiring authorities are trusted', () => {
    const retiring = new Authorities([authority(flat, { state: 'retiring' })]);
    expect(retiring.covers(until())).toBe(true);
  });
});

describe('Authorities.isStricter', () => {
  it('is a set with an authority that is distrusted from some time on', () => {
    const limited = authority(flat, { distrustAfterMs: 0 });
    expect(new Authorities([authority(deep), limited]).isStricter).toBe(true);
    expect(new Authorities([authority(deep), authority(flat)]).isStricter).toBe(false);
  });
});

describe('Authorities.isOver', () => {
  const short = issueCa({ ...COMMON, commonName: 'Short', validForMs: HOUR_MS });
  const long = issueCa({ ...COMMON, commonName: 'Long' });
  const again = issueCa({ ...COMMON, commonName: 'Short', keyPem: short.keyPem });
  const under = (issuer: IssuedCertificate, validForMs = 10 * HOUR_MS): X509Certificate =>
    new X509Certificate(issueLeaf({ ...COMMON, issuer, commonName: 'leaf', validForMs }).der);
  const endMs = (certificate: X509Certificate): number => Date.parse(certificate.validTo);
  const shortEndMs = endMs(new X509Certificate(short.der));

  it('ends with the leaf', () => {
    const leaf = under(long);
    const set = new Authorities([trusted(long)]);
    expect(set.isOver(leaf, endMs(leaf))).toBe(false);
    expect(set.isOver(leaf, endMs(leaf) + 1)).toBe(true);
    // Also when an authority has ended that has nothing to do with it.
    const both = new Authorities([trusted(short), trusted(long)]);
    expect(both.isOver(leaf, endMs(leaf))).toBe(false);
    expect(both.isOver(leaf, endMs(leaf) + 1)).toBe(true);
  });

  it('ends with the authority that issued it, and with the last of several', () => {
    const leaf = under(again);
    const alone = new Authorities([trusted(short), trusted(long)]);
    expect(alone.isOver(leaf, shortEndMs)).toBe(false);
    expect(alone.isOver(leaf, shortEndMs + 1)).toBe(true);
    const renewed = new Authorities([trusted(short), trusted(again)]);
    expect(renewed.isOver(leaf, shortEndMs + 1)).toBe(false);
  });

  it('does not end with others: an intermediate issued it, which is not there', () => {
    const between = issueIntermediate({ ...COMMON, issuer: again, commonName: 'Issuing' });
    const set = new Authorities([trusted(short)]);
    expect(set.isOver(under(between), shortEndMs + 1)).toBe(false);
  });
});

describe('Authorities.all', () => {
  it('has an authority once that was given twice', () => {
    const set = new Authorities([authority(flat), authority(flat), authority(deep)]);
    expect([set.all.length, set.size, set.pems.length]).toEqual([2, 2, 2]);
    expect(new Set(set.pems)).toEqual(
      new Set([flat, deep].map(({ caPem }) => new X509Certificate(caPem).toString())),
    );
  });
});

describe('chainOf', () => {
  /** Certificates as node:tls links them to each other. */
  function linked(...certificates: readonly X509Certificate[]): X509Certificate | undefined {
    return certificates.reduceRight<X509Certificate | undefined>(
      (issuerCertificate, one) =>
        Object.defineProperty(one, 'issuerCertificate', { value: issuerCertificate }),
      undefined,
    );
  }

  it('lists the leaf and those above, as far as they go', () => {
    const certificates = chain(deep);
    expect(chainOf(linked(...certificates))).toEqual(certificates);
    expect(chainOf(undefined)).toEqual([]);
  });

  it('ends where a certificate comes again', () => {
    const [leaf, between] = chain(deep);
    const root = new X509Certificate(deep.caPem);
    if (leaf === undefined || between === undefined) throw new Error('no certificates');
    const again = new X509Certificate(deep.caPem);
    expect(chainOf(linked(leaf, between, root, again))).toEqual([leaf, between, root]);
  });

  it('has a leaf and eight others at most', () => {
    const many = Array.from(
      { length: 12 },
      (_, at) => new X509Certificate(issueCa({ ...COMMON, commonName: `CA ${at}` }).der),
    );
    expect(chainOf(linked(...many))).toEqual(many.slice(0, 9));
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

  it('is another one for each time from which an authority is distrusted', () => {
    const tags = [undefined, 0, 1000].map(
      (ms) =>
        new Authorities([authority(flat, ms === undefined ? {} : { distrustAfterMs: ms })]).tag,
    );
    expect(new Set(tags).size).toBe(3);
    for (const tag of tags) expect(tag).toMatch(/^[0-9a-f]{64}$/);
  });
});
