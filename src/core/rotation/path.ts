/**
 * How far the rotation from one anchor to another is, and what its next release is.
 *
 * ```
 *   stage ─► delivered, hold-down ─► activate ─► loaded, taken-up ─► retire
 *         ─► unused, overlap ─► remove
 * ```
 *
 * Nothing is remembered: the place on this path follows from the verified head and from what
 * clients told, so a rotation goes on on any machine, and also when somebody made one of its
 * releases by hand. Gates rest on adoption and may be overridden; waits are rules of the lifecycle
 * that every reader enforces (LC-6, LC-8), so nobody can skip them.
 *
 * @module
 */

import type { Anchor } from '../anchors/anchor.ts';
import { type NamedAnchor, refusedAnchor } from '../anchors/refusal.ts';
import type { AnchorId } from '../ids.ts';
import { type GateFinding, judgeGate, judgeWait } from './gates.ts';
import {
  type RotationGate,
  type RotationQuestion,
  type RotationRelease,
  type RotationWait,
} from './steps.ts';

/** One step of the path. */
export interface RotationStep extends GateFinding {
  readonly name: RotationRelease | RotationGate | RotationWait;
  readonly kind: 'release' | 'gate' | 'wait';
  /**
   * `done`: behind us; `passed`: behind us, and it was closed when it was passed; `open`: the gate
   * holds now; `blocked`: it does not; `overridden`: it does not and was to be passed all the same;
   * `next`: the release to make; `later`: not yet looked at.
   */
  readonly standing: 'done' | 'passed' | 'open' | 'blocked' | 'overridden' | 'next' | 'later';
}

/** Where a rotation is. */
export interface RotationPath {
  readonly steps: readonly RotationStep[];
  /** The release to come; absent: the old anchor is gone and the new one active. */
  readonly next: RotationRelease | undefined;
  /** `ready`: nothing stands before the next release. */
  readonly standing: 'ready' | 'waiting' | 'done';
}

/** What stands before each release, in order. */
const PATH: readonly {
  readonly release: RotationRelease;
  readonly gates: readonly RotationGate[];
  readonly wait?: RotationWait;
}[] = [
  { release: 'stage', gates: [] },
  { release: 'activate', gates: ['delivered'], wait: 'hold-down' },
  { release: 'retire', gates: ['loaded', 'taken-up'] },
  { release: 'remove', gates: ['unused'], wait: 'overlap' },
];

/** Says where a rotation is. Errors: `LIFECYCLE` when these two anchors cannot be on the path. */
export function rotationPath(question: RotationQuestion): RotationPath {
  const pair = requirePair(question);
  const next = PATH.find(({ release }) => !isDone(release, pair))?.release;
  const steps: RotationStep[] = [];
  let isLater = false;
  for (const { release, gates, wait } of PATH) {
    const phase: Phase = isLater ? 'later' : release === next ? 'now' : 'done';
    for (const gate of gates) steps.push(gateStep(gate, phase, question));
    if (wait !== undefined) steps.push(waitStep(wait, phase, question, pair));
    const isFree = steps.every(({ standing }) => standing !== 'blocked');
    const standing = phase === 'now' ? (isFree ? 'next' : 'later') : phase;
    steps.push({ name: release, kind: 'release', standing, evidence: [], blockers: [] });
    isLater ||= phase === 'now';
  }
  const isBlocked = steps.some(({ standing }) => standing === 'blocked');
  return {
    steps,
    next,
    standing: next === undefined ? 'done' : isBlocked ? 'waiting' : 'ready',
  };
}

type Phase = 'done' | 'now' | 'later';

function gateStep(name: RotationGate, phase: Phase, question: RotationQuestion): RotationStep {
  const step = { name, kind: 'gate', evidence: [], blockers: [] } as const;
  if (phase !== 'now') return { ...step, standing: phase };
  const finding = judgeGate(name, question);
  if (finding.blockers.length === 0) return { ...step, ...finding, standing: 'open' };
  const standing = question.overrides.has(name) ? 'overridden' : 'blocked';
  return { ...step, ...finding, standing };
}

function waitStep(
  name: RotationWait,
  phase: Phase,
  { lifecycle, nowMs }: RotationQuestion,
  { from, to }: Pair,
): RotationStep {
  const step = { name, kind: 'wait', evidence: [], blockers: [] } as const;
  if (phase !== 'now') return { ...step, standing: phase };
  const finding =
    name === 'hold-down'
      ? judgeWait(name, to?.sinceMs, lifecycle.holdDownSeconds, nowMs)
      : judgeWait(name, from?.sinceMs, lifecycle.overlapSeconds, nowMs);
  return { ...step, ...finding, standing: finding.blockers.length === 0 ? 'open' : 'blocked' };
}

/** The anchors as the head has them; absent: not yet there, or gone. */
interface Pair {
  readonly from: Anchor | undefined;
  readonly to: Anchor | undefined;
}

function isDone(release: RotationRelease, { from, to }: Pair): boolean {
  switch (release) {
    case 'stage':
      return to !== undefined;
    case 'activate':
      return to?.state === 'active';
    case 'retire':
      return from?.state !== 'active';
    case 'remove':
      return from === undefined;
  }
}

function requirePair({ release: { body }, from, to }: RotationQuestion): Pair {
  const entryOf = (id: AnchorId): Anchor | undefined => body.anchors.find((one) => one.id === id);
  const pair: Pair = { from: entryOf(from), to: entryOf(to) };
  const hasLeft = (id: AnchorId): boolean => body.tombstones.some((one) => one.id === id);
  const named = (id: AnchorId): NamedAnchor => entryOf(id) ?? { id };
  if (from === to) throw refusedAnchor(named(from), 'cannot take over from itself');
  if (hasLeft(to)) throw refusedAnchor(named(to), 'has left the bundle and may not come back');
  if (pair.to?.state === 'retiring') {
    throw refusedAnchor(named(to), 'is retiring, so nothing can move to it: activate it first');
  }
  if (pair.from === undefined && !hasLeft(from)) {
    throw refusedAnchor(named(from), 'was never in the bundle');
  }
  if (pair.from?.state === 'staged') {
    throw refusedAnchor(
      named(from),
      'is staged: nobody trusts it, so there is nothing to move away from',
    );
  }
  return pair;
}
