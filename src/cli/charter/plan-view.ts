/**
 * The plan of a charter as people and programs read it.
 *
 * @module
 */

import type { Json } from '../output.ts';
import { countOf, printable, type Styles } from '../terminal/styles.ts';
import type { CharterPlan, DraftFate, NeededQuorum, RemovedKey } from './plan.ts';

const QUORUM_TEXTS = {
  current: 'of the current charter, to hand over',
  next: 'of the new charter, to show that they can sign',
  recovery: 'recovery keys, in the place of the current charter',
} as const;

/** For a terminal. */
export function formatPlan(plan: CharterPlan, styles: Styles): string {
  const { needs, removedKeys, drafts, warnings, nextSteps } = plan;
  return [
    styles.bold('It takes:'),
    ...needs.map((need) => `  ${formatNeed(need)}`),
    ...section(styles.bold('Keys that leave:'), removedKeys.map(formatRemoved)),
    ...section(styles.bold('Drafts:'), drafts.map(formatFate)),
    '',
    styles.bold('Also:'),
    '  releases that were drafted under the current charter go on: whoever signs them with a node',
    '  at hand brings the new charter into the draft, and its signers count from then on',
    '  until a program has the new charter, it accepts what the current one allows',
    ...warnings.map((warning) => `  ${styles.yellow('!')} ${warning}`),
    ...section(styles.bold('Next, once it is in force:'), nextSteps),
  ].join('\n');
}

/** For programs. */
export function planJson(plan: CharterPlan): { readonly [key: string]: Json } {
  const { needs, removedKeys, drafts, warnings, nextSteps } = plan;
  return {
    needs: needs.map((need) => ({ ...need, missing: missing(need) })),
    removedKeys: removedKeys.map((key) => ({ ...key })),
    drafts: drafts.map((draft) => ({ ...draft })),
    warnings,
    nextSteps,
  };
}

function formatNeed(need: NeededQuorum): string {
  const { of, threshold, eligible, signed } = need;
  const names = eligible.map((name) => (of === 'recovery' ? name.slice(0, 16) : name));
  const left = missing(need) === 0 ? 'complete' : `${String(missing(need))} missing`;
  const by =
    signed.length === 0 ? '' : `, signed: ${signed.map((one) => one.slice(0, 16)).join(', ')}`;
  return `${threshold} of ${names.join(', ')} ${QUORUM_TEXTS[of]} (${left}${by})`;
}

function missing({ threshold, signed }: NeededQuorum): number {
  return Math.max(0, threshold - signed.length);
}

function formatRemoved({ signer, keyId, roles, quorumOf }: RemovedKey): string {
  const had = roles.length === 0 ? 'had no role' : `had ${roles.join(', ')}`;
  const can =
    quorumOf.length === 0
      ? 'alone it can do nothing any more'
      : `with the others that leave it can still fork old sequences (${quorumOf.join(', ')})`;
  return `${keyId.slice(0, 16)} of ${signer}: ${had}; ${can}`;
}

function formatFate({ name, stream, sequence, needed, before, after, fate }: DraftFate): string {
  const now = countOf(before.length, 'signer');
  const counts = `${now} now, ${String(after.length)} then, of ${needed}`;
  const lack = countOf(Math.max(0, needed - after.length), 'signature');
  const text = fate === 'complete' ? 'stays complete: submit it' : `goes on, and lacks ${lack}`;
  return `${printable(name)} (sequence ${sequence} of ${stream}): ${counts}; ${text}`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
