/**
 * Steps and words that several runbooks share.
 *
 * @module
 */
import type { Cluster } from '../cluster.ts';
import { BUNDLE } from '../names.ts';
import { fieldOf, listOf, textOf } from '../printed.ts';
import { everywhere, headAt, RELEASES, type Stream } from '../standing.ts';
import type { Step } from '../step.ts';
import { expectSight } from '../unmet.ts';

const ANA: readonly string[] = ['--key', 'signers/ana.age', '--yes'];
export const BOTH: readonly string[] = [...ANA, '--key', 'signers/ben.age'];
export const ON: readonly string[] = ['--bundle', BUNDLE];

/** Whose key approves, and in which region they ask a node. */
interface Approval {
  readonly key: string;
  readonly region: string;
}

export const BEN: Approval = { key: 'signers/ben.age', region: 'fra' };

/** The first release, and programs that have it and call each other. */
export async function begin(cluster: Cluster, step: Step, cas: readonly string[]): Promise<void> {
  await step('publish the first release, start programs', async () => {
    const files = await Promise.all(cas.map((ca) => cluster.desk.workloadCa(ca)));
    await cluster.kedge(['anchor', 'add', ...files, ...ON, ...BOTH]);
    await cluster.openPrograms(cas[0] ?? '');
    await cluster.programs.fresh();
    return await everywhere(cluster, { stream: RELEASES, sequence: 1 });
  });
}

/** The last step: nothing broke, also with what came last. */
export async function goOn(cluster: Cluster, step: Step): Promise<void> {
  await step('handshakes go on', () => cluster.programs.moreCalls());
}

/** Proposes a draft at the first node; others approve it at theirs, as on the page. */
export async function propose(
  cluster: Cluster,
  draft: string,
  {
    of,
    key = 'signers/ana.age',
    approvals = [BEN],
  }: {
    readonly of: Stream;
    readonly key?: string;
    readonly approvals?: readonly Approval[];
  },
): Promise<void> {
  await cluster.kedge(['proposal', 'create', draft, '--key', key, '--yes']);
  const name = of === RELEASES ? BUNDLE : of;
  for (const approval of approvals) {
    const at = cluster.node(approval.region);
    await cluster.until(`a proposal for ${of} at ${at.place.id}`, async () => {
      const listed = listOf(await cluster.json(['proposal', 'list'], at));
      const found = listed.map((one) => textOf(one, 'stream'));
      return { holds: found.includes(of), found: `proposals: ${found.join(', ')}` };
    });
    await cluster.kedge(['proposal', 'approve', name, '--key', approval.key, '--yes'], at);
  }
}

/** Drafts a charter, reads what it means, and gives that in words. */
export async function planCharter(
  cluster: Cluster,
  draft: string,
  argv: readonly string[],
): Promise<string> {
  await cluster.kedge(['charter', ...argv, '--out', draft]);
  const plan = fieldOf(await cluster.json(['charter', 'plan', draft]), 'plan');
  const takes = listOf(fieldOf(plan, 'needs')).map((need) => {
    const eligible = listOf(fieldOf(need, 'eligible')).map(String).join(', ');
    return `${String(fieldOf(need, 'threshold'))} of ${eligible}`;
  });
  return `it takes ${takes.join(' and ')}`;
}

/** A release that changes nothing: signers left, so history is to end under the new charter. */
export async function publishAnew(
  cluster: Cluster,
  draft: string,
  signed: Omit<Parameters<typeof propose>[2], 'of'> = {},
): Promise<string> {
  const argv = ['release', 'draft', ...ON, '--draft', draft, '--note', 'under the new charter'];
  await cluster.kedge(argv);
  const { sequence: before = 0 } = (await headAt(cluster, cluster.near, RELEASES)) ?? {};
  await propose(cluster, draft, { of: RELEASES, ...signed });
  return await everywhere(cluster, { stream: RELEASES, sequence: before + 1 });
}

/** A thief hands in what he signed; the node has to refuse it for this reason. */
export async function refused(
  cluster: Cluster,
  what: string,
  {
    draft,
    keys,
    code,
  }: { readonly draft: string; readonly keys: readonly string[]; readonly code: string },
): Promise<string> {
  const refusal = await cluster.desk.forge(draft, keys, cluster.near);
  const found = refusal === undefined ? 'the node took it' : `${refusal.code} ${refusal.message}`;
  expectSight(`${what} is refused with ${code}`, { holds: refusal?.code === code, found });
  return `${what}: ${code}`;
}

/** A thief hands in what he signed, and nobody can tell. */
export async function taken(
  cluster: Cluster,
  what: string,
  { draft, keys }: { readonly draft: string; readonly keys: readonly string[] },
): Promise<void> {
  const refusal = await cluster.desk.forge(draft, keys, cluster.near);
  const found = refusal === undefined ? 'taken' : `${refusal.code} ${refusal.message}`;
  expectSight(`${what} is taken`, { holds: refusal === undefined, found });
}

/** Whoever demands so many regions does not get the newest release at the first node that runs. */
export async function lackRegions(cluster: Cluster, count: number): Promise<string> {
  const demand = ['--require-regions', String(count)];
  const { code, stderr } = await cluster.desk.run(
    ['bundle', 'show', BUNDLE, ...demand],
    cluster.near,
  );
  const why = firstLineOf(stderr).replace(/^error: /, '');
  return expectSight(`whoever demands ${count} regions is refused for want of them`, {
    holds: code !== 0 && /QUORUM|no region has cosigned/.test(stderr),
    found: `whoever demands ${count} regions: exit code ${code}, ${why}`,
  });
}

/** The first line that says something. */
export function firstLineOf(text: string): string {
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? ''
  );
}
