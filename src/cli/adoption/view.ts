/**
 * How far the clients of a bundle are, as text for people; for programs see `adoption/json.ts`.
 *
 * @module
 */
import type { AdoptionGroup } from '../../core/adoption/model.ts';
import { formatDistance } from '../durations.ts';
import { formatBar } from '../terminal/bars.ts';
import { countOf, formatTable, printable, type Styles, visibleWidth } from '../terminal/styles.ts';
import type {
  AdoptionReport,
  AnchorUsed,
  LabelShare,
  RegionShare,
  ReleaseShare,
  Share,
  Unknown,
} from './adoption.ts';

/** How it is shown: `bars` where a person looks, `plain` in a pipe. */
export interface AdoptionLook {
  readonly styles: Styles;
  readonly kind: 'bars' | 'plain';
  /** Of the terminal: bars shrink, so that what stands right of them is not cut. */
  readonly columns?: number | undefined;
}

/** Groups of clients that lag; more are counted, not shown. */
const GROUPS_SHOWN = 12;
/** Nodes by when they told of their clients. */
const NODES_SHOWN = 12;
/** Values of one label. */
const VALUES_SHOWN = 12;
const BAR_CELLS = 30;
/** A shorter bar says nothing. */
const BAR_CELLS_MIN = 5;

/** The report for a terminal or a pipe. */
export function formatAdoption(report: AdoptionReport, look: AdoptionLook): string {
  const { styles } = look;
  return [
    styles.bold(`${report.bundle}, release ${String(report.sequence)}`),
    summary(report, styles),
    ...(report.releases.length === 0 ? [] : ['', formatReleases(report, look)]),
    ...section('Regions', formatRegions(report, look), styles),
    ...[...report.labels].flatMap(([name, shares]) =>
      section(`Label ${printable(name)}`, formatLabel(shares, look), styles),
    ),
    ...section('Behind', formatGroups(report.behind, report.nowMs), styles),
    ...section('Refused', formatGroups(report.refused, report.nowMs), styles),
    ...section('Anchors', formatAnchors(report), styles),
    ...section('Nodes', formatNodes(report), styles),
    ...section('Not known', formatUnknowns(report), styles),
  ].join('\n');
}

function summary(report: AdoptionReport, styles: Styles): string {
  const { total, newest, departed, isComplete, unknowns } = report;
  if (unknowns.some(({ kind }) => kind === 'no-node')) {
    return styles.red('no node tells of its clients: nothing is known');
  }
  const known = isComplete ? '' : ' of those that are known';
  const all = `${formatCount(newest)} of ${formatCount(total)} clients${known} run it`;
  const gone = departed === 0 ? '' : `; ${formatCount(departed)} went away and may come back`;
  if (total === 0) return `no client watches it${isComplete ? '' : ', as far as is known'}${gone}`;
  return `${newest === total && isComplete ? styles.green(all) : styles.yellow(all)}${gone}`;
}

/** How a share is written, with as long a bar as there is room for. */
type WriteShare = (share: Share, standing: ReleaseShare['standing']) => string;

/** Lays a table out without bars, then with what room is left for them. */
function fitBars(look: AdoptionLook, write: (share: WriteShare) => string): string {
  const withCells = (cells: number): string =>
    write((share, standing) => formatShare(share, look, { cells, standing }));
  if (look.kind === 'plain' || look.columns === undefined) return withCells(BAR_CELLS);
  const bare = withCells(0);
  const width = Math.max(...bare.split('\n').map(visibleWidth));
  const cells = Math.min(BAR_CELLS, look.columns - width - 1);
  return cells < BAR_CELLS_MIN ? bare : withCells(cells);
}

function formatReleases(report: AdoptionReport, look: AdoptionLook): string {
  return fitBars(look, (write) => releasesTable(report, write));
}

function releasesTable({ releases, total }: AdoptionReport, write: WriteShare): string {
  const rows = releases.map((share) => {
    const { standing, count } = share;
    const bar = { newest: count, total };
    const isForked = releases.filter(({ sequence }) => sequence === share.sequence).length > 1;
    const side = isForked ? ` (${share.digest.slice(0, 8)})` : '';
    return [`  ${nameOf(share)}${side}`, formatCount(count), write(bar, standing)];
  });
  return formatTable(['  runs', 'clients', ''], rows);
}

function nameOf({ sequence }: ReleaseShare): string {
  if (sequence === 'various') return 'various';
  return sequence === 0 ? 'nothing yet' : `release ${sequence}`;
}

function formatRegions(report: AdoptionReport, look: AdoptionLook): string {
  if (report.regions.length === 0) return '';
  return fitBars(look, (write) => regionsTable(report, write));
}

function regionsTable({ regions, nowMs }: AdoptionReport, write: WriteShare): string {
  const rows = regions.map((share: RegionShare) => [
    `  ${share.region}`,
    formatCount(share.total),
    write(share, 'newest'),
    formatCount(share.behind),
    formatCount(share.waiting),
    formatCount(share.refused),
    share.behindSinceMs === undefined ? '' : formatPast(share.behindSinceMs, nowMs),
  ]);
  const headers = ['  region', 'clients', 'run it', 'behind', 'waiting', 'refused', 'since'];
  return formatTable(headers, rows);
}

function formatLabel(shares: readonly LabelShare[], look: AdoptionLook): string {
  const table = fitBars(look, (write) => labelTable(shares, write));
  return withRest(table, shares.length - VALUES_SHOWN, 'other value');
}

function labelTable(shares: readonly LabelShare[], write: WriteShare): string {
  const rows = shares
    .slice(0, VALUES_SHOWN)
    .map((share) => [
      `  ${share.value === undefined ? '(without)' : printable(share.value)}`,
      formatCount(share.total),
      write(share, 'newest'),
    ]);
  return formatTable(['  value', 'clients', 'run it'], rows);
}

/** Clients that lag or refused, by place. */
function formatGroups(groups: readonly AdoptionGroup[], nowMs: number): string {
  if (groups.length === 0) return '';
  const rows = groups
    .slice(0, GROUPS_SHOWN)
    .map(({ region, count, sequence, otherSequence, stage, code, behindSinceMs, labels }) => [
      `  ${region}`,
      formatCount(count),
      labels.has('(other)') ? 'various' : sequence === 0 ? 'nothing' : `release ${sequence}`,
      doing(stage, otherSequence, code),
      behindSinceMs === undefined ? '-' : formatPast(behindSinceMs, nowMs),
      [...labels].map(([name, value]) => printable(`${name}=${value}`)).join(' '),
    ]);
  const headers = ['  region', 'clients', 'run', 'but', 'behind since', 'labels'];
  return withRest(formatTable(headers, rows), groups.length - GROUPS_SHOWN, 'other group');
}

/** What a client that does not run the newest release did last, in words. */
export function doing(
  stage: AdoptionGroup['stage'],
  sequence: number | undefined,
  code: string | undefined,
): string {
  const what = sequence === undefined ? 'one' : `release ${String(sequence)}`;
  switch (stage) {
    case 'refused':
      return `refused ${what}${code === undefined ? '' : `: ${code}`}`;
    case 'delivered':
      return `received ${what}, does not use it`;
    case 'waiting':
      return 'said nothing yet';
    case 'loaded':
      return 'was told of nothing newer';
  }
}

function formatAnchors(report: AdoptionReport): string {
  const { anchors, nowMs } = report;
  if (anchors.length === 0) return '';
  const rows = anchors.map(({ anchor, use }: AnchorUsed) => [
    `  ${anchor.state}`,
    printable(anchor.label),
    use === undefined ? unusedText(report, anchor.state) : formatPast(use.lastUsedMs, nowMs),
    use === undefined ? '-' : formatCount(use.clients),
    use === undefined ? '-' : formatCount(use.handshakes),
    anchor.id.slice(0, 16),
  ]);
  const headers = ['  state', 'label', 'last used', 'by clients', 'handshakes', 'sha256'];
  return formatTable(headers, rows);
}

function unusedText({ isComplete }: AdoptionReport, state: string): string {
  if (state === 'staged') return 'not trusted yet';
  return isComplete ? 'no use reported' : 'not known';
}

/** Who told longest ago first. */
function formatNodes({ nodes, nowMs }: AdoptionReport): string {
  if (nodes.length === 0) return '';
  const rows = nodes
    .slice(0, NODES_SHOWN)
    .map(({ nodeId, region, clients, toldAtMs, standing, age }) => [
      `  ${nodeId}`,
      region,
      standing === 'counted' ? formatCount(clients) : '-',
      toldAtMs === undefined ? 'nothing' : formatPast(toldAtMs, nowMs),
      standing === 'counted' ? (age === 'outdated' ? 'too old' : '') : 'not counted',
    ]);
  const headers = ['  node', 'region', 'clients', 'told', ''];
  return withRest(formatTable(headers, rows), nodes.length - NODES_SHOWN, 'other node');
}

function formatUnknowns({ unknowns, nowMs }: AdoptionReport): string {
  return unknowns.map((one) => `  ${describeUnknown(one, nowMs)}`).join('\n');
}

function describeUnknown(unknown: Unknown, nowMs: number): string {
  const { kind, nodeId = '', clients, toldAtMs } = unknown;
  switch (kind) {
    case 'no-node':
      return 'no node has told of its clients yet';
    case 'unreachable': {
      const when = toldAtMs === undefined ? '' : ` ${formatPast(toldAtMs, nowMs)}`;
      const last = clients === undefined ? '' : ` (${countOf(clients, 'client')}${when})`;
      return `${nodeId} does not answer: its clients are not counted${last}`;
    }
    case 'silent':
      return `${nodeId} has told nothing of its clients yet`;
    case 'outdated': {
      const when = toldAtMs === undefined ? '' : `, ${formatPast(toldAtMs, nowMs)}`;
      return `${nodeId} has told too long ago what its clients do${when}`;
    }
    case 'partial':
      return `${nodeId} does not know of all clients that it had lately`;
    case 'unreported':
      return `what ${countOf(clients ?? 0, 'client')} used: their SDK does not report it`;
    case 'untracked':
      return `all that ${countOf(clients ?? 0, 'client')} used: certificates were taken out`;
  }
}

function section(title: string, text: string, styles: Styles): readonly string[] {
  return text === '' ? [] : ['', styles.bold(title), text];
}

function withRest(table: string, rest: number, noun: string): string {
  return rest > 0 ? `${table}\n  … and ${countOf(rest, noun)}` : table;
}

/** `1,234`. */
function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

/** A time of a node's clock, which may be a little ahead of the one that is compared with. */
export function formatPast(timeMs: number, nowMs: number): string {
  return formatDistance(Math.min(timeMs, nowMs), nowMs);
}

/** A share with a bar before it where a person looks and there is room. */
function formatShare(
  { total, newest }: Share,
  { styles, kind }: AdoptionLook,
  { cells, standing }: { readonly cells: number; readonly standing: ReleaseShare['standing'] },
): string {
  // Rounded down: 100 % is said of all, and of nothing less.
  const percent = total === 0 ? '-' : `${(Math.floor((newest * 1000) / total) / 10).toFixed(1)} %`;
  if (kind === 'plain') return percent;
  if (cells === 0) return percent.padStart(7);
  const bar = formatBar({ part: newest, whole: total, cells });
  const paint = standing === 'newest' ? styles.green : styles.yellow;
  return `${paint(bar)} ${percent.padStart(7)}`;
}
