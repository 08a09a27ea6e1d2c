/**
 * A cluster as JSON and as text.
 *
 * @module
 */

import { formatTimestamp } from '../../core/ids.ts';
import type { Json } from '../output.ts';
import { countOf, formatTable, printable, type Styles } from '../terminal/styles.ts';
import type { Cluster, ClusterMember } from './cluster.ts';
import { describeDoubt } from './peers-view.ts';
import { formatBehind } from './view.ts';

const NOT_TRIED = 'not tried yet';

/**
 * A cluster for a terminal. The verdict is last, where the eye is when the text has scrolled by, or
 * first, where a view that does not fit is not cut.
 */
export function formatCluster(
  cluster: Cluster,
  styles: Styles,
  verdict: 'first' | 'last' = 'last',
): string {
  const [count, ...rest] = formatParts(cluster, styles);
  const lines = formatVerdict(cluster, styles);
  const ordered =
    verdict === 'first' ? [count, ...lines, '', ...rest] : [count, ...rest, '', ...lines];
  return ordered.join('\n');
}

function formatVerdict(cluster: Cluster, styles: Styles): readonly string[] {
  const { problems } = cluster;
  if (problems.length === 0) return [styles.green(wellText(cluster))];
  return problems.map((problem) => styles.red(`not well: ${printable(problem)}`));
}

/** How many there are, the members, and what is wrong. */
function formatParts(cluster: Cluster, styles: Styles): readonly string[] {
  const { members, linksDown, unreached, failingSeeds, refused, doubted, unreachable } = cluster;
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
      [...linksDown, ...unreached].map(
        ({ from, to, lastError = NOT_TRIED }) => `${from} -> ${to}  ${printable(lastError)}`,
      ),
    ),
    ...section(
      styles.bold('Seeds that lead to nobody'),
      failingSeeds.map(
        ({ from, address, reason }) => `${from} -> ${printable(address)}  ${printable(reason)}`,
      ),
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
  ];
}

/** One node can only tell what it sees itself. */
function wellText({ members }: Cluster): string {
  const what = 'all members are alive, reach each other and hold the same';
  const asked = members.filter(({ source }) => source === 'itself').map(({ nodeId }) => nodeId);
  if (asked.length === members.length) return `well: ${what}`;
  const [first = ''] = asked;
  const who = asked.length === 1 ? first : `the ${String(asked.length)} that were asked`;
  return `well, as far as ${who} can tell: ${what} (--nodes asks others too)`;
}

/** A cluster for programs. */
export function clusterJson(cluster: Cluster): Json {
  const { members, roots, linksDown, unreached, failingSeeds, ...others } = cluster;
  const { failingStores, keyWaits, refused, doubted, unreachable, ...rest } = others;
  return {
    isWell: cluster.problems.length === 0,
    ...rest,
    roots: roots.map((each) => ({ ...each })),
    members: members.map((member) => ({ ...member })),
    linksDown: linksDown.map((link) => ({ ...link })),
    unreached: unreached.map((link) => ({ ...link })),
    failingSeeds: failingSeeds.map((seed) => ({ ...seed })),
    failingStores: failingStores.map((each) => ({ ...each })),
    keyWaits: keyWaits.map(({ sinceMs, ...each }) => ({
      ...each,
      since: formatTimestamp(sinceMs),
    })),
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
    member.role ?? 'not told',
    member.state === 'alive' ? styles.green(member.state) : styles.red(member.state),
    formatRoot(member, common, styles),
    member.behind === undefined ? '-' : formatBehind(member.behind, styles),
    member.version === undefined ? 'not known' : printable(member.version),
    member.source,
  ]);
  const head = ['node', 'role', 'state', 'holds', 'behind', 'version', 'told by'];
  return formatTable(['  region', ...head], rows);
}

function formatRoot({ root }: ClusterMember, common: string | undefined, styles: Styles): string {
  if (root === undefined) return 'not known';
  const short = root.slice(0, 8);
  return root === common ? short : styles.yellow(`${short}, not the same`);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`.trimEnd())];
}
