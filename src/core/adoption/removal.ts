/**
 * Whether an anchor can be removed without breaking a client: the evidence, or what speaks against.
 *
 * Nothing that is missing ever says "safe": a node that does not answer, a client that does not
 * report, an observation that is too short are blockers like a use. What clients report is their
 * own word; a client that lies can block a removal or break itself, not others. docs/adoption.md.
 *
 * @module
 */
import type { Anchor } from '../anchors/anchor.ts';
import { type AnchorId, formatTimestamp, type NodeId, type Sha256 } from '../ids.ts';
import type { ReleaseBody } from '../releases/body.ts';
import { shortDigest } from './client.ts';
import type { AdoptionGroup, BundleAdoption, NodeAdoption } from './model.ts';

/** Why an anchor should not be removed yet. */
export type BlockerKind =
  /** It is not in the newest release of the one who asks, or it is not what nodes serve. */
  | 'not-in-head'
  | 'head-differs'
  /** It is active: let it retire first. */
  | 'not-retiring'
  /** Nothing else is active for a purpose of it. */
  | 'no-successor'
  | 'behind'
  | 'refused'
  | 'used'
  | 'unreported'
  | 'untracked'
  | 'departed'
  | 'unreachable'
  | 'silent'
  | 'partial'
  /** It stopped in order lately: clients may wait for it, and what they used there is lost. */
  | 'left'
  /** A node has not observed for as long as the quiet time is. */
  | 'young';

/** Something that speaks against a removal. */
export interface Blocker {
  readonly kind: BlockerKind;
  /** For people. */
  readonly text: string;
  /** Clients that it is about. */
  readonly clients?: number;
  /** Nodes that it is about. */
  readonly nodes?: readonly NodeId[];
}

/** Whether an anchor can be removed. */
export interface RemovalJudgement {
  readonly anchor: AnchorId;
  readonly verdict: 'safe' | 'blocked';
  /** What was looked at and speaks for it, for people. */
  readonly evidence: readonly string[];
  readonly blockers: readonly Blocker[];
}

/** What a removal is judged by. */
export interface RemovalQuestion {
  readonly adoption: BundleAdoption;
  /** The newest release, verified by the one who asks. */
  readonly release: {
    readonly body: ReleaseBody;
    readonly sequence: number;
    /** Of its statement. */
    readonly digest: Sha256;
  };
  readonly anchor: AnchorId;
  /** For how long it must not have been used, milliseconds; counts as `QUIET_MIN_MS` at least. */
  readonly quietMs: number;
}

/** How long an anchor must not have been used, unless somebody says otherwise. */
export const QUIET_DEFAULT_MS: number = 24 * 3_600_000;
/**
 * The shortest such time. Clients tell of connections that stay open every 10 minutes
 * (`client/usage-reports.ts`), and of what is new up to half a minute late: in less than this an
 * anchor seems unused while connections rest on it.
 */
export const QUIET_MIN_MS: number = 15 * 60_000;

/** Judges the removal of one anchor. */
export function judgeRemoval(asked: RemovalQuestion): RemovalJudgement {
  const question = { ...asked, quietMs: Math.max(asked.quietMs, QUIET_MIN_MS) };
  const findings = [
    ofRelease(question),
    ofClients(question.adoption),
    ofUse(question),
    ofNodes(question),
  ];
  const blockers = findings.flatMap((finding) => finding.blockers);
  return {
    anchor: question.anchor,
    verdict: blockers.length === 0 ? 'safe' : 'blocked',
    evidence: findings.flatMap((finding) => finding.evidence),
    blockers,
  };
}

interface Finding {
  readonly evidence: readonly string[];
  readonly blockers: readonly Blocker[];
}

/** What the release says of the anchor and of others that can take its place. */
function ofRelease({ adoption, release, anchor }: RemovalQuestion): Finding {
  const { body, sequence, digest } = release;
  const entry = body.anchors.find(({ id }) => id === anchor);
  const blockers: Blocker[] = [];
  if (adoption.head?.digest !== digest) {
    const { head } = adoption;
    const other = head?.sequence === sequence ? 'another ' : '';
    const served = head === undefined ? 'nothing' : `${other}release ${head.sequence}`;
    const text = `the node serves ${served}, and the newest known here is ${sequence}`;
    blockers.push({ kind: 'head-differs', text });
  }
  if (entry === undefined) {
    blockers.push({ kind: 'not-in-head', text: `release ${sequence} does not have the anchor` });
    return { evidence: [], blockers };
  }
  // Nobody trusts it yet, so nobody can miss it.
  if (entry.state === 'staged') return { evidence: ['it is staged: no client uses it'], blockers };
  if (entry.state === 'active') {
    blockers.push({ kind: 'not-retiring', text: 'it is active: let it retire first' });
  }
  const orphaned = entry.purposes.filter((purpose) => !hasSuccessor(body, entry, purpose));
  if (orphaned.length > 0) {
    const text = `nothing else is active for ${orphaned.join(', ')}`;
    blockers.push({ kind: 'no-successor', text });
    return { evidence: [], blockers };
  }
  return { evidence: [`others are active for ${entry.purposes.join(', ')}`], blockers };
}

function hasSuccessor({ anchors }: ReleaseBody, gone: Anchor, purpose: string): boolean {
  return anchors.some((other) => {
    return other.id !== gone.id && other.state === 'active' && other.purposes.includes(purpose);
  });
}

/** Clients that do not run the newest release, or of which it is not known. */
function ofClients({ groups, head, nodes }: BundleAdoption): Finding {
  const connected = groups.filter(({ presence }) => presence === 'connected');
  const refused = connected.filter(({ stage }) => stage === 'refused');
  const behind = connected.filter(
    ({ stage, digest }) =>
      stage !== 'refused' && (head === undefined || digest !== shortDigest(head.digest)),
  );
  const departed = groups.filter(({ presence }) => presence === 'departed');
  const unreported = nodes.reduce((sum, node) => sum + countedOf(node, node.silent), 0);
  const untracked = nodes.reduce((sum, node) => sum + countedOf(node, node.untracked), 0);
  const blockers = [
    blockerOf('behind', sumOf(behind), BEHIND, since(behind)),
    blockerOf('refused', sumOf(refused), REFUSED, codes(refused)),
    blockerOf('departed', sumOf(departed), DEPARTED),
    blockerOf('unreported', unreported, UNREPORTED),
    blockerOf('untracked', untracked, UNTRACKED),
  ].filter((blocker) => blocker !== undefined);
  return { evidence: blockers.length === 0 ? [runText(sumOf(connected))] : [], blockers };
}

/** What is said of one, and of more. */
type Words = readonly [one: string, more: string];

const BEHIND: Words = ['does not run the newest release', 'do not run the newest release'];
const REFUSED: Words = ['refused a release', 'refused a release'];
const DEPARTED: Words = [
  'lost its connection and was not seen since',
  'lost their connection and were not seen since',
];
const UNREPORTED: Words = [
  'does not report which anchors it uses',
  'do not report which anchors they use',
];
const UNTRACKED: Words = [
  'took anchors out, so that not every use is seen',
  'took anchors out, so that not every use is seen',
];

/** Nobody there is no evidence, and is not to look like one. */
function runText(total: number): string {
  if (total === 0) return 'no client is connected, which proves nothing';
  return total === 1
    ? 'the only client runs the newest release'
    : `all ${total} clients run the newest release`;
}

function say(count: number, noun: string, [one, more]: Words): string {
  return count === 1 ? `1 ${noun} ${one}` : `${count} ${noun}s ${more}`;
}

function countedOf({ standing }: NodeAdoption, count: number): number {
  return standing === 'counted' ? count : 0;
}

function sumOf(groups: readonly AdoptionGroup[]): number {
  return groups.reduce((sum, { count }) => sum + count, 0);
}

function since(groups: readonly AdoptionGroup[]): string {
  const times = groups.flatMap(({ behindSinceMs }) =>
    behindSinceMs === undefined ? [] : [behindSinceMs],
  );
  return times.length === 0 ? '' : `, some since ${formatTimestamp(Math.min(...times))}`;
}

function codes(groups: readonly AdoptionGroup[]): string {
  const found = new Set(groups.flatMap(({ code }) => (code === undefined ? [] : [code])));
  return found.size === 0 ? '' : `: ${[...found].sort().join(', ')}`;
}

function blockerOf(
  kind: BlockerKind,
  clients: number,
  what: Words,
  detail: string = '',
): Blocker | undefined {
  if (clients === 0) return undefined;
  return { kind, clients, text: `${say(clients, 'client', what)}${detail}` };
}

/** When the anchor was used last. */
function ofUse({ adoption, anchor, quietMs }: RemovalQuestion): Finding {
  const use = adoption.anchors.find((one) => one.anchor === anchor);
  if (use === undefined) return { evidence: ['no use of it was reported'], blockers: [] };
  const last = formatTimestamp(use.lastUsedMs);
  if (adoption.nowMs - use.lastUsedMs >= quietMs) {
    return { evidence: [`it was used last at ${last}`], blockers: [] };
  }
  const by = use.clients === 1 ? 'one client' : `up to ${use.clients} clients`;
  const text = `it was used last at ${last}, by ${by}`;
  return { evidence: [], blockers: [{ kind: 'used', clients: use.clients, text }] };
}

/** Nodes of which not enough is known. */
function ofNodes({ adoption, quietMs }: RemovalQuestion): Finding {
  const { nodes, nowMs } = adoption;
  const counted = nodes.filter(({ standing }) => standing === 'counted');
  const standing = (wanted: NodeAdoption['standing']): readonly NodeAdoption[] =>
    nodes.filter((node) => node.standing === wanted);
  const young = counted.filter(({ sinceMs }) => nowMs - (sinceMs ?? nowMs) < quietMs);
  const partial = counted.filter(({ knowledge }) => knowledge === 'partial');
  const blockers = [
    nodesBlocker('unreachable', standing('unreachable'), UNREACHABLE),
    nodesBlocker('silent', standing('silent'), SILENT),
    nodesBlocker('partial', partial, PARTIAL),
    nodesBlocker('left', standing('left'), LEFT),
    nodesBlocker('young', young, youngFor(spanText(quietMs))),
  ].filter((blocker) => blocker !== undefined);
  if (counted.length === 0 && blockers.length === 0) {
    const text = 'no node has told anything of its clients';
    return { evidence: [], blockers: [{ kind: 'silent', text }] };
  }
  return { evidence: blockers.length === 0 ? [toldText(counted.length)] : [], blockers };
}

const UNREACHABLE: Words = ['does not answer', 'do not answer'];
const SILENT: Words = ['has told nothing of its clients', 'have told nothing of their clients'];
const PARTIAL: Words = [
  'does not know of all clients that were there lately',
  'do not know of all clients that were there lately',
];
const LEFT: Words = [
  'stopped lately, and what was used there is lost',
  'stopped lately, and what was used there is lost',
];

function youngFor(span: string): Words {
  return [`has not observed for ${span}`, `have not observed for ${span}`];
}

function toldText(nodes: number): string {
  return nodes === 1
    ? 'the only node told of its clients'
    : `all ${nodes} nodes told of their clients`;
}

/** Minutes where hours would have a rest. */
function spanText(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  const [count, unit] = minutes % 60 === 0 ? [minutes / 60, 'hour'] : [minutes, 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function nodesBlocker(
  kind: BlockerKind,
  nodes: readonly NodeAdoption[],
  what: Words,
): Blocker | undefined {
  if (nodes.length === 0) return undefined;
  const nodeIds = nodes.map(({ nodeId }) => nodeId);
  const named = nodeIds.slice(0, 5).join(', ') + (nodeIds.length > 5 ? ', …' : '');
  return { kind, nodes: nodeIds, text: `${say(nodes.length, 'node', what)}: ${named}` };
}
