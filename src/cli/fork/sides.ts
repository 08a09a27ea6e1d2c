/**
 * What each side of a fork would do, as people read it: its changes against what both follow.
 *
 * @module
 */
import { type Charter, parseCharter } from '../../core/charter/charter.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import {
  type Change,
  type ChangeCounts,
  countChanges,
  describeChange,
} from '../../core/releases/diff.ts';
import { parseRolloutBody, type RolloutBody } from '../../core/rollouts/body.ts';
import type { Statement } from '../../core/statements/statement.ts';
import { charterAt, type TrustedState } from '../../core/trusted/state.ts';
import { formatCharterChanges } from '../charter/view.ts';
import type { Json } from '../output.ts';
import {
  type ChangeViewContext,
  changesJson,
  formatChanges,
  formatCounts,
} from '../release/change-view.ts';
import { aimText } from '../rollout/review-view.ts';
import type { ForkContents } from './contents.ts';

/** What is known of the content of one side. */
type SideMeaning =
  | { readonly kind: 'unknown'; readonly why: string }
  | {
      readonly kind: 'release';
      readonly changes: readonly Change[];
      readonly counts: ChangeCounts;
      /** `unknown`: the release before is not at hand, so that all anchors count as added. */
      readonly before: 'known' | 'nothing' | 'unknown';
    }
  | { readonly kind: 'charter'; readonly current: Charter | undefined; readonly next: Charter }
  | { readonly kind: 'rollout'; readonly body: RolloutBody };

/** What a side would do, indented lines. */
export function formatSide(
  state: TrustedState,
  statement: Statement,
  contents: ForkContents,
  { styles, nowMs }: Pick<ChangeViewContext, 'styles' | 'nowMs'>,
): string {
  const meaning = meaningOf(state, statement, contents);
  const name = `  What ${statement.digest.slice(0, 8)} says`;
  switch (meaning.kind) {
    case 'unknown':
      return styles.yellow(`${name} is not known here: ${meaning.why}`);
    case 'release': {
      const { changes, counts, before } = meaning;
      const context = { styles, nowMs, blobs: contents.blobs, issuedMs: statement.issuedMs };
      const lines = formatChanges(changes, context).replace(/^/gm, '    ');
      const against = `release ${statement.sequence - 1}`;
      if (before === 'known') {
        return `${name}, against ${against}: ${formatCounts(counts)}\n${lines}`;
      }
      if (before === 'nothing') return `${name}, as the first release:\n${lines}`;
      return `${name}, all of it, as ${against} is not at hand:\n${lines}`;
    }
    case 'charter': {
      const { current, next } = meaning;
      if (current === undefined) return `${name}: charter ${next.version}`;
      const lines = formatCharterChanges(current, next, styles).replace(/^/gm, '    ');
      return `${name}, against charter ${current.version}:\n${lines}`;
    }
    case 'rollout':
      return `${name}: ${meaning.body.state}, ${aimText(meaning.body)}`;
  }
}

/** What a side would do, for programs. */
export function sideJson(
  state: TrustedState,
  statement: Statement,
  contents: ForkContents,
): { readonly [key: string]: Json } {
  const meaning = meaningOf(state, statement, contents);
  switch (meaning.kind) {
    case 'unknown':
      return { content: 'unknown', why: meaning.why };
    case 'release': {
      const { before, counts, changes } = meaning;
      const said = { counts: { ...counts }, changes: changesJson(changes, contents.blobs) };
      return { content: 'known', before, ...said };
    }
    case 'charter':
    case 'rollout':
      return { content: 'known' };
  }
}

function meaningOf(
  state: TrustedState,
  { digest, previous, kind, sequence }: Statement,
  { documents }: ForkContents,
): SideMeaning {
  const document = documents.get(digest);
  if (document === undefined) {
    const how = 'kedge fork show --content <file> takes its draft or release file';
    return { kind: 'unknown', why: `no node that was asked has it. ${how}` };
  }
  try {
    if (kind === 'charter') {
      const next = parseCharter(document.body);
      return { kind, current: charterAt(state, sequence - 1)?.charter, next };
    }
    if (kind === 'rollout') return { kind, body: parseRolloutBody(document.body) };
    const body = parseReleaseBody(document.body);
    const before = documents.get(previous);
    const base = before && parseReleaseBody(before.body);
    return {
      kind,
      changes: describeChange(base, body),
      counts: countChanges(base, body),
      before: base !== undefined ? 'known' : sequence === 1 ? 'nothing' : 'unknown',
    };
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    return { kind: 'unknown', why: `it cannot be read: ${message} (${code})` };
  }
}
