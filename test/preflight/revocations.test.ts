import { describe, expect, it } from 'vitest';
import { type Plan, planChange } from '../../src/preflight/plan.ts';
import type { ListReport } from '../../src/preflight/revocations.ts';
import type { IssuedCertificate } from '../../src/x509/issue.ts';
import { parseRevocationList } from '../../src/x509/revocation-list.ts';
import {
  alternativeNames,
  distributionPoint,
  type ListTerms,
  makeList,
  name,
  remade,
  SIGNS_LISTS,
  scope,
} from './remade.ts';
import { below, bundleOf, chainOf, DAY_MS, INSTANTS, leaf, NOW_MS, root } from './support.ts';

const plainRoot = root('Top CA');
const top = remade(plainRoot, plainRoot, SIGNS_LISTS);
const issuing = remade(below(top, 'Issuing CA'), top, SIGNS_LISTS);
const end = leaf(issuing);
const chain = chainOf('api:443', end, issuing);
const fresh = { fromMs: NOW_MS - DAY_MS, toMs: NOW_MS + 7 * DAY_MS };

function planWith(...lists: readonly Uint8Array[]): Plan {
  return planChange({
    today: bundleOf(top),
    chains: [chain],
    lists: lists.map((der, at) => ({ name: `list ${at}`, list: parseRevocationList(der) })),
    instants: INSTANTS,
    clusterMs: 0,
  });
}

function list(issuer: IssuedCertificate, terms: Partial<ListTerms> = {}): Uint8Array {
  return makeList(issuer, { ...fresh, ...terms });
}

function uses({ lists }: Plan): readonly ListReport['use'][] {
  return lists.map(({ use }) => use);
}

describe('revocation lists', () => {
  it('say nothing of what is on none of them, at all times', () => {
    const planned = planWith(list(top), list(issuing, { revoked: [leaf(issuing)] }));
    expect(planned.chains[0]).toMatchObject({ outcome: 'fine', gaps: [] });
    expect([uses(planned), planned.unlisted]).toEqual([['used', 'used'], []]);
  });

  it('refuse a leaf that its CA has revoked, and say why', () => {
    const planned = planWith(list(top), list(issuing, { revoked: [end], reason: 1 }));
    expect(planned.chains[0]).toMatchObject({
      outcome: 'broken',
      decisive: {
        today: {
          reason: 'listed',
          depth: 0,
          text:
            '"api.example.org" was revoked by "Issuing CA" on 2026-11-22T10:00:00Z ' +
            '(keyCompromise)',
        },
      },
    });
  });

  it('refuse what an intermediate that is revoked has issued', () => {
    expect(planWith(list(top, { revoked: [issuing] }), list(issuing)).chains[0]).toMatchObject({
      outcome: 'broken',
      decisive: { today: { reason: 'listed', depth: 1 } },
    });
  });

  it('are missing where no list is about a certificate', () => {
    const planned = planWith(list(issuing));
    expect(planned.chains[0]).toMatchObject({ outcome: 'fine', gaps: ['revocation'] });
    expect(planned.unlisted.map(({ name: who }) => who)).toEqual(['Top CA']);
  });

  it.each([
    ['forged', list(issuing, { keyPem: top.keyPem })],
    ['ended', list(issuing, { toMs: NOW_MS - 1000 })],
    ['early', list(issuing, { fromMs: NOW_MS + DAY_MS })],
  ] as const)('count for nothing when they are %s', (use, der) => {
    const planned = planWith(list(top), der);
    expect(uses(planned)).toEqual(['used', use]);
    expect(planned.chains[0]?.gaps).toEqual(['revocation']);
  });

  it('are still believed about what is revoked after they have ended', () => {
    const ended = list(issuing, { revoked: [end], toMs: NOW_MS - 1000 });
    expect(planWith(list(top), ended).chains[0]?.outcome).toBe('broken');
    const forged = list(issuing, { revoked: [end], keyPem: top.keyPem });
    expect(planWith(list(top), forged).chains[0]?.outcome).toBe('fine');
  });

  it('count only from CAs whose certificate lets them sign lists', () => {
    const plain = planChange({
      today: bundleOf(plainRoot),
      chains: [chainOf('x', leaf(plainRoot))],
      lists: [{ name: 'x', list: parseRevocationList(list(plainRoot)) }],
      instants: [NOW_MS],
      clusterMs: 0,
    });
    expect(uses(plain)).toEqual(['not-allowed']);
  });

  it('go by the newest, which may take an entry back', () => {
    const older = list(issuing, { revoked: [end], reason: 6, fromMs: NOW_MS - 3 * DAY_MS });
    const newer = list(issuing);
    for (const both of [
      [older, newer],
      [newer, older],
    ] as const) {
      expect(planWith(list(top), ...both).chains[0]?.outcome).toBe('fine');
    }
  });

  it('say that something is not revoked only of what they are about', () => {
    const gaps = (...parts: readonly Uint8Array[]): readonly string[] =>
      planWith(list(top), list(issuing, { scope: parts })).chains[0]?.gaps ?? [];
    expect(gaps(scope.usersOnly)).toEqual([]);
    expect(gaps(scope.authoritiesOnly)).toEqual(['revocation']);
    expect(gaps(scope.someReasons)).toEqual(['revocation']);
    expect(gaps(scope.at('http://crl.example.org/1'))).toEqual(['revocation']);
    const listed = list(issuing, { scope: [scope.someReasons], revoked: [end] });
    expect(planWith(list(top), listed).chains[0]?.outcome).toBe('broken');
  });

  it('are about certificates that name their distribution point', () => {
    const uri = 'http://crl.example.org/1';
    const api = alternativeNames(name.dns('api.example.org'));
    const pointing = remade(end, issuing, api, distributionPoint(uri));
    const lists = [list(top), list(issuing, { scope: [scope.at(uri)] })];
    const { chains } = planChange({
      today: bundleOf(top),
      chains: [chainOf('x', pointing, issuing)],
      lists: lists.map((der) => ({ name: 'x', list: parseRevocationList(der) })),
      instants: [NOW_MS],
      clusterMs: 0,
    });
    expect(chains[0]).toMatchObject({ outcome: 'fine', gaps: [] });
  });

  it('of CAs that nobody showed are no harm', () => {
    const stranger = root('Stranger CA');
    const planned = planWith(list(top), list(issuing), list(stranger));
    expect(uses(planned)).toEqual(['used', 'used', 'unused']);
  });
});
