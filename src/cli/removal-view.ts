/**
 * The answer to "is it safe to remove this anchor", as text: the evidence, or what speaks against
 * it with what to do about each.
 *
 * @module
 */
import type { Blocker, BlockerKind, RemovalJudgement } from '../core/adoption/removal.ts';
import type { Anchor } from '../core/anchors/anchor.ts';
import { printable, type Styles } from './styles.ts';

/** What a removal is shown with. */
export interface RemovalTerms {
  readonly bundle: string;
  readonly anchor: Anchor;
  readonly styles: Styles;
}

/** A judgement for a terminal. */
export function formatRemoval(judgement: RemovalJudgement, terms: RemovalTerms): string {
  const { evidence, blockers, verdict } = judgement;
  const { bundle, anchor, styles } = terms;
  const name = `"${printable(anchor.label)}" (${anchor.id.slice(0, 16)}, ${anchor.state})`;
  const title = styles.bold(`Removing ${name} from ${bundle}`);
  const seen = evidence.map((text) => `  ${styles.green('+')} ${printable(text)}`);
  if (verdict === 'safe') {
    const next = `kedge anchor remove ${anchor.id.slice(0, 16)} --bundle ${bundle}`;
    return [title, styles.green('is safe:'), ...seen, '', `next: ${next}`].join('\n');
  }
  return [
    title,
    styles.red('is not safe yet:'),
    ...blockers.flatMap((blocker) => formatBlocker(blocker, terms)),
    ...seen,
  ].join('\n');
}

function formatBlocker({ kind, text }: Blocker, terms: RemovalTerms): readonly string[] {
  const { styles } = terms;
  const advice = adviceFor(kind, terms);
  return [
    `  ${styles.red('-')} ${printable(text)}`,
    ...(advice === undefined ? [] : [styles.dim(`      ${advice}`)]),
  ];
}

/** What to do about a blocker. */
function adviceFor(kind: BlockerKind, { bundle, anchor }: RemovalTerms): string | undefined {
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
      return 'bring them back, or take them out of the cluster: kedge cluster';
    case 'left':
      return 'start them again, or wait until the cluster forgets them, after 24 hours';
    case 'young':
      return 'wait, or ask for less with --quiet';
    case 'partial':
      return 'wait until what they forgot is older than they remember';
    case 'head-differs':
      return 'ask again, or another node with --node';
    case 'not-in-head':
      return undefined;
  }
}
