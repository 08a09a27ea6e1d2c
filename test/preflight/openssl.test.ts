/** Whether a plan says what OpenSSL does: random webs of CAs, each judged by both. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planChange } from '../../src/preflight/plan.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import type { IssuedCertificate } from '../../src/x509/issue.ts';
import { parseRevocationList } from '../../src/x509/revocation-list.ts';
import { type RandomWeb, randomWeb } from './random-web.ts';
import { listPem } from './remade.ts';
import { bundleOf, chainOf, DAY_MS, dice, leaf, makeWeb, NOW_MS } from './support.ts';

const run = promisify(execFile);
/** More of them: KEDGE_PLAN_CASES. */
const CASES = Number(process.env['KEDGE_PLAN_CASES'] ?? 8);
const TIMEOUT_MS = 60_000 + CASES * 1000;
let dir: TempDir;
let hasOpenssl: boolean;
beforeAll(async () => {
  dir = await createTempDir('kedge-openssl-');
  const { stdout } = await run('openssl', ['version']).catch(() => ({ stdout: '' }));
  hasOpenssl = /^OpenSSL 3\./.test(stdout);
});
afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

/** As programs get them. */
function byId(a: IssuedCertificate, b: IssuedCertificate): number {
  return a.facts.id < b.facts.id ? -1 : 1;
}

async function acceptsWithOpenssl(
  { anchors, sent, lists }: RandomWeb,
  atMs: number,
): Promise<boolean> {
  const pem = (list: readonly IssuedCertificate[]): string =>
    list.map(({ certificatePem }) => certificatePem).join('\n');
  const [first, ...rest] = sent;
  const argv = ['verify', '-no-CApath', '-no-CAstore', '-purpose', 'sslserver'];
  argv.push('-attime', String(Math.floor(atMs / 1000)));
  argv.push('-CAfile', await dir.write('anchors.pem', pem(anchors.toSorted(byId))));
  if (rest.length > 0) argv.push('-untrusted', await dir.write('sent.pem', pem(rest)));
  if (lists.length > 0) {
    const file = await dir.write('lists.pem', lists.map(listPem).join('\n'));
    argv.push('-crl_check_all', '-CRLfile', file);
  }
  argv.push(await dir.write('leaf.pem', first?.certificatePem ?? ''));
  return await run('openssl', argv)
    .then(() => true)
    .catch(() => false);
}

/** A plan accepts what it accepts without a doubt; OpenSSL refuses where a list is missing. */
function planned({ anchors, sent, lists }: RandomWeb, atMs: number): { is: boolean; why: string } {
  const { chains } = planChange({
    today: bundleOf(...anchors),
    chains: [chainOf('x', ...sent)],
    ...(lists.length > 0 && {
      lists: lists.map((der) => ({ name: 'x', list: parseRevocationList(der) })),
    }),
    instants: [atMs],
    clusterMs: 0,
  });
  const verdict = chains[0]?.decisive.today;
  const isListed = chains[0]?.gaps.includes('revocation') === false;
  const why = verdict?.kind === 'refused' ? verdict.reason : '';
  return { is: verdict?.kind === 'accepted' && isListed, why };
}

async function compare(
  makeCase: (roll: ReturnType<typeof dice>) => RandomWeb & { readonly atMs: number },
): Promise<{ readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  for (let seed = 1; seed <= CASES; seed += 1) {
    const one = makeCase(dice(seed * 7919));
    if (one.anchors.length === 0) continue;
    const { is, why } = planned(one, one.atMs);
    const expected = await acceptsWithOpenssl(one, one.atMs);
    if (expected !== is) wrong.push(`seed ${seed}: ${is ? 'accepted' : why}`);
  }
  return { wrong };
}

describe('planChange', () => {
  it(
    'accepts and refuses what OpenSSL 3 accepts and refuses',
    async (context) => {
      if (!hasOpenssl) context.skip('there is no OpenSSL 3 on this machine to compare with');
      const web = makeWeb();
      const leaves = web.flatMap((issuer) => [
        leaf(issuer, { to: 9000 }),
        leaf(issuer, { usages: ['clientAuth'], to: 9000 }),
      ]);
      const { wrong } = await compare((roll) => {
        const anchors = web.filter(() => roll(2) > 0);
        const between = web.filter(() => roll(2) > 0).toSorted(() => roll(3) - 1);
        const sent = [...leaves.slice(roll(leaves.length)).slice(0, 1), ...between];
        const atMs = NOW_MS + (roll(3) * 30 + 0.5) * DAY_MS;
        return { anchors, sent, lists: [], atMs };
      });
      expect(wrong).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it.for(['without', 'with-lists'] as const)(
    'evaluates name constraints and revocation lists as OpenSSL 3 does: %s',
    { timeout: TIMEOUT_MS },
    async (lists, context) => {
      if (!hasOpenssl) context.skip('there is no OpenSSL 3 on this machine to compare with');
      const { wrong } = await compare((roll) => ({ ...randomWeb(roll, lists), atMs: NOW_MS }));
      expect(wrong).toEqual([]);
    },
  );
});
