import { describe, expect, it } from 'vitest';
import { planChange } from '../../src/preflight/plan.ts';
import type { Verdict } from '../../src/preflight/verdict.ts';
import type { IssuedCertificate } from '../../src/x509/issue.ts';
import { alternativeNames, name, nameConstraints, remade } from './remade.ts';
import { below, bundleOf, chainOf, leaf, NOW_MS, root } from './support.ts';

const top = root('Top CA');
const named = (...names: readonly Uint8Array[]): IssuedCertificate =>
  remade(leaf(top), top, alternativeNames(...names));

function judged(anchor: IssuedCertificate, ...sent: readonly IssuedCertificate[]): Verdict {
  const { chains } = planChange({
    today: bundleOf(anchor),
    chains: [chainOf('x', ...sent)],
    instants: [NOW_MS],
    clusterMs: 0,
  });
  const [first] = chains;
  if (first === undefined) throw new Error('no chain was looked at');
  return first.decisive.today;
}

/** Whether a root with constraints may vouch for a leaf with names. */
function allows(
  names: readonly Uint8Array[],
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
): boolean {
  const anchor = remade(top, top, nameConstraints(permitted, excluded));
  return judged(anchor, named(...names)).kind === 'accepted';
}

describe('name constraints of a root', () => {
  const api = [name.dns('api.example.org')];

  it.each([
    ['example.org', true],
    ['.example.org', true],
    ['api.example.org', true],
    ['EXAMPLE.org', true],
    ['', true],
    ['ample.org', false],
    ['www.api.example.org', false],
    ['example.net', false],
  ])('permits api.example.org under %j: %s', (base, expected) => {
    expect(allows(api, [name.dns(base)])).toBe(expected);
    expect(allows(api, [], [name.dns(base)])).toBe(!expected);
  });

  it('are about names of their form alone, of which one has to be permitted', () => {
    expect(allows(api, [name.email('example.net')])).toBe(true);
    expect(allows(api, [name.dns('example.net'), name.dns('org')])).toBe(true);
    expect(allows([...api, name.dns('x.example.net')], [name.dns('example.org')])).toBe(false);
    expect(allows(api, [name.dns('org')], [name.dns('example.org')])).toBe(false);
  });

  it.each([
    [name.ip(10, 1, 2, 3), name.ip(10, 0, 0, 0, 255, 0, 0, 0), true],
    [name.ip(11, 1, 2, 3), name.ip(10, 0, 0, 0, 255, 0, 0, 0), false],
    [name.uri('https://api.example.org:443/x'), name.uri('api.example.org'), true],
    [name.uri('spiffe://a.example.org'), name.uri('.example.org'), true],
    [name.uri('spiffe://example.org/x'), name.uri('.example.org'), false],
    [name.uri('urn:x'), name.uri('example.org'), false],
    [name.email('ana@example.org'), name.email('example.org'), true],
    [name.email('ana@example.org'), name.email('ana@EXAMPLE.org'), true],
    [name.email('Ana@example.org'), name.email('ana@example.org'), false],
    [name.email('ana@a.example.org'), name.email('.example.org'), true],
    [name.registered(), name.registered(), false],
  ])('compare other forms as RFC 5280 says (%#)', (one, base, expected) => {
    expect(allows([one], [base])).toBe(expected);
  });

  it('are about subjects', () => {
    const end = leaf(top);
    const other = leaf(top, { name: 'other.example.org' });
    const only = (base: IssuedCertificate): IssuedCertificate =>
      remade(top, top, nameConstraints([name.subjectOf(base)]));
    expect(judged(only(end), end).kind).toBe('accepted');
    const anchor = only(other);
    expect(judged(anchor, end)).toMatchObject({
      reason: 'name-constraints',
      text: '"Top CA" may not vouch for its subject, of "api.example.org" (name constraints)',
      anchor: anchor.facts.id,
    });
  });

  it('take the common name of a leaf for a DNS name where it has no other', () => {
    expect(allows([], [name.dns('example.org')])).toBe(true);
    expect(allows([], [name.dns('example.net')])).toBe(false);
    expect(allows([name.dns('x.example.net')], [name.dns('example.net')])).toBe(true);
  });
});

describe('name constraints of an intermediate', () => {
  const limited = remade(
    below(top, 'Limited CA'),
    top,
    nameConstraints([name.dns('example.net'), name.subjectOf(leaf(top))]),
  );

  it('hold for what is below it', () => {
    expect(judged(top, leaf(limited), limited)).toMatchObject({
      reason: 'name-constraints',
      depth: 1,
      text: expect.stringContaining('may not vouch for the DNS name api.example.org') as string,
    });
  });

  it('hold for CAs below, but for those that issued themselves', () => {
    const issuing = below(limited, 'Issuing CA');
    const fits = remade(leaf(issuing), issuing, alternativeNames(name.dns('a.example.net')));
    expect(judged(top, fits, issuing, limited)).toMatchObject({
      reason: 'name-constraints',
      text: expect.stringContaining('of "Issuing CA"') as string,
    });
    const itself = below(limited, 'Limited CA');
    const end = remade(leaf(itself), itself, alternativeNames(name.dns('a.example.net')));
    expect(judged(top, end, itself, limited)).toMatchObject({ kind: 'accepted' });
  });

  it('refuse everything when they cannot be read', () => {
    const odd = remade(below(top, 'Odd CA'), top, ['551d1e', Uint8Array.of(0x30, 2, 0xa0, 9)]);
    expect(judged(top, leaf(odd), odd)).toMatchObject({ kind: 'refused' });
  });
});
