/**
 * The gates of a rotation: what must be known of clients before the next release, and the waiting
 * times of the charter.
 *
 * What is not known keeps a gate closed, as in `../adoption/removal.ts`. `delivered` and `loaded`
 * ask the same at different times: that all run the newest release, first while the new anchor is
 * staged, then while it is active, before anybody may present a leaf of it.
 *
 * @module
 */
import {
  type Blocker,
  type Finding,
  ofClients,
  ofHead,
  ofNodes,
  ofUse,
} from '../adoption/findings.ts';
import type { BundleAdoption } from '../adoption/model.ts';
import { judgeRemoval, QUIET_MIN_MS } from '../adoption/removal.ts';
import { type AnchorId, formatTimestamp } from '../ids.ts';
import type { RotationGate, RotationQuestion, RotationWait } from './steps.ts';

/** What speaks for a step and what against it. */
export interface GateFinding {
  readonly evidence: readonly string[];
  readonly blockers: readonly GateBlocker[];
}

/** Like a blocker of a removal; `waiting`: a time of the charter is not over. */
export type GateBlocker = Blocker | WaitBlocker;

/** A time of the charter that is not over. */
export interface WaitBlocker {
  readonly kind: 'waiting';
  readonly text: string;
  readonly readyMs: number;
}

/** Nodes that began only now may not know yet of clients on their way back. */
const OBSERVED_MIN_MS = 60_000;

/** Judges one gate by what is known now. */
export function judgeGate(gate: RotationGate, question: RotationQuestion): GateFinding {
  const { adoption, release, from, to } = question;
  const quietMs = Math.max(question.quietMs, QUIET_MIN_MS);
  switch (gate) {
    case 'delivered':
    case 'loaded':
      return joined([
        ofHead(adoption, release),
        ofClients(adoption, 'release'),
        ofNodes(adoption, OBSERVED_MIN_MS, 'release'),
      ]);
    case 'taken-up':
      return joined([
        ofHead(adoption, release),
        ofTakeUp(adoption, to),
        ofClients(adoption, 'use'),
        prefixed('the old one: ', ofUse(adoption, from, quietMs)),
        ofNodes(adoption, quietMs, 'use'),
      ]);
    case 'unused':
      return judgeRemoval({ adoption, release, anchor: from, quietMs });
  }
}

/** Judges a waiting time; `sinceMs` is absent when nothing waits. */
export function judgeWait(
  wait: RotationWait,
  sinceMs: number | undefined,
  seconds: number,
  nowMs: number,
): GateFinding {
  const readyMs = (sinceMs ?? 0) + seconds * 1000;
  const at = formatTimestamp(readyMs);
  if (sinceMs === undefined || nowMs >= readyMs) {
    const text = sinceMs === undefined ? `no ${wait} runs` : `the ${wait} was over at ${at}`;
    return { evidence: [text], blockers: [] };
  }
  const text =
    `the ${wait} of the charter, counted from the draft of ${formatTimestamp(sinceMs)}, ` +
    `runs until ${at}`;
  return { evidence: [], blockers: [{ kind: 'waiting', text, readyMs }] };
}

/** Whether anybody used the new anchor. */
function ofTakeUp(adoption: BundleAdoption, to: AnchorId): Finding {
  const use = adoption.anchors.find(({ anchor }) => anchor === to);
  if (use === undefined) {
    const text =
      'no use of the new anchor was reported: no leaf of it was presented in a new handshake yet';
    return { evidence: [], blockers: [{ kind: 'not-taken-up', text }] };
  }
  const one = use.clients === 1 ? 'one client' : `${use.clients} clients`;
  const by = use.clients === 0 ? 'clients that are gone' : one;
  const text = `the new one was used last at ${formatTimestamp(use.lastUsedMs)}, by ${by}`;
  return { evidence: [text], blockers: [] };
}

function prefixed(prefix: string, { evidence, blockers }: Finding): Finding {
  return {
    evidence: evidence.map((text) => prefix + text),
    blockers: blockers.map((blocker) => ({ ...blocker, text: prefix + blocker.text })),
  };
}

function joined(findings: readonly Finding[]): GateFinding {
  return {
    evidence: findings.flatMap(({ evidence }) => evidence),
    blockers: findings.flatMap(({ blockers }) => blockers),
  };
}
