/**
 * Who has what: the evidence that steps end with. Asked of each node by itself, of the log of the
 * stream whose head regions sign, and of the programs.
 *
 * @module
 */
import type { Cluster } from './cluster.ts';
import { BUNDLE, REGIONS } from './names.ts';
import type { NodeProcess } from './node-process.ts';
import { fieldOf, listOf, textOf } from './printed.ts';
import type { Sight } from './unmet.ts';

/** The stream of the bundle's releases. */
export const RELEASES: `release/${typeof BUNDLE}` = `release/${BUNDLE}`;
export const CHARTERS = 'charter';
export type Stream = typeof RELEASES | typeof CHARTERS;

/** The head of a stream at one node. */
export interface Head {
  readonly sequence: number;
  readonly digest: string;
  readonly isForked: boolean;
}

/** What is to be everywhere. */
export interface Wanted {
  readonly stream: Stream;
  readonly sequence: number;
  /** Absent: any statement for the sequence. */
  readonly digest?: string;
  /** Which regions vouch for it. Default: all. */
  readonly regions?: readonly string[];
}

/** The head of a stream as a node says; absent when it has none. */
export async function headAt(
  cluster: Cluster,
  node: NodeProcess,
  stream: string,
): Promise<Head | undefined> {
  const { code, stdout } = await cluster.desk.run(['node', 'status', '--output', 'json'], node);
  if (code !== 0) return undefined;
  const status: unknown = JSON.parse(stdout);
  const row = listOf(fieldOf(status, 'streams')).find((one) => textOf(one, 'stream') === stream);
  if (row === undefined) return undefined;
  return {
    sequence: Number(fieldOf(row, 'sequence')),
    digest: textOf(row, 'digest'),
    isForked: textOf(row, 'state') === 'forked',
  };
}

/** The regions that cosigned a log of a stream, and its size, as a node proves it. */
export async function vouching(
  cluster: Cluster,
  stream: string,
): Promise<{ readonly size: number; readonly regions: readonly string[] }> {
  const argv = ['log', 'checkpoint', stream, '--output', 'json'];
  const { code, stdout } = await cluster.desk.run(argv, cluster.near);
  if (code !== 0) return { size: 0, regions: [] };
  const shown: unknown = JSON.parse(stdout);
  const regions = listOf(fieldOf(shown, 'regions')).map(String).toSorted();
  return { size: Number(fieldOf(shown, 'size')), regions };
}

/**
 * Waits until something is at every node that runs, vouched for by regions, and taken by every
 * program; gives that in words. Errors: `unmet`.
 */
export async function everywhere(cluster: Cluster, wanted: Wanted): Promise<string> {
  const { regions = REGIONS } = wanted;
  const expected =
    `${nameOf(wanted)} at ${idsOf(cluster.running)} and at all programs, ` +
    `vouched for by ${regions.toSorted().join(', ')}`;
  return await cluster.until(expected, () => lookEverywhere(cluster, { ...wanted, regions }));
}

async function lookEverywhere(
  cluster: Cluster,
  wanted: Wanted & { readonly regions: readonly string[] },
): Promise<Sight> {
  const { stream, sequence, digest, regions } = wanted;
  const nodes = await Promise.all(
    cluster.running.map(async (node) => {
      const head = await headAt(cluster, node, stream);
      const isSame = digest === undefined || head?.digest === digest;
      const has = head?.sequence === sequence && isSame && !head.isForked;
      return { node, head, has };
    }),
  );
  const log = await vouching(cluster, stream);
  const vouchers = log.size === sequence ? log.regions : [];
  const holds =
    nodes.every(({ has }) => has) &&
    regions.every((region) => vouchers.includes(region)) &&
    cluster.programs.all.every((program) => {
      if (stream === CHARTERS) return program.source.status().charterVersion === sequence;
      const used = cluster.programs.status(program);
      return used.sequence === sequence && (digest === undefined || used.digest === digest);
    });
  const others = nodes.filter(({ has }) => !has);
  const told = others.map(({ node, head }) => `${node.place.id} has ${describeHead(head)}`);
  const having = nodes.filter(({ has }) => has).map(({ node }) => node);
  const found = [
    `${nameOf(wanted)} at ${having.length === 0 ? 'no node' : idsOf(having)}`,
    ...told,
    vouchers.length === 0 ? 'no region vouches' : `${vouchers.join(', ')} vouch`,
    ...programsText(cluster, stream),
  ];
  return { holds, found: found.join('; ') };
}

function programsText(cluster: Cluster, stream: string): readonly string[] {
  const { all } = cluster.programs;
  if (all.length === 0) return [];
  if (stream === RELEASES) return [cluster.programs.describe()];
  const versions = all.map((one) => `${one.region} ${one.source.status().charterVersion}`);
  return [`charter of programs: ${versions.join(', ')}`];
}

function nameOf({ stream, sequence, digest }: Wanted): string {
  const kind = stream === CHARTERS ? 'charter' : 'release';
  return `${kind} ${sequence}${digest === undefined ? '' : ` (${digest.slice(0, 8)})`}`;
}

function describeHead(head: Head | undefined): string {
  if (head === undefined) return 'none';
  const { sequence, digest, isForked } = head;
  return `${sequence} (${digest.slice(0, 8)})${isForked ? ', forked' : ''}`;
}

function idsOf(nodes: readonly NodeProcess[]): string {
  return nodes.map(({ place }) => place.id).join(', ');
}
