/**
 * The facts of a proposed charter and of a proposed rollout.
 *
 * @module
 */
import type { Charter } from '../core/charter/charter.ts';
import type { SignerId } from '../core/ids.ts';
import type { RolloutBody, Wave } from '../core/rollouts/body.ts';
import { formatWindow } from '../core/rollouts/opening.ts';
import type { Statement } from '../core/statements/statement.ts';
import type { Facts } from './environment.ts';
import { approvalFacts, daysBetween, realmFacts, timeFacts } from './shared-facts.ts';

/** What is known around a proposal. */
export interface ProposalCase {
  /** The charter in force. */
  readonly charter: Charter;
  readonly statement: Statement;
  readonly signers: readonly SignerId[];
  readonly threshold: number;
  readonly nowMs: number;
}

const HOUR_SECONDS = 3600;

/** The facts of a charter. */
export function charterFacts(next: Charter, given: ProposalCase): Facts {
  const { charter: current, statement } = given;
  const keysOf = ({ signers }: Charter): ReadonlyMap<SignerId, string> =>
    new Map(signers.map(({ id, keys }) => [id, keys.map(({ keyId }) => keyId).join()]));
  const [before, after] = [keysOf(current), keysOf(next)];
  const { lifecycle, roles } = next;
  return {
    charter: {
      version: next.version,
      note: next.note,
      validDays: daysBetween(statement.issuedMs, statement.expiresMs),
      signers: [...after.keys()],
      addedSigners: [...after.keys()].filter((id) => !before.has(id)),
      removedSigners: [...before.keys()].filter((id) => !after.has(id)),
      changedKeys: [...after.keys()].filter(
        (id) => before.has(id) && before.get(id) !== after.get(id),
      ),
      charterThreshold: roles.charter.threshold,
      releaseThreshold: roles.release.threshold,
      revokeThreshold: roles.revoke?.threshold ?? 0,
      regions: next.regions.map(({ name }) => name),
      holdDownHours: Math.floor(lifecycle.holdDownSeconds / HOUR_SECONDS),
      overlapHours: Math.floor(lifecycle.overlapSeconds / HOUR_SECONDS),
    },
    ...commonFacts(given),
  };
}

/** The facts of a rollout. */
export function rolloutFacts(body: RolloutBody, given: ProposalCase): Facts {
  const gated = body.waves.slice(0, -1).map(({ gates }) => gates.soakSeconds);
  return {
    rollout: {
      bundle: body.bundle,
      note: body.note,
      state: body.state,
      waves: body.waves.length,
      firstPercent: body.waves[0]?.percent ?? 0,
      labels: body.waves.flatMap(({ match }) =>
        [...match].map(([key, value]) => `${key}=${value}`),
      ),
      soakSeconds: gated.length === 0 ? 0 : Math.min(...gated),
      maxFailures: Math.max(...body.waves.map(({ gates }) => gates.maxFailures)),
      windows: body.waves.map(({ window }) => (window === undefined ? '' : formatWindow(window))),
      openings: body.waves.map(openingText),
      maxPerIdentity: body.maxPerIdentity ?? 0,
    },
    ...commonFacts(given),
  };
}

/** Whom a wave takes and in which hours, so that a rule can ask for those of a region. */
function openingText({ match, window }: Wave): string {
  const labels = [...match].map(([key, value]) => `${key}=${value}`).join(',');
  const hours = window === undefined ? 'always' : formatWindow(window);
  return `${labels === '' ? 'all' : labels} ${hours}`;
}

function commonFacts(given: ProposalCase): Facts {
  return {
    realm: realmFacts(given.charter),
    approvals: approvalFacts(given),
    time: timeFacts(given.nowMs),
  };
}
