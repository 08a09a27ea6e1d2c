/**
 * What is known of a bundle's clients and nodes, as findings: what was looked at and speaks for a
 * next step, and what speaks against it.
 *
 * Nothing that is missing ever speaks for it. Whether an anchor can be removed (`removal.ts`) and
 * how far a rotation is (`../rotation/path.ts`) are judged from these.
 *
 * @module
 */
import { type AnchorId, formatTimestamp, type NodeId, type Sha256 } from '../ids.ts';
import type { ReleaseBody } from '../releases/body.ts';
import { shortDigest } from './client.ts';
import { isOutdated, ROW_AGE_MAX_MS } from './freshness.ts';
import type { AdoptionGroup, BundleAdoption, NodeAdoption } from './model.ts';

/** Why an anchor should not be removed, or a rotation should not go on. */
export type BlockerKind =
  /** It is not in the newest release of the one who asks, or it is not what nodes serve. */
  | 'not-in-head'
  | 'head-differs'
  /** Nobody reported a use of the anchor that is to take over. */
  | 'not-taken-up'
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
  /** What it told last is too old to be evidence. */
  | 'outdated'
  /** It stopped in order lately: clients may wait for it, and what they used there is lost. */
  | 'left'
  /** A node has not observed for as long as the quiet time is. */
  | 'young';

/** Something that speaks against it. */
export interface Blocker {
  readonly kind: BlockerKind;
  /** For people. */
  readonly text: string;
  /** Clients that it is about. */
  readonly clients?: number;
  /** Nodes that it is about. */
  readonly nodes?: readonly NodeId[];
  /** When it ends at the earliest, where time alone ends it. */
  readonly readyMs?: number;
}

/** What was looked at, and what speaks against. */
export interface Finding {
  readonly evidence: readonly string[];
  readonly blockers: readonly Blocker[];
}

/** The newest release, verified by the one who asks. */
export interface VerifiedRelease {
  readonly body: ReleaseBody;
  readonly sequence: number;
  /** Of its statement. */
  readonly digest: Sha256;
}

/** Whether the node serves the newest release that is known here. */
export function ofHead(
  { head }: BundleAdoption,
  { sequence, digest }: Pick<VerifiedRelease, 'sequence' | 'digest'>,
): Finding {
  if (head?.digest === digest) return { evidence: [], blockers: [] };
  const other = head?.sequence === sequence ? 'another ' : '';
  const served = head === undefined ? 'nothing' : `${other}release ${head.sequence}`;
  const text = `the node serves ${served}, and the newest known here is ${sequence}`;
  return { evidence: [], blockers: [{ kind: 'head-differs', text }] };
}

/**
 * Clients that do not run the newest release, or of which it is not known; `use`: also those that
 * do not tell of every use.
 */
export function ofClients(
  { groups, head, nodes }: BundleAdoption,
  about: 'release' | 'use',
): Finding {
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
    about === 'use' ? blockerOf('unreported', unreported, UNREPORTED) : undefined,
    about === 'use' ? blockerOf('untracked', untracked, UNTRACKED) : undefined,
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
export function ofUse(adoption: BundleAdoption, anchor: AnchorId, quietMs: number): Finding {
  const use = adoption.anchors.find((one) => one.anchor === anchor);
  if (use === undefined) return { evidence: ['no use of it was reported'], blockers: [] };
  const last = formatTimestamp(use.lastUsedMs);
  if (adoption.nowMs - use.lastUsedMs >= quietMs) {
    return { evidence: [`it was used last at ${last}`], blockers: [] };
  }
  const text = `it was used last at ${last}, by ${byText(use.clients)}`;
  const readyMs = use.lastUsedMs + quietMs;
  return { evidence: [], blockers: [{ kind: 'used', clients: use.clients, text, readyMs }] };
}

/** Nodes forget clients that are gone, and not what was used. */
function byText(clients: number): string {
  if (clients === 0) return 'clients that are gone';
  return clients === 1 ? 'one client' : `up to ${clients} clients`;
}

/**
 * Nodes of which not enough is known, or not for that long. Of a node that left in order only what
 * was used there is lost: its clients went to others.
 */
export function ofNodes(
  { nodes, nowMs }: BundleAdoption,
  observedMs: number,
  about: 'release' | 'use',
): Finding {
  const counted = nodes.filter(({ standing }) => standing === 'counted');
  const standing = (wanted: NodeAdoption['standing']): readonly NodeAdoption[] =>
    nodes.filter((node) => node.standing === wanted);
  const young = counted.filter(({ sinceMs }) => nowMs - (sinceMs ?? nowMs) < observedMs);
  const partial = counted.filter(({ knowledge }) => knowledge === 'partial');
  const outdated = counted.filter((node) => isOutdated(node, nowMs));
  const blockers = [
    nodesBlocker('unreachable', standing('unreachable'), UNREACHABLE),
    nodesBlocker('silent', standing('silent'), SILENT),
    nodesBlocker('partial', partial, PARTIAL),
    nodesBlocker('outdated', outdated, OUTDATED),
    about === 'use' ? nodesBlocker('left', standing('left'), LEFT) : undefined,
    youngBlocker(young, nowMs, observedMs),
  ].filter((blocker) => blocker !== undefined);
  if (counted.length === 0 && blockers.length === 0) {
    const text = 'no node has told anything of its clients';
    return { evidence: [], blockers: [{ kind: 'silent', text }] };
  }
  return { evidence: blockers.length === 0 ? [toldText(counted, nowMs)] : [], blockers };
}

const UNREACHABLE: Words = ['does not answer', 'do not answer'];
const SILENT: Words = ['has told nothing of its clients', 'have told nothing of their clients'];
const PARTIAL: Words = [
  'does not know of all clients that were there lately',
  'do not know of all clients that were there lately',
];
const SINCE = spanText(ROW_AGE_MAX_MS);
const OUTDATED: Words = [
  `has not told of its clients for more than ${SINCE}`,
  `have not told of their clients for more than ${SINCE}`,
];
const LEFT: Words = [
  'stopped lately, and what was used there is lost',
  'stopped lately, and what was used there is lost',
];

function youngBlocker(
  young: readonly NodeAdoption[],
  nowMs: number,
  observedMs: number,
): Blocker | undefined {
  const span = spanText(observedMs);
  const words: Words = [`has not observed for ${span}`, `have not observed for ${span}`];
  const blocker = nodesBlocker('young', young, words);
  if (blocker === undefined) return undefined;
  const began = young.map(({ sinceMs }) => sinceMs ?? nowMs);
  return { ...blocker, readyMs: Math.max(...began) + observedMs };
}

/** How old the oldest of it is, in whole minutes. */
function toldText(nodes: readonly NodeAdoption[], nowMs: number): string {
  const ages = nodes.map(({ issuedAtMs }) => nowMs - (issuedAtMs ?? nowMs));
  const minutes = Math.max(1, Math.ceil(Math.max(...ages) / 60_000));
  const lately = minutes === 1 ? 'in the last minute' : `in the last ${minutes} minutes`;
  return nodes.length === 1
    ? `the only node told of its clients ${lately}`
    : `all ${nodes.length} nodes told of their clients ${lately}`;
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
