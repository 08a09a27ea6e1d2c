import { describe, expect, it } from 'vitest';
import { removeAnchor, revokeAnchor } from '../../src/core/releases/edit.ts';
import type { ChainPlan } from '../../src/preflight/chain-plan.ts';
import {
  type Plan,
  type PlanInput,
  planChange,
  type RecordedChain,
} from '../../src/preflight/plan.ts';
import type { PlannedBundle } from '../../src/preflight/trust-store.ts';
import {
  below,
  bundleOf,
  chainOf,
  DAY_MS,
  edited,
  INSTANTS,
  leaf,
  NOW_MS,
  POINT,
  root,
} from './support.ts';

function plan(
  chains: readonly RecordedChain[],
  today: PlannedBundle,
  rest: Partial<PlanInput> = {},
): Plan {
  return planChange({ today, chains, instants: INSTANTS, clusterMs: 14 * DAY_MS, ...rest });
}

function only({ chains }: Plan): ChainPlan {
  const [first] = chains;
  if (first === undefined) throw new Error('no chain was looked at');
  return first;
}

const old = root('Old CA');
const next = root('Next CA');
const issuing = below(old, 'Issuing CA');
const today = bundleOf(old, next);
const chain = chainOf('api:443', leaf(issuing), issuing);

describe('planChange', () => {
  it('accepts what leads to an anchor, and says by which path', () => {
    const { outcome, decisive } = only(plan([chain], today));
    expect(outcome).toBe('fine');
    expect(decisive.today).toMatchObject({ kind: 'accepted', anchor: old.facts.id, dissents: [] });
    if (decisive.today.kind !== 'accepted') throw new Error('it is accepted');
    expect(decisive.today.path.map(({ name }) => name)).toEqual([
      'api.example.org',
      'Issuing CA',
      'Old CA',
    ]);
  });

  it.each([
    ['removed', removeAnchor],
    ['revoked', revokeAnchor],
  ] as const)('says that a change breaks what rests on an anchor that is %s', (reason, edit) => {
    const retiring = bundleOf({ ca: old, state: 'retiring' }, next);
    const proposed = edited(retiring, (body) => edit(body, old.facts.id, POINT));
    const other = chainOf('other:443', leaf(next));
    const planned = plan([other, chain], retiring, { proposed });
    expect(planned.counts).toMatchObject({ breaks: 1, fine: 1 });
    expect(planned.chains.map(({ name }) => name)).toEqual(['api:443', 'other:443']);
    expect(only(planned)).toMatchObject({
      outcome: 'breaks',
      decisive: {
        atMs: NOW_MS,
        proposed: { kind: 'refused', reason, anchor: old.facts.id, text: `"Old CA" is ${reason}` },
      },
    });
  });

  it('tells what breaks anyway because something expires from what breaks by the change', () => {
    const short = root('Short CA', { to: 45 });
    const bundle = bundleOf(short, next);
    const resting = chainOf('short:443', leaf(short, { to: 40 }));
    expect(only(plan([resting], bundle, { proposed: bundle }))).toMatchObject({
      outcome: 'expires',
      decisive: { atMs: INSTANTS[2], proposed: { reason: 'expired', anchor: short.facts.id } },
    });
  });

  it('tells an intermediate that expires from its anchor', () => {
    const brief = below(old, 'Brief CA', { to: 20 });
    expect(only(plan([chainOf('a', leaf(brief), brief)], today))).toMatchObject({
      outcome: 'expires',
      decisive: { atMs: INSTANTS[1], today: { reason: 'expired', depth: 1 } },
    });
  });

  it('takes a leaf that is valid now as renewed in time, and not one that has expired', () => {
    expect(only(plan([chainOf('a', leaf(next, { to: 10 }))], today)).outcome).toBe('fine');
    const expired = only(plan([chainOf('a', leaf(next, { to: -1 }))], today));
    expect(expired).toMatchObject({
      outcome: 'broken',
      decisive: { today: { reason: 'expired' } },
    });
  });

  it('finds what a change mends', () => {
    const proposed = bundleOf(old, next, { ca: root('Third CA') });
    const third = root('Fourth CA');
    const resting = chainOf('c', leaf(third));
    const before = bundleOf(old, next, { ca: third, state: 'staged' });
    expect(only(plan([resting], before, { proposed }))).toMatchObject({ outcome: 'broken' });
    const after = bundleOf(old, next, third);
    expect(only(plan([resting], before, { proposed: after }))).toMatchObject({
      outcome: 'mended',
      decisive: { today: { reason: 'staged' }, proposed: { kind: 'accepted' } },
    });
  });

  it.each([
    ['purpose', bundleOf({ ca: old, purposes: ['tls-client'] }), 'is for tls-client and not'],
    [
      'withheld',
      bundleOf({ ca: old, constraints: [{ type: 'new-kind', critical: true, values: ['x'] }] }),
      'no program uses it: constraint new-kind is not enforced',
    ],
    [
      'constraint',
      bundleOf({
        ca: old,
        constraints: [{ type: 'permitted-dns', critical: true, values: ['example.net'] }],
      }),
      'may not vouch for it: it has a DNS name',
    ],
    ['no-path', bundleOf(next), 'who issued "Issuing CA" is neither sent nor an anchor'],
    ['wrong-key', bundleOf(root('Old CA')), 'has the name of the issuer of "Issuing CA"'],
  ] as const)('gives the reason %s', (reason, proposed, text) => {
    expect(only(plan([chain], today, { proposed }))).toMatchObject({
      outcome: 'breaks',
      decisive: { proposed: { reason, text: expect.stringContaining(text) as string } },
    });
  });

  it('applies path lengths and extended key usages as OpenSSL does', () => {
    const narrow = root('Narrow CA');
    const one = below(narrow, 'One', { pathLen: 0 });
    const under = below(one, 'Under');
    const long = only(plan([chainOf('a', leaf(under), under, one)], bundleOf(narrow)));
    expect(long.decisive.today).toMatchObject({ reason: 'path-length', depth: 2 });
    const client = chainOf('b', leaf(narrow, { usages: ['clientAuth'] }));
    expect(only(plan([client], bundleOf(narrow))).decisive.today).toMatchObject({
      reason: 'usage',
    });
    const asClient = { ...client, purpose: 'tls-client' };
    expect(only(plan([asClient], bundleOf(narrow))).outcome).toBe('fine');
  });

  it('says of a leaf that it cannot be renewed from an anchor with distrustAfter', () => {
    const distrustAfterMs = NOW_MS + DAY_MS;
    const proposed = bundleOf({ ca: old, state: 'retiring', distrustAfterMs }, next);
    const resting = chainOf('a', leaf(issuing, { to: 20 }), issuing);
    expect(only(plan([resting], today, { proposed }))).toMatchObject({
      outcome: 'breaks',
      decisive: { atMs: INSTANTS[1], proposed: { reason: 'constraint' } },
    });
  });

  it('goes on by a new certificate of the same key', () => {
    const again = root('Old CA', { to: 4000 }, old.keyPem);
    const proposed = edited(bundleOf({ ca: old, state: 'retiring' }, again), (body) =>
      removeAnchor(body, old.facts.id, POINT),
    );
    expect(only(plan([chain], today, { proposed }))).toMatchObject({
      outcome: 'fine',
      decisive: { proposed: { anchor: again.facts.id } },
    });
  });

  it('names chains that cannot be read, and looks at the others', () => {
    const garbage = { name: 'bad', purpose: 'tls-server', chain: [new Uint8Array([1, 2, 3])] };
    const empty = { name: 'empty', purpose: 'tls-server', chain: [] };
    const planned = plan([garbage, chain, empty], today);
    expect(planned.unread.map(({ name }) => name)).toEqual(['bad', 'empty']);
    expect(planned.counts.fine).toBe(1);
  });

  it('ends with CAs that have signed each other, without an anchor', () => {
    const [a, b] = [root('A'), root('B')];
    const mutual = [below(b, 'A', { keyPem: a.keyPem }), below(a, 'B', { keyPem: b.keyPem })];
    const loop = only(plan([chainOf('loop', leaf(a), ...mutual)], today));
    expect(loop.outcome).toBe('broken');
  });

  it('stays within bounds when sixteen certificates could each have issued the next', () => {
    const key = root('Same').keyPem;
    const many = Array.from({ length: 15 }, (_, n) => root('Same', { to: 100 + n }, key));
    const [first] = many;
    if (first === undefined) throw new Error('there are many');
    const cross = many.map(() => below(first, 'Same', { keyPem: key }));
    const planned = plan([chainOf('many', leaf(first), ...cross)], bundleOf(first));
    expect(only(planned).outcome).toBe('fine');
  });
});
