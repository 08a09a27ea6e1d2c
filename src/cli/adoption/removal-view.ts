/**
 * The answer to "is it safe to remove this anchor", as text: the evidence, or what speaks against
 * it with what to do about each.
 *
 * @module
 */
import type { Blocker, BlockerKind } from '../../core/adoption/findings.ts';
import { QUIET_MIN_MS, type RemovalJudgement } from '../../core/adoption/removal.ts';
import type { Anchor } from '../../core/anchors/anchor.ts';
import { formatSeconds } from '../durations.ts';
import { printable, type Styles, wrapText } from '../terminal/styles.ts';

/** What a removal is shown with. */
export interface RemovalTerms {
  readonly bundle: string;
  readonly anchor: Anchor;
  /** As asked for. */
  readonly quietMs: number;
  readonly styles: Styles;
  /** Where lines would be cut: they are broken before. Absent: the terminal does that. */
  readonly columns?: number | undefined;
}

/** A judgement for a terminal. */
export function formatRemoval(judgement: RemovalJudgement, terms: RemovalTerms): string {
  const { evidence, blockers, verdict } = judgement;
  const { bundle, anchor, styles, columns } = terms;
  const name = `"${printable(anchor.label)}" (${anchor.id.slice(0, 16)}, ${anchor.state})`;
  const title = wrapText(`Removing ${name} from ${bundle}`, { columns, first: '', rest: '  ' });
  const head = title.map((line) => styles.bold(line));
  const first = `  ${styles.green('+')} `;
  const seen = evidence.flatMap((text) => {
    return wrapText(printable(text), { columns, first, rest: '    ' });
  });
  if (verdict === 'safe') {
    const command = `kedge anchor remove ${anchor.id.slice(0, 16)} --bundle ${bundle}`;
    const next = wrapText(command, { columns, first: 'next: ', rest: '  ' });
    return [...head, styles.green('is safe:'), ...seen, '', ...next].join('\n');
  }
  return [
    ...head,
    styles.red('is not safe yet:'),
    ...blockers.flatMap((blocker) => formatBlocker(blocker, terms)),
    ...seen,
  ].join('\n');
}

function formatBlocker({ kind, text }: Blocker, terms: RemovalTerms): readonly string[] {
  const { styles, columns } = terms;
  const first = `  ${styles.red('-')} `;
  const lines = wrapText(printable(text), { columns, first, rest: '    ' });
  const advice = adviceFor(kind, terms);
  if (advice === undefined) return lines;
  const hint = wrapText(advice, { columns, first: '      ', rest: '        ' });
  return [...lines, ...hint.map((line) => styles.dim(line))];
}

/** What to do about a blocker. */
function adviceFor(
  kind: BlockerKind,
  { bundle, anchor, quietMs }: RemovalTerms,
): string | undefined {
  const id = anchor.id.slice(0, 16);
  const list = (which: string): string => `see who: kedge adoption ${bundle} ${which}`;
  switch (kind) {
    case 'behind':
      return list('--behind');
    case 'refused':
      return list('--refused');
    case 'departed':
      return list('--departed');
    case 'used':
      return `issue their peers anew from another CA; ${list(`--uses ${id}`)}`;
    case 'not-taken-up':
      return 'issue leaves from the new CA; programs tell of their first handshake with it';
    case 'unreported':
      return 'they run an SDK that does not report it: update them, or ask their owners';
    case 'untracked':
      return 'their owners have to say; live trust instead of caPems() lets nodes see it';
    case 'not-retiring':
      return `kedge anchor retire ${id} --bundle ${bundle}`;
    case 'no-successor':
      return `stage and activate its successor first: kedge anchor stage --help`;
    case 'unreachable':
    case 'silent':
      return 'bring them back; a node that is gone for good is forgotten 24 hours after it failed';
    case 'left':
      return 'start them again, or wait until the cluster forgets them, after 24 hours';
    case 'young':
      return quietMs > QUIET_MIN_MS
        ? `wait, or ask for less with --quiet, down to ${formatSeconds(QUIET_MIN_MS / 1000)}`
        : 'wait';
    case 'outdated':
      return 'see when each told: kedge adoption; look at their links and clocks: kedge cluster';
    case 'partial':
      return 'wait until what they forgot is older than they remember';
    case 'head-differs':
      return 'ask again, or another node with --node';
    case 'not-in-head':
      return undefined;
  }
}
