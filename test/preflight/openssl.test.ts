/** Whether a plan says what OpenSSL does: random webs of CAs, each judged by both. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planChange } from '../../src/preflight/plan.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import type { IssuedCertificate } from '../../src/x509/issue.ts';
import { bundleOf, chainOf, DAY_MS, dice, leaf, makeWeb, NOW_MS } from './support.ts';

const run = promisify(execFile);
const CASES = 8;
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
  anchors: readonly IssuedCertificate[],
  sent: readonly IssuedCertificate[],
  atMs: number,
): Promise<boolean> {
  const pem = (list: readonly IssuedCertificate[]): string =>
    list.map(({ certificatePem }) => certificatePem).join('\n');
  const [first, ...rest] = sent;
  const files = [
    await dir.write('anchors.pem', pem(anchors.toSorted(byId))),
    await dir.write('sent.pem', pem(rest)),
    await dir.write('leaf.pem', first?.certificatePem ?? ''),
  ];
  const argv = ['verify', '-no-CApath', '-no-CAstore', '-purpose', 'sslserver'];
  const more = rest.length === 0 ? [] : ['-untrusted', files[1] ?? ''];
  const time = ['-attime', String(Math.floor(atMs / 1000))];
  return await run('openssl', [
    ...argv,
    ...time,
    '-CAfile',
    files[0] ?? '',
    ...more,
    files[2] ?? '',
  ])
    .then(() => true)
    .catch(() => false);
}

describe('planChange', () => {
  it('accepts and refuses what OpenSSL 3 accepts and refuses', async (context) => {
    if (!hasOpenssl) context.skip('there is no OpenSSL 3 on this machine to compare with');
    const wrong: string[] = [];
    const web = makeWeb();
    const leaves = web.flatMap((issuer) => [
      leaf(issuer, { to: 9000 }),
      leaf(issuer, { usages: ['clientAuth'], to: 9000 }),
    ]);
    for (let seed = 1; seed <= CASES; seed += 1) {
      const roll = dice(seed * 7919);
      const anchors = web.filter(() => roll(2) > 0);
      if (anchors.length === 0) continue;
      const between = web.filter(() => roll(2) > 0).toSorted(() => roll(3) - 1);
      const sent = [...leaves.slice(roll(leaves.length)).slice(0, 1), ...between];
      const atMs = NOW_MS + (roll(3) * 30 + 0.5) * DAY_MS;
      const { chains } = planChange({
        today: bundleOf(...anchors),
        chains: [chainOf('x', ...sent)],
        instants: [atMs],
        clusterMs: 0,
      });
      const verdict = chains[0]?.decisive.today;
      const isAccepted = verdict?.kind === 'accepted';
      const expected = await acceptsWithOpenssl(anchors, sent, atMs);
      if (expected !== isAccepted) wrong.push(`seed ${seed}: ${verdict?.kind ?? ''}`);
    }
    expect(wrong).toEqual([]);
  }, 60_000);
});
