/**
 * What is known of the programs of a rollout, from the rows that one node holds.
 *
 * Counted are nodes that are alive, say something, and say it of this very rollout. Every other
 * node that may have programs is unknown, and what is unknown opens no wave (DW-4): one that does
 * not answer may have the programs on which the release failed.
 *
 * @module
 */
import { type ReportingNode, rowOf, standingOf } from '../adoption/view.ts';
import type { BundleName, NodeId, RegionName, Sha256 } from '../ids.ts';
import { type Sight, sumCounts, type WaveCounts } from './gates.ts';

/** The same by region, for people. */
export interface RegionalSight extends Sight {
  /** By region, then by wave. */
  readonly regions: ReadonlyMap<RegionName, readonly WaveCounts[]>;
  readonly nodes: readonly SeenNode[];
}

/** One node that has programs, or may have some. */
export interface SeenNode {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly knowledge: NodeKnowledge;
  /** Waves that are open there; 0 also for who does not say. */
  readonly open: number;
}

/**
 * What is known of a node's programs. `unreachable`, `silent`: as in `NodeStanding`; `partial`: it
 * does not tell of all; `behind`: what it says is of another rollout, or of none.
 */
export type NodeKnowledge = 'known' | 'unreachable' | 'silent' | 'partial' | 'behind';

/** Which rollout is looked at. */
export interface SoughtRollout {
  readonly bundle: BundleName;
  /** Digest of its statement. */
  readonly digest: Sha256;
  /** How many waves it has. */
  readonly waves: number;
}

const NOBODY: WaveCounts = { clients: 0, delivered: 0, loaded: 0, refused: 0 };

/** Adds up what nodes say of a rollout. */
export function seeRollout(sought: SoughtRollout, nodes: readonly ReportingNode[]): RegionalSight {
  const regions = new Map<RegionName, readonly WaveCounts[]>();
  const seen: SeenNode[] = [];
  let elsewhere: Sight['elsewhere'] = 'going';
  for (const node of nodes) {
    const knowledge = knowledgeOf(node, sought);
    if (knowledge === undefined) continue;
    const { nodeId, region } = node;
    const row = rowOf(node, sought.bundle)?.rollout;
    const own = row?.rollout === sought.digest ? row : undefined;
    seen.push({ nodeId, region, knowledge, open: own?.open ?? 0 });
    if (own === undefined) continue;
    if (own.standing === 'stopped') elsewhere = 'stopped';
    // Of who is cut off nobody knows where its programs are now: failures count all the same.
    const waves = knowledge === 'unreachable' ? own.waves.map(failures) : own.waves;
    regions.set(region, joined(regions.get(region) ?? [], waves, sought.waves));
  }
  return {
    waves: joinedAll([...regions.values()], sought.waves),
    unknown: seen.filter((one) => one.knowledge !== 'known').map(({ nodeId }) => nodeId),
    elsewhere,
    regions,
    nodes: seen.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1)),
  };
}

/** Absent: it has no programs, or had some that it said goodbye to. */
function knowledgeOf(
  node: ReportingNode,
  { bundle, digest }: SoughtRollout,
): NodeKnowledge | undefined {
  const standing = standingOf(node);
  if (standing === 'left') return undefined;
  if (standing !== 'counted') return standing;
  const said = rowOf(node, bundle);
  if (said === undefined) return node.row?.knowledge === 'partial' ? 'partial' : undefined;
  if (said.knowledge === 'partial') return 'partial';
  return said.rollout?.rollout === digest ? 'known' : 'behind';
}

function failures({ refused }: WaveCounts): WaveCounts {
  return { ...NOBODY, refused };
}

function joinedAll(all: readonly (readonly WaveCounts[])[], waves: number): readonly WaveCounts[] {
  let sum: readonly WaveCounts[] = [];
  for (const one of all) sum = joined(sum, one, waves);
  return joined(sum, [], waves);
}

function joined(
  a: readonly WaveCounts[],
  b: readonly WaveCounts[],
  waves: number,
): readonly WaveCounts[] {
  return Array.from({ length: waves }, (_, index) =>
    sumCounts([a[index] ?? NOBODY, b[index] ?? NOBODY]),
  );
}
