import { randomBytes, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorities, type Authority } from '../../../src/client/live/authorities.ts';
import type { AnchorState } from '../../../src/core/anchors/anchor.ts';
import type { AnchorId } from '../../../src/core/ids.ts';
import {
  type IssuedCertificate,
  issueCa,
  issueIntermediate,
  issueLeaf,
} from '../../../src/x509/issue.ts';

const DAY_MS = 86_400_000;
const common = {
  nowMs: Date.now(),
  validForMs: 30 * DAY_MS,
  serial: (): Uint8Array => randomBytes(16),
};
const root = issueCa({ ...common, commonName: 'Root' });
const middle = issueIntermediate({ ...common, issuer: root, commonName: 'Issuing' });
const leaf = issueLeaf({ ...common, issuer: middle, commonName: 'leaf' });

function ca(
  { facts, certificatePem }: IssuedCertificate,
  state: AnchorState = 'active',
): Authority {
  return {
    id: facts.id,
    state,
    limitsText: '',
    pem: () => certificatePem,
    certificate: () => new X509Certificate(certificatePem),
  };
}

function ders(...certificates: readonly IssuedCertificate[]): readonly Uint8Array[] {
  return certificates.map(({ der }) => der);
}

function under(authorities: Authorities, chain: readonly Uint8Array[]): readonly AnchorId[] {
  const verdict = authorities.vouch(chain, { nowMs: Date.now(), usage: 'server' });
  return verdict.kind === 'vouched' ? verdict.anchors : [];
}

describe('Authorities.read', () => {
  it('reads each CA once for all sets that have it', async () => {
    let read = 0;
    const counted = (one: IssuedCertificate): Authority => ({
      ...ca(one),
      certificate: () => {
        read += 1;
        return new X509Certificate(one.certificatePem);
      },
    });
    const [kept, added] = [counted(root), counted(middle)];
    await new Authorities([kept]).read(() => true);
    expect(read).toBe(1);
    await new Authorities([kept, added]).read(() => true);
    expect(read).toBe(2);
  });
});

describe('the anchors under a chain', () => {
  it('are the CA that signed it, and no other one of its name', () => {
    const twin = issueCa({ ...common, commonName: 'Root' });
    const direct = issueLeaf({ ...common, issuer: root, commonName: 'direct' });
    const authorities = new Authorities([ca(twin), ca(root)]);
    expect(under(authorities, ders(direct))).toEqual([root.facts.id]);
    expect(under(new Authorities([ca(twin)]), ders(direct))).toEqual([]);
  });

  it('are found over the intermediates that were shown', () => {
    const authorities = new Authorities([ca(root)]);
    expect(under(authorities, ders(leaf))).toEqual([]);
    expect(under(authorities, ders(leaf, middle))).toEqual([root.facts.id]);
  });

  it('are found again by the leaf alone, as a resumed session shows it', () => {
    const authorities = new Authorities([ca(root)]);
    under(authorities, ders(leaf, middle));
    expect(under(authorities, ders(leaf))).toEqual([root.facts.id]);
  });

  it('are all on the way, when an intermediate is one itself', () => {
    const authorities = new Authorities([ca(root), ca(middle)]);
    expect(under(authorities, ders(leaf))).toEqual([middle.facts.id, root.facts.id]);
  });

  it('are none for a chain that ends elsewhere, however it is named', () => {
    const other = issueCa({ ...common, commonName: 'Root' });
    const fake = issueIntermediate({ ...common, issuer: other, commonName: 'Issuing' });
    const stranger = issueLeaf({ ...common, issuer: fake, commonName: 'leaf' });
    const authorities = new Authorities([ca(root)]);
    expect(under(authorities, ders(stranger, fake, other))).toEqual([]);
    expect(under(authorities, ders(stranger, middle))).toEqual([]);
    expect(under(authorities, [])).toEqual([]);
  });

  it('are, of two with one key, the one that stays', () => {
    const renewed = issueCa({
      ...common,
      validForMs: 60 * DAY_MS,
      commonName: 'Root',
      keyPem: root.keyPem,
    });
    const direct = issueLeaf({ ...common, issuer: root, commonName: 'direct' });
    const both = new Authorities([ca(root), ca(renewed)]);
    expect(under(both, ders(direct))).toEqual([renewed.facts.id]);
    const retiring = new Authorities([ca(renewed, 'retiring'), ca(root)]);
    expect(under(retiring, ders(direct))).toEqual([root.facts.id]);
  });

  it('are found across a CA that signed its successor under its own name', () => {
    const successor = issueCa({ ...common, commonName: 'Root' });
    const bridge = issueIntermediate({
      ...common,
      issuer: root,
      commonName: 'Root',
      keyPem: successor.keyPem,
    });
    const direct = issueLeaf({ ...common, issuer: successor, commonName: 'direct' });
    expect(under(new Authorities([ca(root)]), ders(direct, bridge))).toEqual([root.facts.id]);
  });

  it('end, also for CAs that signed each other', () => {
    const one = issueCa({ ...common, commonName: 'One' });
    const two = issueCa({ ...common, commonName: 'Two' });
    const cross = { ...common, commonName: 'One', issuer: two, keyPem: one.keyPem };
    const oneByTwo = issueIntermediate(cross);
    const twoByOne = issueIntermediate({
      ...common,
      commonName: 'Two',
      issuer: one,
      keyPem: two.keyPem,
    });
    const direct = issueLeaf({ ...common, issuer: one, commonName: 'direct' });
    const authorities = new Authorities([ca(oneByTwo), ca(twoByOne)]);
    expect(under(authorities, ders(direct))).toEqual([oneByTwo.facts.id, twoByOne.facts.id]);
    expect(under(new Authorities([ca(root)]), ders(direct, oneByTwo, twoByOne))).toEqual([]);
  });
});
