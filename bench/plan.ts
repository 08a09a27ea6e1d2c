/**
 * Claim `plan`: how long `kedge plan` takes on a large bundle with many recorded chains, as a whole
 * process, from its start to its exit.
 *
 * Half of the anchors are roots of the public web (RSA and EC, large), half are made here and have
 * issued the chains: leaf, intermediate and, for some, a cross-signed certificate. The draft
 * revokes one of them.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addRoots, PUBLIC_WEB, publicRoots } from '../demo/bundles.ts';
import { makeCa, makeLeaf } from '../demo/certificates.ts';
import { saveDraft } from '../src/cli/draft/file.ts';
import { chainJson } from '../src/cli/plan/chains-file.ts';
import { revokeAnchor } from '../src/core/releases/edit.ts';
import { createTestRealm } from '../src/testing/realm.ts';
import { type IssuedCertificate, issueIntermediate } from '../src/x509/issue.ts';
import { atMost, type Claim, type Measurement, median, rounded } from './claim.ts';

const KEDGE = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const ANCHORS = 140;
const OWN = 70;
const INTERMEDIATES = 100;
const CHAINS = 500;
const RUNS = 9;
const MAX_MS = 2000;
const YEAR_MS = 365 * 86_400_000;

/** The claim. */
export const plan: Claim = {
  name: 'plan',
  summary: 'kedge plan as a process: 140 anchors, 500 recorded chains, now and at +30/60/90 days',
  measure,
};

async function measure(): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'kedge-bench-'));
  try {
    const expected = await prepare(folder);
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) times.push(await runOnce(folder, expected));
    const help: number[] = [];
    for (let run = 0; run < RUNS; run += 1) help.push(await timed(folder, ['--version'], 0));
    const planMsMedian = rounded(median(times));
    const planMsMax = rounded(Math.max(...times));
    const versionMsMedian = rounded(median(help));
    return {
      figures: { anchors: ANCHORS, chains: CHAINS, planMsMedian, planMsMax, versionMsMedian },
      bars: [atMost('planMsMedian', planMsMedian, MAX_MS)],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes draft, chains and profile; gives how many chains the draft breaks. */
async function prepare(folder: string): Promise<number> {
  const realm = createTestRealm({ realm: 'bench.kedge.test', threshold: 2, now: Date.now });
  const own = Array.from({ length: OWN }, (_, n) => makeCa(`CA ${String(n)}`));
  const roots = [...publicRoots().slice(0, ANCHORS - OWN), ...own.map(({ facts }) => facts)];
  const base = realm.nextRelease(PUBLIC_WEB, addRoots(roots).edit).document;
  const [gone] = own;
  if (gone === undefined) throw new Error('there are CAs');
  const { document } = realm.nextRelease(PUBLIC_WEB, (body, point) =>
    revokeAnchor(body, gone.facts.id, point),
  );
  const blobs = new Map(roots.map(({ id, der }) => [id, der]));
  const charters = [realm.charter.document];
  await saveDraft(join(folder, 'draft.json'), { document, charters, base, blobs }, 'new');
  const profile = `realm: ${realm.name}\npin: "${realm.firstCharterDigest}"\n`;
  await writeFile(join(folder, 'kedge.yaml'), profile);
  const between = Array.from({ length: INTERMEDIATES }, (_, n) => makeBetween(own, n));
  const chains = Array.from({ length: CHAINS }, (_, n) => {
    const [issuing, ...above] = between[n % INTERMEDIATES] ?? [];
    if (issuing === undefined) throw new Error('there are intermediates');
    const leaf = makeLeaf(issuing, { commonName: `service-${String(n)}` });
    const chain = [leaf, issuing, ...above].map(({ der }) => der);
    return { name: `service-${String(n)}:443`, purpose: 'tls-server', chain };
  });
  const lines = chains.map((chain) => `${JSON.stringify(chainJson(chain))}\n`);
  await writeFile(join(folder, 'chains.jsonl'), lines.join(''));
  return chains.filter((_, n) => (n % INTERMEDIATES) % OWN === 0).length;
}

/** An intermediate; of every fourth the CA above is sent as cross-signed by the next one. */
function makeBetween(own: readonly IssuedCertificate[], n: number): readonly IssuedCertificate[] {
  const [issuer, other] = [own[n % OWN], own[(n + 1) % OWN]];
  if (issuer === undefined || other === undefined) throw new Error('there are CAs');
  const terms = { nowMs: Date.now(), validForMs: YEAR_MS, serial: () => randomBytes(16) };
  const issuing = issueIntermediate({ ...terms, issuer, commonName: `Issuing ${String(n)}` });
  if (n % 4 !== 1) return [issuing];
  const commonName = `CA ${String(n % OWN)}`;
  const { keyPem } = issuer;
  return [issuing, issueIntermediate({ ...terms, issuer: other, commonName, keyPem })];
}

async function runOnce(folder: string, expected: number): Promise<number> {
  const argv = ['plan', 'draft.json', '--chains', 'chains.jsonl', '--output', 'json'];
  return await timed(folder, argv, 1, (stdout) => {
    if (stdout.includes(`"breaks": ${String(expected)},`)) return;
    throw new Error(`the plan does not break ${String(expected)} chains`);
  });
}

/** Milliseconds from start to exit of one command that has to end with `code`. */
async function timed(
  cwd: string,
  argv: readonly string[],
  code: number,
  check?: (stdout: string) => void,
): Promise<number> {
  const startMs = performance.now();
  const stdout = await new Promise<string>((resolve, reject) => {
    const options = { cwd, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [KEDGE, ...argv], options, (error, out, err) => {
      const ended = error === null ? 0 : error.code;
      if (ended === code) resolve(out);
      else reject(new Error(`kedge ${argv.join(' ')} ended with ${String(ended)}: ${err}`));
    });
  });
  const tookMs = performance.now() - startMs;
  check?.(stdout);
  return tookMs;
}
