/**
 * How a rollout goes, as text for people: waves with bars, regions, gates and what they wait for.
 *
 * @module
 */
import {
  type BundleName,
  formatTimestamp,
  type RegionName,
  type Sequence,
} from '../../core/ids.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import type { ClockDoubt } from '../../core/rollouts/clock-check.ts';
import { sumCounts, type Wait, type WaveCounts } from '../../core/rollouts/gates.ts';
import { type OpeningTimes, opensAtMs } from '../../core/rollouts/opening.ts';
import type { SeenNode } from '../../core/rollouts/sight.ts';
import { openCount, type RolloutStatus } from '../../core/rollouts/status.ts';
import type { RolloutHead } from '../../core/trusted/state.ts';
import { formatDistance, formatSeconds } from '../durations.ts';
import { formatBar } from '../terminal/bars.ts';
import { countOf, formatTable, printable, type Styles } from '../terminal/styles.ts';
import { whoText } from './review-view.ts';

/** How it is shown: `bars` where a person looks, `plain` in a pipe. */
export interface RolloutLook {
  readonly styles: Styles;
  readonly kind: 'bars' | 'plain';
}

const BAR_CELLS = 24;
/** What programs can bring about while the time of a wave has not come. */
const GATE_WAITS: ReadonlySet<Wait['kind']> = new Set(['unknown', 'reporters', 'loaded', 'soak']);

/** The whole status. */
export function formatRollout(
  status: RolloutStatus,
  rollout: RolloutHead | undefined,
  look: RolloutLook,
): string {
  const { styles } = look;
  const { bundle, head, everybody } = status;
  if (rollout === undefined || status.force === 'over') {
    return [
      styles.bold(bundle),
      `All programs get ${releaseText(everybody)}.`,
      ...(head === undefined || head.sequence === everybody?.sequence
        ? []
        : [waitingText(bundle, head.sequence, styles)]),
      ...(rollout === undefined
        ? ['There was no rollout yet.']
        : [`The last rollout, of release ${String(rollout.body.to.sequence)}, is over.`]),
    ].join('\n');
  }
  const { body } = rollout;
  const isOver = body.state === 'aborted' || status.stop !== undefined;
  const others = isOver ? 'that do not have it' : 'of waves that are not open';
  return [
    styles.bold(`${bundle}: release ${String(body.to.sequence)}, ${stateText(status, rollout)}`),
    `rollout ${String(rollout.sequence)}, until ${formatTimestamp(rollout.expiresMs)}; programs ` +
      `${others} get ${releaseText(everybody)}`,
    ...(body.note === '' ? [] : [printable(body.note)]),
    '',
    formatWaveTable(status, rollout, look),
    '',
    waitLine(status, rollout, styles),
    ...section('Regions', formatRegions(status), styles),
    ...section('Not known', formatUnknown(status.nodes), styles),
  ].join('\n');
}

/** That programs do not get a release yet, and what to do; one line. */
export function waitingText(
  bundle: BundleName,
  sequence: Sequence,
  { yellow }: Pick<Styles, 'yellow'>,
): string {
  const what = yellow(`Release ${String(sequence)} waits for a rollout`);
  return `${what}: kedge rollout start ${bundle}`;
}

function stateText({ stop, wait }: RolloutStatus, { body }: RolloutHead): string {
  if (stop !== undefined) return 'STOPPED by its gate';
  if (wait.kind === 'expired') return 'expired';
  return wait.kind === 'nothing' ? 'complete' : body.state;
}

function releaseText(release: NamedRelease | undefined): string {
  return release === undefined ? 'nothing yet' : `release ${String(release.sequence)}`;
}

function formatWaveTable(
  { waves, nowMs, stop }: RolloutStatus,
  { body }: RolloutHead,
  { styles, kind }: RolloutLook,
): string {
  const rows = body.waves.map(({ name, match, percent, ...times }, index) => {
    const wave = waves[index];
    const { clients, delivered, loaded, refused } = sumCounts([...(wave?.regions.values() ?? [])]);
    const at = wave?.openedAtMs;
    const paint = stop === undefined ? styles.green : styles.red;
    const mark = at === undefined ? '·' : paint('●');
    const bar = formatBar({ part: loaded, whole: clients, cells: kind === 'bars' ? BAR_CELLS : 0 });
    return [
      `${mark} ${name}`,
      whoText({ match, percent }),
      String(clients),
      kind === 'bars' ? `${styles.green(bar)} ${share(loaded, clients)}` : share(loaded, clients),
      String(delivered),
      refused > 0 ? styles.red(String(refused)) : '0',
      at === undefined ? closedText(times, nowMs) : `opened ${formatDistance(at, nowMs)}`,
    ];
  });
  const headers = ['  wave', 'takes', 'programs', 'use it', 'got it', 'refused', ''];
  return formatTable(headers, rows);
}

/** Until when a wave is closed at least. */
function closedText(times: OpeningTimes, nowMs: number): string {
  const atMs = opensAtMs(times, nowMs);
  return atMs > nowMs ? `closed until ${formatTimestamp(atMs)}` : 'closed';
}

function share(part: number, whole: number): string {
  return whole === 0 ? '-' : `${String(Math.floor((100 * part) / whole))} % (${String(part)})`;
}

/** What happens next, or why nothing does. */
function waitLine(status: RolloutStatus, { body }: RolloutHead, styles: Styles): string {
  const { wait, stop, nowMs } = status;
  if (stop !== undefined) {
    const gate = printable(body.waves[stop.wave]?.name ?? '');
    return styles.red(
      `Stopped at ${formatTimestamp(stop.atMs)} by the gate of ${gate}: ` +
        `${countOf(stop.refused, 'program')} refused the release, ${String(stop.maxFailures)} ` +
        'may. No other program gets it until somebody signs what is next (resume, abort, or a ' +
        'new release).',
    );
  }
  if (body.state === 'aborted') {
    return styles.yellow(
      `Aborted: no other program gets release ${String(body.to.sequence)}. Next: a release that ` +
        'is right, or kedge rollout start',
    );
  }
  const next = body.waves[openCount(status)];
  const what = waitText(wait, nowMs);
  if (wait.kind === 'nothing') return styles.green(what);
  if (next === undefined) return `All waves are open: ${what}`;
  const atMs = opensAtMs(next, nowMs);
  // What else it waits for may be done long before its time.
  const isLater = GATE_WAITS.has(wait.kind) && atMs > nowMs;
  const time = isLater ? `; not before ${atText(atMs, nowMs)}` : '';
  return `Next, ${printable(next.name)}: ${what}${time}`;
}

/** What a gate waits for, in words. */
function waitText(wait: Wait, nowMs: number): string {
  switch (wait.kind) {
    case 'nothing':
      return 'All waves are open and the last gate holds.';
    case 'paused':
      return 'paused; kedge rollout resume goes on';
    case 'aborted':
      return 'aborted: nobody else gets the release';
    case 'expired':
      return 'the rollout expired; sign it again to go on: kedge rollout resume';
    case 'stopped':
      return 'stopped by its gate';
    case 'unknown':
      return `waits for ${wait.nodes.join(', ')}, of whose programs not all is known`;
    case 'reporters':
      return `waits for programs: ${String(wait.has)} of ${String(wait.needs)} are there`;
    case 'loaded':
      return (
        `waits for programs to use it: ${String(wait.has)} of ${String(wait.of)} do, ` +
        `${String(wait.needsPercent)} % have to`
      );
    case 'soak':
      return `the gate holds; opens in ${formatSeconds(Math.ceil(wait.leftMs / 1000))} if it lasts`;
    case 'time':
      return `waits for its time: opens at ${atText(wait.opensAtMs, nowMs)}`;
    case 'clock':
      return `the clock of the node that answers is in doubt: ${doubtText(wait.doubt)}`;
  }
}

/** Why a clock cannot say whether it is time, and where to look. */
function doubtText(doubt: ClockDoubt | undefined): string {
  switch (doubt) {
    case 'signed-later':
      return 'the rollout was signed later than it says; set it (kedge doctor there)';
    case 'regions-unheard':
      return 'too few regions are heard; kedge node status shows which';
    case 'regions-ahead':
      return 'most regions say a later time; set it (kedge doctor there)';
    case 'regions-behind':
      return (
        'what most regions said last is more than 5 minutes old: they are not heard any more ' +
        '(kedge node status shows since when), or it is ahead (kedge doctor there)'
      );
    case undefined:
      return (
        'regions or signers say another time, or too few regions are heard; see kedge node ' +
        'status and kedge doctor there'
      );
  }
}

function atText(atMs: number, nowMs: number): string {
  return `${formatTimestamp(atMs)} (${formatDistance(atMs, nowMs)})`;
}

function formatRegions({ waves }: RolloutStatus): string {
  const regions = new Map<RegionName, WaveCounts>();
  for (const { regions: own, openedAtMs } of waves) {
    if (openedAtMs === undefined) continue;
    for (const [region, counts] of own) {
      regions.set(region, sumCounts([counts, regions.get(region) ?? sumCounts([])]));
    }
  }
  if (regions.size === 0) return '';
  const rows = [...regions]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([region, { clients, loaded, refused }]) => [
      `  ${region}`,
      String(clients),
      share(loaded, clients),
      String(refused),
    ]);
  return formatTable(['  region', 'in open waves', 'use it', 'refused'], rows);
}

function formatUnknown(nodes: readonly SeenNode[]): string {
  const texts = {
    unreachable: 'does not answer; its programs may have moved, or not',
    silent: 'tells nothing of its programs',
    partial: 'does not know all of its programs',
    behind: 'has not counted by this rollout yet',
  };
  return nodes
    .flatMap(({ nodeId, region, knowledge }) =>
      knowledge === 'known' ? [] : [`  ${nodeId} (${region}) ${texts[knowledge]}`],
    )
    .join('\n');
}

function section(title: string, text: string, styles: Styles): readonly string[] {
  return text === '' ? [] : ['', styles.bold(title), text];
}
