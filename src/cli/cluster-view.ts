/**
 * A cluster as JSON and as text.
 *
 * @module
 */
import type { Cluster, ClusterMember } from './cluster.ts';
import { describeDoubt, formatBehind } from './node-view.ts';
import type { Json } from './output.ts';
import { countOf, formatTable, printable, type Styles } from './styles.ts';

/** A cluster for a terminal. */
export function formatCluster(cluster: Cluster, styles: Styles): string {
  const { members, linksDown, refused, doubted, unreachable, problems } = cluster;
  const alive = members.filter(({ state }) => state === 'alive').length;
  const regions = new Set(members.map(({ region }) => region)).size;
  const left = members.filter(({ state }) => state === 'left').length;
  const count = `${String(alive)} of ${countOf(members.length - left, 'member')} alive`;
  const gone = left === 0 ? '' : `, ${String(left)} left`;
  return [
    styles.bold(`${count} in ${countOf(regions, 'region')}${gone}`),
    formatMembers(cluster, styles),
    ...section(
      styles.bold('Links that are down'),
      linksDown.map(({ from, to, lastError }) => `${from} -> ${to}  ${printable(lastError ?? '')}`),
    ),
    ...section(
      styles.bold('Nodes that are refused for what they got wrong'),
      refused.map(({ nodeId, by, lastFault }) => `${nodeId} by ${by}  ${printable(lastFault)}`),
    ),
    ...section(
      styles.bold('Nodes that are hard to believe'),
      doubted.map(({ nodeId, by, doubt }) => `${nodeId} by ${by}  ${describeDoubt(doubt)}`),
    ),
    ...section(
      styles.bold('Nodes that do not answer'),
      unreachable.map(({ endpoint, reason }) => `${printable(endpoint)}  ${printable(reason)}`),
    ),
    '',
    ...(problems.length === 0
      ? [styles.green('well: all members are alive and hold the same')]
      : problems.map((problem) => styles.red(`not well: ${printable(problem)}`))),
  ].join('\n');
}

/** A cluster for programs. */
export function clusterJson(cluster: Cluster): Json {
  const { members, roots, linksDown, refused, doubted, unreachable, ...rest } = cluster;
  return {
    isWell: cluster.problems.length === 0,
    ...rest,
    roots: roots.map((each) => ({ ...each })),
    members: members.map((member) => ({ ...member })),
    linksDown: linksDown.map((link) => ({ ...link })),
    refused: refused.map((each) => ({ ...each })),
    doubted: doubted.map((each) => ({ ...each })),
    unreachable: unreachable.map((each) => ({ ...each })),
  };
}

function formatMembers({ members, roots }: Cluster, styles: Styles): string {
  const common = roots[0]?.root;
  const rows = members.map((member, index) => [
    `  ${member.region === members[index - 1]?.region ? '' : member.region}`,
    member.nodeId,
    member.role ?? '-',
    member.state === 'alive' ? styles.green(member.state) : styles.red(member.state),
    formatRoot(member, common, styles),
    member.behind === undefined ? '-' : formatBehind(member.behind, styles),
    member.source,
  ]);
  return formatTable(['  region', 'node', 'role', 'state', 'holds', 'behind', 'told by'], rows);
}

function formatRoot({ root }: ClusterMember, common: string | undefined, styles: Styles): string {
  if (root === undefined) return 'not known';
  const short = root.slice(0, 8);
  return root === common ? short : styles.yellow(`${short}, not the same`);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`.trimEnd())];
}
