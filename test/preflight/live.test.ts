/** Whether a plan says what live trust says, which judges each handshake of a program. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorities, type Authority } from '../../src/client/live/authorities.ts';
import { readLimits } from '../../src/core/anchors/limits.ts';
import { planChange } from '../../src/preflight/plan.ts';
import type { PlannedBundle } from '../../src/preflight/trust-store.ts';
import type { IssuedCertificate } from '../../src/x509/issue.ts';
import {
  bundleOf,
  chainOf,
  DAY_MS,
  dice,
  leaf,
  makeWeb,
  NOW_MS,
  type TestAnchor,
} from './support.ts';

const CASES = 15;

function authoritiesOf({ body, blobs }: PlannedBundle): Authorities {
  const cas = body.anchors.map((anchor): Authority => {
    const certificate = new X509Certificate(blobs.get(anchor.id) ?? new Uint8Array());
    const reading = readLimits(anchor);
    const limits = reading.kind === 'known' ? reading.limits : undefined;
    const { id, state } = anchor;
    return {
      id,
      state,
      limitsText: '',
      ...(limits && { limits }),
      pem: () => certificate.toString(),
      certificate: () => certificate,
    };
  });
  return new Authorities(cas);
}

describe('planChange', () => {
  it('names the anchor that live trust counts, and refuses by constraints where it does', () => {
    const wrong: string[] = [];
    const web = makeWeb();
    const leaves = web.map((issuer) => leaf(issuer, { to: 9000 }));
    const seen = { accepted: 0, constraint: 0 };
    for (let seed = 1; seed <= CASES; seed += 1) {
      const roll = dice(seed * 104_729);
      const anchors = web.filter(() => roll(2) > 0);
      const limited = (ca: IssuedCertificate): TestAnchor => {
        const values = [roll(2) === 0 ? 'example.org' : 'example.net'];
        const state = roll(2) === 0 ? 'active' : 'retiring';
        if (roll(2) === 0) return { ca, state };
        return { ca, state, constraints: [{ type: 'permitted-dns', critical: true, values }] };
      };
      const today = bundleOf(...anchors.map(limited));
      const sent = [
        ...leaves.slice(roll(leaves.length)).slice(0, 1),
        ...web.filter(() => roll(2) > 0),
      ];
      const nowMs = NOW_MS + DAY_MS;
      const chains = [chainOf('x', ...sent)];
      const planned = planChange({ today, chains, instants: [nowMs], clusterMs: 0 });
      const verdict = planned.chains[0]?.decisive.today;
      const chain = sent.map(({ der }) => der);
      const live = authoritiesOf(today).vouch(chain, { nowMs, usage: 'server' });
      if (verdict?.kind === 'accepted') {
        seen.accepted += 1;
        const named = live.kind === 'vouched' ? live.anchor.id : live.kind;
        if (named !== verdict.anchor) wrong.push(`seed ${seed}: ${named}, not ${verdict.anchor}`);
      } else if (verdict?.reason === 'constraint') {
        seen.constraint += 1;
        if (live.kind !== 'limited') wrong.push(`seed ${seed}: ${live.kind}, not limited`);
      }
    }
    expect(wrong).toEqual([]);
    expect(seen.accepted + seen.constraint).toBeGreaterThan(0);
  }, 60_000);
});
