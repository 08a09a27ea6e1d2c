/**
 * The expiries that broke the web, with certificates made here: AddTrust External CA Root on 30 May
 * 2020, DST Root CA X3 on 30 September 2021.
 */
import { describe, expect, it } from 'vitest';
import { removeAnchor } from '../../src/core/releases/edit.ts';
import { type Plan, planChange } from '../../src/preflight/plan.ts';
import type { PlannedBundle } from '../../src/preflight/trust-store.ts';
import type { PlanWarning, WarningKind } from '../../src/preflight/warnings.ts';
import {
  below,
  bundleOf,
  chainOf,
  DAY_MS,
  edited,
  INSTANTS,
  leaf,
  POINT,
  root,
} from './support.ts';

type Chains = Parameters<typeof planChange>[0]['chains'];

function plan(chains: Chains, today: PlannedBundle, proposed?: PlannedBundle): Plan {
  const terms = { instants: INSTANTS, clusterMs: 14 * DAY_MS };
  return planChange({ today, chains, ...terms, ...(proposed && { proposed }) });
}

function warning({ warnings }: Plan, kind: WarningKind): PlanWarning | undefined {
  return warnings.find((one) => one.kind === kind);
}

describe('AddTrust, May 2020: the cross-signed certificate expires, the root stays', () => {
  const addTrust = root('AddTrust External CA Root', { from: -7000, to: 45 });
  const userTrust = root('USERTrust RSA Certification Authority');
  const cross = below(addTrust, 'USERTrust RSA Certification Authority', {
    keyPem: userTrust.keyPem,
  });
  const sectigo = below(userTrust, 'Sectigo RSA Domain Validation');
  const chain = chainOf('shop:443', leaf(sectigo), sectigo, cross);
  const both = bundleOf({ ca: addTrust, state: 'retiring' }, userTrust);

  it('goes on for who tries its anchors first, and breaks for who takes the first path', () => {
    const planned = plan([chain], both);
    expect(planned.counts).toMatchObject({ fine: 1 });
    const cells = planned.chains[0]?.cells ?? [];
    expect(cells.map(({ today }) => today.dissents.map(({ kind }) => kind))).toEqual([
      [],
      [],
      ['first-path-refuses'],
      ['first-path-refuses'],
    ]);
    expect(cells[2]?.today).toMatchObject({ kind: 'accepted', anchor: userTrust.facts.id });
    const strict = warning(planned, 'first-path-refuses');
    expect(strict).toMatchObject({ atMs: INSTANTS[2], chains: 1 });
    expect(strict?.text).toContain('strict first-path clients break (OpenSSL 1.0.2');
    expect(strict?.text).toContain('"AddTrust External CA Root" ends on 2027-01-07');
  });

  it('warns of the cross-signed certificate that servers go on sending', () => {
    expect(warning(plan([chain], both), 'cross-sign-expires')).toMatchObject({
      atMs: cross.facts.notAfterMs,
      certificates: [cross.facts.id, userTrust.facts.id],
      chains: 1,
    });
  });

  it('is mended for strict clients by removing the expired root', () => {
    const proposed = edited(both, (body) => removeAnchor(body, addTrust.facts.id, POINT));
    const planned = plan([chain], both, proposed);
    expect(planned.counts).toMatchObject({ fine: 1 });
    expect(warning(planned, 'first-path-refuses')).toBeUndefined();
  });

  it('breaks for everybody whose bundle lacks the root that stays', () => {
    const planned = plan([chain], bundleOf(addTrust));
    expect(planned.chains[0]).toMatchObject({
      outcome: 'expires',
      decisive: { atMs: INSTANTS[2], today: { reason: 'expired', anchor: addTrust.facts.id } },
    });
    expect(warning(planned, 'no-successor')).toMatchObject({ certificates: [addTrust.facts.id] });
  });
});

describe('DST Root CA X3, September 2021: the anchor has expired and is kept', () => {
  const dst = root('DST Root CA X3', { from: -7000, to: 45 });
  // The cross-signed certificate outlived the root that had signed it.
  const signer = root('DST Root CA X3', { from: -7000, to: 1100 }, dst.keyPem);
  const isrg = root('ISRG Root X1');
  const cross = below(signer, 'ISRG Root X1', { keyPem: isrg.keyPem });
  const r3 = below(isrg, 'R3');
  const chain = chainOf('blog:443', leaf(r3, { to: 80 }), r3, cross);

  it('is refused by clients that look at the dates of anchors, not by those that do not', () => {
    const planned = plan([chain], bundleOf(dst));
    expect(planned.chains[0]).toMatchObject({
      outcome: 'expires',
      decisive: {
        atMs: INSTANTS[2],
        today: { reason: 'expired', dissents: [{ kind: 'dateless-accepts' }] },
      },
    });
    expect(warning(planned, 'dateless-accepts')).toMatchObject({ atMs: INSTANTS[2], chains: 1 });
  });

  it('goes on where the new root is an anchor too, but not for strict first-path clients', () => {
    const planned = plan([chain], bundleOf({ ca: dst, state: 'retiring' }, isrg));
    expect(planned.counts).toMatchObject({ fine: 1 });
    expect(warning(planned, 'first-path-refuses')?.text).toContain('"DST Root CA X3" ends on');
  });

  it('breaks by removing the old root where the new one is missing, and is mended by it', () => {
    const before = bundleOf({ ca: dst, state: 'retiring' }, root('Other'));
    const proposed = edited(before, (body) => removeAnchor(body, dst.facts.id, POINT));
    expect(plan([chain], before, proposed).counts).toMatchObject({ breaks: 1 });
    expect(plan([chain], proposed, bundleOf(isrg)).counts).toMatchObject({ mended: 1 });
  });
});

describe('warningsOf', () => {
  const one = root('One CA', { to: 100 });
  const two = root('Two CA', { to: 110 });
  const far = root('Far CA');

  it('tells of certificates that end at nearly one time, intermediates too', () => {
    const issuing = below(far, 'Issuing CA', { to: 105 });
    const planned = plan([chainOf('a', leaf(issuing), issuing)], bundleOf(one, two, far));
    expect(warning(planned, 'simultaneous-expiry')).toMatchObject({
      atMs: one.facts.notAfterMs,
      certificates: [one.facts.id, issuing.facts.id, two.facts.id],
    });
    expect(warning(planned, 'simultaneous-expiry')?.text).toMatch(/^3 .* end between \S+ and /);
    const twin = root('Twin CA', { to: 100 });
    const same = warning(plan([], bundleOf(one, twin)), 'simultaneous-expiry');
    expect(same?.text).toMatch(/^2 certificates end at \S+: "/);
    expect(warning(plan([], bundleOf(one, far)), 'simultaneous-expiry')).toBeUndefined();
  });

  it('tells of a name with two keys', () => {
    const twin = root('Far CA');
    expect(warning(plan([], bundleOf(far, twin)), 'same-subject-new-key')).toMatchObject({
      certificates: [far.facts.id, twin.facts.id].toSorted(),
    });
    const renewed = root('Far CA', { to: 4000 }, far.keyPem);
    expect(warning(plan([], bundleOf(far, renewed)), 'same-subject-new-key')).toBeUndefined();
  });

  it('tells of an anchor that ends before its successor is active', () => {
    const soon = root('Soon CA', { to: 50 });
    const planned = plan([], bundleOf(soon, { ca: far, state: 'staged' }));
    expect(warning(planned, 'no-successor')?.text).toContain(
      '"Far CA" is only staged: activate it',
    );
    expect(warning(plan([], bundleOf(soon, far)), 'no-successor')).toBeUndefined();
  });

  it('tells of what rests on an anchor that is retiring', () => {
    const planned = plan([chainOf('a', leaf(one))], bundleOf({ ca: one, state: 'retiring' }, far));
    expect(warning(planned, 'rests-on-retiring')).toMatchObject({ chains: 1 });
  });
});
