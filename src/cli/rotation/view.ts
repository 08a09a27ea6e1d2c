/**
 * A rotation as a person and as a program read it: the whole path with a mark per step, and what
 * speaks for and against the present ones.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { GateBlocker } from '../../core/rotation/gates.ts';
import type { RotationStep } from '../../core/rotation/path.ts';
import { formatDistance } from '../durations.ts';
import type { Json } from '../output.ts';
import { printable, type Styles } from '../terminal/styles.ts';
import type { Named, Rotation } from './look.ts';

const NAME_WIDTH = 10;
const MEANING: Readonly<Record<RotationStep['name'], string>> = {
  stage: 'release: the new anchor is delivered, trusted by nobody',
  delivered: 'all clients have it',
  'hold-down': 'the hold-down of the charter is over',
  activate: 'release: the new anchor is trusted',
  loaded: 'all clients trust it, so leaves may be issued from it',
  'taken-up': 'the new anchor is used, the old one has been quiet',
  retire: 'release: the old anchor is on its way out, still trusted',
  unused: 'removing the old anchor breaks nobody',
  overlap: 'the overlap of the charter is over',
  remove: 'release: the old anchor is gone',
};

/** The rotation for a terminal. */
export function formatRotation(rotation: Rotation, styles: Styles, nowMs: number): string {
  const { bundle, from, to, path } = rotation;
  return [
    styles.bold(`${bundle}: rotation`),
    `  from: ${nameText(from)}`,
    `  to:   ${nameText(to)}`,
    '',
    ...path.steps.flatMap((step) => formatStep(step, styles, nowMs)),
  ].join('\n');
}

/** Why a rotation does not go on now; empty when it does. */
export function waitText({ path }: Rotation): string {
  const blocked = path.steps.filter(({ standing }) => standing === 'blocked');
  return blocked
    .map(({ name, blockers }) => `${name}: ${blockers.map(withReady).join('; ')}`)
    .join('; ');
}

/** What speaks against, and when that ends at the earliest. */
export function withReady({ kind, text, readyMs }: GateBlocker): string {
  // What waits for a time of the charter names it.
  if (readyMs === undefined || kind === 'waiting') return text;
  return `${text} (until ${formatTimestamp(readyMs)} at least)`;
}

/** The rotation for a program; docs/cli.md describes each member. */
export function rotationJson(rotation: Rotation): { readonly [key: string]: Json } {
  const { bundle, from, to, path } = rotation;
  return {
    bundle,
    from: { ...from },
    to: { ...to },
    standing: path.standing,
    next: path.next ?? null,
    steps: path.steps.map(({ name, kind, standing, evidence, blockers }) => ({
      name,
      kind,
      standing,
      evidence,
      blockers: blockers.map((blocker) => ({
        kind: blocker.kind,
        text: blocker.text,
        readyAt: blocker.readyMs === undefined ? null : formatTimestamp(blocker.readyMs),
      })),
    })),
  };
}

function nameText({ id, label, state }: Named): string {
  const short = id.slice(0, 16);
  // Nothing else is known of what has left.
  return label === short ? `${short} (${state})` : `"${printable(label)}" (${short}, ${state})`;
}

function formatStep(step: RotationStep, styles: Styles, nowMs: number): readonly string[] {
  const { name, standing, evidence, blockers } = step;
  const line = `  ${markOf(standing, styles)} ${name.padEnd(NAME_WIDTH)} ${MEANING[name]}`;
  const isPresent = standing !== 'done' && standing !== 'later';
  if (!isPresent) return [standing === 'later' ? styles.dim(line) : line];
  return [
    line,
    ...evidence.map((text) => styles.dim(`      + ${printable(text)}`)),
    ...blockers.map((blocker) => {
      const { readyMs } = blocker;
      const when = readyMs === undefined ? '' : `, ${formatDistance(readyMs, nowMs)}`;
      return `      ${styles.red('-')} ${printable(withReady(blocker))}${when}`;
    }),
  ];
}

function markOf(standing: RotationStep['standing'], styles: Styles): string {
  switch (standing) {
    case 'done':
    case 'open':
      return styles.green('[x]');
    case 'blocked':
      return styles.red('[-]');
    case 'overridden':
    case 'passed':
      return styles.yellow('[!]');
    case 'next':
      return styles.bold('[>]');
    case 'later':
      return '[ ]';
  }
}
