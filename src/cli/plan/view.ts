/**
 * A plan as text for people, the worst first; for programs see `plan/json.ts`.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { ChainPlan, Outcome } from '../../preflight/chain-plan.ts';
import type { PlanWarning } from '../../preflight/warnings.ts';
import { formatChanges, formatCounts } from '../release/change-view.ts';
import { withReady } from '../rotation/view.ts';
import { countOf, formatTable, printable, type Styles } from '../terminal/styles.ts';
import type { Leaving, Readiness } from './readiness.ts';
import type { PlanReport } from './report.ts';
import { nameInstant } from './times.ts';

/** How it is shown. */
export interface PlanLook {
  readonly styles: Styles;
  readonly nowMs: number;
  /** `all`: every chain, also those that are fine. */
  readonly extent: 'worst' | 'all';
}

/** Chains of one outcome; more are counted, unless all are wanted. */
const ROWS_SHOWN = 20;
const REASON_MAX_CHARS = 160;
const ISSUERS_SHOWN = 4;

const TITLES: Readonly<Record<Outcome, string>> = {
  breaks: 'Break by this change',
  expires: 'Break anyway, because something expires',
  broken: 'Are refused already, and stay so',
  mended: 'Are mended by this change',
  fine: 'Are accepted, now and later',
};

/** The whole plan. */
export function formatPlan(report: PlanReport, look: PlanLook): string {
  const { plan, readiness } = report;
  return [
    ...formatHead(report, look),
    '',
    formatSummary(report, look),
    ...OUTCOMES.flatMap((outcome) => formatOutcome(report, outcome, look)),
    ...section(
      'Warnings',
      plan.warnings.map((one) => formatWarning(one, look)),
      look.styles,
    ),
    ...section('Clients', formatReadiness(readiness, look.styles), look.styles),
    ...section('Not looked at', formatGaps(report), look.styles),
    '',
    formatVerdict(report, look.styles),
  ].join('\n');
}

const OUTCOMES: readonly Outcome[] = ['breaks', 'expires', 'broken', 'mended', 'fine'];

function formatHead({ change }: PlanReport, { styles, nowMs }: PlanLook): readonly string[] {
  const { bundle, head, next } = change;
  const now = head === undefined ? 'no release yet' : `release ${head.sequence}`;
  if (next === undefined) {
    return [styles.bold(`Plan for ${bundle}, ${now}`), 'nothing changes: what happens by itself'];
  }
  const { review, bundle: proposed } = next;
  const { sequence, issuedMs } = review.statement;
  const title = `Plan for ${bundle}, ${now} -> ${sequence}`;
  return [
    styles.bold(title),
    formatCounts(review.counts),
    formatChanges(review.changes, { styles, nowMs, issuedMs, blobs: proposed.blobs }),
    ...review.problems.map(({ message, code }) => {
      return `${styles.yellow('As it stands, nodes refuse it:')} ${message} (${code})`;
    }),
  ];
}

function formatSummary({ plan, instants }: PlanReport, { styles, nowMs }: PlanLook): string {
  const total = plan.chains.length;
  const times = instants.map((atMs) => nameInstant(atMs, nowMs)).join(', ');
  if (total === 0) {
    return styles.yellow(
      'No chain was given (--probe, --chains): nothing is known of what rests on the anchors.',
    );
  }
  const { breaks, expires, broken, mended, fine } = plan.counts;
  const parts = [
    breaks > 0 ? styles.red(`${breaks} break by this change`) : '',
    expires > 0 ? styles.yellow(`${expires} break anyway`) : '',
    broken > 0 ? `${broken} refused already` : '',
    mended > 0 ? styles.green(`${mended} mended`) : '',
    `${fine} fine`,
  ].filter((part) => part !== '');
  return `${countOf(total, 'chain')} at ${times}: ${parts.join(', ')}`;
}

function formatOutcome(
  { plan }: PlanReport,
  outcome: Outcome,
  { styles, nowMs, extent }: PlanLook,
): readonly string[] {
  if (outcome === 'fine' && extent === 'worst') return [];
  const own = plan.chains.filter((chain) => chain.outcome === outcome);
  if (own.length === 0) return [];
  const shown = extent === 'all' ? own : own.slice(0, ROWS_SHOWN);
  const rows = shown.map((chain) => [
    `  ${printable(chain.name)}`,
    nameInstant(chain.decisive.atMs, nowMs),
    printable(whyOf(chain)).slice(0, REASON_MAX_CHARS),
  ]);
  const rest = own.length - shown.length;
  const more = rest > 0 ? [`  … and ${countOf(rest, 'chain')} more (--all shows them)`] : [];
  const title = outcome === 'breaks' ? styles.red(TITLES[outcome]) : styles.bold(TITLES[outcome]);
  return ['', title, formatTable(['  chain', 'when', 'why'], rows), ...more];
}

function whyOf({ outcome, decisive, purpose }: ChainPlan): string {
  const { today, proposed } = decisive;
  const suffix = purpose === 'tls-server' ? '' : ` (${purpose})`;
  if (proposed.kind === 'accepted') {
    const path = proposed.path
      .slice(1)
      .map(({ name }) => name)
      .join(' < ');
    const before = outcome === 'mended' && today.kind === 'refused' ? `; today: ${today.text}` : '';
    return `by ${path}${before}${suffix}`;
  }
  const isNew = today.kind === 'refused' && today.text !== proposed.text;
  return `${proposed.text}${isNew ? `; today: ${today.text}` : ''}${suffix}`;
}

function formatWarning({ text, atMs, chains }: PlanWarning, { nowMs, styles }: PlanLook): string {
  const about = chains === 0 ? '' : ` [${countOf(chains, 'chain')}]`;
  const isAhead = atMs !== undefined && atMs > nowMs;
  const when = isAhead ? `from ${formatTimestamp(atMs).slice(0, 10)}: ` : '';
  return `  ${styles.yellow('!')} ${when}${printable(text)}${about}`;
}

function formatReadiness(readiness: Readiness, styles: Styles): readonly string[] {
  if (readiness.kind === 'unknown') return [];
  const { report, lacking, leaving } = readiness;
  const { newest, total, behind, refused, unknowns } = report;
  const sum = (groups: readonly { readonly count: number }[]): number =>
    groups.reduce((all, { count }) => all + count, 0);
  const parts = [
    ...(behind.length > 0 ? [`${sum(behind)} behind`] : []),
    ...(refused.length > 0 ? [`${sum(refused)} refused one`] : []),
    ...(unknowns.length > 0 ? [`${countOf(unknowns.length, 'thing')} not known`] : []),
  ];
  const rest = parts.length === 0 ? '' : ` (${parts.join(', ')}; kedge adoption says who)`;
  const run = `  ${newest} of ${countOf(total, 'client')} run the newest release${rest}`;
  const state = lacking === undefined ? [] : [`  ${styles.yellow('not ready:')} ${lacking}`];
  return [run, ...state.map(printable), ...leaving.flatMap((one) => formatLeaving(one, styles))];
}

function formatLeaving({ anchor, reason, judged }: Leaving, styles: Styles): readonly string[] {
  const name = `"${printable(anchor.label)}"`;
  if (judged.verdict === 'safe') return [`  ${name} is not in use: it can be ${reason}`];
  const head = `${name} is ${reason}, and clients are not done with it:`;
  return [
    `  ${reason === 'removed' ? styles.red(head) : head}`,
    ...judged.blockers.map(({ text }) => `    - ${printable(text)}`),
  ];
}

function formatGaps({ plan, readiness, unread }: PlanReport): readonly string[] {
  const count = (gap: ChainPlan['gaps'][number]): number =>
    plan.chains.filter(({ gaps }) => gaps.includes(gap)).length;
  const [revocation, paths] = [count('revocation'), count('more-paths')];
  const issuers = plan.unlisted.slice(0, ISSUERS_SHOWN).map(({ name }) => `"${name}"`);
  const more = plan.unlisted.length > ISSUERS_SHOWN ? ', …' : '';
  const lists = `${issuers.join(', ')}${more}`;
  return [
    ...unread.slice(0, ROWS_SHOWN).map(({ name, reason }) => `  ${name}: ${reason}`),
    ...(unread.length > ROWS_SHOWN ? [`  … and ${unread.length - ROWS_SHOWN} more`] : []),
    ...(revocation > 0
      ? [`  revocation of ${countOf(revocation, 'chain')}: no list of ${lists} that covers them`]
      : []),
    ...(paths > 0 ? [`  some of very many paths of ${countOf(paths, 'chain')}`] : []),
    ...(readiness.kind === 'unknown' ? [`  clients: ${readiness.reason}`] : []),
  ].map(printable);
}

function formatVerdict({ verdict, change, readiness }: PlanReport, styles: Styles): string {
  const isChange = change.next !== undefined;
  switch (verdict) {
    case 'unproven':
      return styles.yellow(`Do not sign yet. Not proven safe yet: ${whyNot(readiness)}.`);
    case 'breaks':
      return styles.red(isChange ? 'Do not sign: it breaks something.' : 'Something breaks.');
    case 'unknown':
      return styles.yellow('Nothing is seen to break, but not all was looked at.');
    case 'safe':
      return styles.green('Nothing is seen to break.');
  }
}

/** What is missing, and when it can be there at the earliest. */
function whyNot(readiness: Readiness): string {
  if (readiness.kind === 'unknown') return readiness.reason;
  const blockers = readiness.leaving.flatMap(({ judged }) => judged.blockers);
  const texts = blockers.map((one) => printable(withReady(one)));
  const isQuietAsked = blockers.some(({ kind }) => kind === 'used' || kind === 'young');
  const hint = '. --quiet takes the quiet time that kedge rotate was given';
  return `${[...new Set(texts)].join('; ')}${isQuietAsked ? hint : ''}`;
}

function section(title: string, lines: readonly string[], styles: Styles): readonly string[] {
  return lines.length === 0 ? [] : ['', styles.bold(title), ...lines];
}
