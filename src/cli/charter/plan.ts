/**
 * What a new charter means before anybody signs it: who has to, what the keys that leave can still
 * do, what is lost on the way, and what its owners should know.
 *
 * Pure. It says what follows from the rules of the specification; nothing of it is enforced here.
 *
 * @module
 */
import type { Charter, Role } from '../../core/charter/model.ts';
import type { KeyId, SignerId } from '../../core/ids.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { countedFor, countKeys, countSigners } from '../../core/statements/quorum.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { findAuthority, isCarried } from '../../core/trusted/authority.ts';
import { formatSeconds } from '../durations.ts';
import { countOf } from '../terminal/styles.ts';

/** A quorum that the charter takes. */
export interface NeededQuorum {
  /** `current` hands over, `next` shows that it can sign, `recovery` stands in for `current`. */
  readonly of: 'current' | 'next' | 'recovery';
  readonly threshold: number;
  /** Signers, or ids of recovery keys. */
  readonly eligible: readonly string[];
  readonly signed: readonly string[];
}

/** A key that the new charter does not list any more. */
export interface RemovedKey {
  readonly signer: SignerId;
  readonly keyId: KeyId;
  /** The roles that it had. */
  readonly roles: readonly string[];
  /** Roles of which the keys that leave are a quorum together. */
  readonly quorumOf: readonly string[];
}

/** A draft that still gathers signatures. */
export interface PendingDraft {
  readonly name: string;
  readonly statement: SignedStatement;
}

/** What becomes of a draft. */
export interface DraftFate {
  readonly name: string;
  readonly stream: string;
  readonly sequence: number;
  readonly needed: number;
  /** Signers who count now, and under the new charter. */
  readonly before: readonly SignerId[];
  readonly after: readonly SignerId[];
  /** `complete`: it can be submitted as it is; `open`: it goes on, and lacks signatures then. */
  readonly fate: 'complete' | 'open';
}

/** The whole plan. */
export interface CharterPlan {
  readonly needs: readonly NeededQuorum[];
  readonly removedKeys: readonly RemovedKey[];
  readonly drafts: readonly DraftFate[];
  readonly warnings: readonly string[];
  /** What has to follow once the new charter is in force. */
  readonly nextSteps: readonly string[];
}

/** Plans the step from one charter to the next; `signed` is the draft with what was gathered. */
export function planCharter(
  current: Charter,
  next: Charter,
  signed: SignedStatement,
  pending: readonly PendingDraft[],
): CharterPlan {
  const removedKeys = removedOf(current, next);
  return {
    needs: needsOf(current, next, signed),
    removedKeys,
    drafts: pending.flatMap((draft) => fateOf(current, next, draft)),
    warnings: warningsOf(current, next, removedKeys),
    nextSteps: nextStepsOf(removedKeys),
  };
}

function needsOf(current: Charter, next: Charter, signed: SignedStatement): NeededQuorum[] {
  const quorum = (of: 'current' | 'next', charter: Charter): NeededQuorum => {
    const role = charter.roles.charter;
    const counted = countedFor(role, countSigners(charter, role.signers, signed));
    return { of, threshold: role.threshold, eligible: role.signers, signed: counted };
  };
  const { revealed } = next;
  if (revealed === undefined) return [quorum('current', current), quorum('next', next)];
  const recovery: NeededQuorum = {
    of: 'recovery',
    threshold: current.roles.recovery?.threshold ?? 0,
    eligible: revealed.map(({ keyId }) => keyId),
    signed: countKeys(revealed, signed).valid.map(({ keyId }) => keyId),
  };
  return [recovery, quorum('next', next)];
}

function removedOf(current: Charter, next: Charter): readonly RemovedKey[] {
  const kept = new Set(next.signers.flatMap(({ keys }) => keys.map(({ keyId }) => keyId)));
  const gone = current.signers.flatMap(({ id, keys }) =>
    keys.filter(({ keyId }) => !kept.has(keyId)).map(({ keyId }) => ({ signer: id, keyId })),
  );
  const leaving = new Set(gone.map(({ signer }) => signer));
  return gone.map(({ signer, keyId }) => {
    const roles = rolesOf(current).filter(([, role]) => role.signers.includes(signer));
    const isQuorum = ({ signers, threshold }: Role): boolean =>
      signers.filter((id) => leaving.has(id)).length >= threshold;
    return {
      signer,
      keyId,
      roles: roles.map(([name]) => name),
      quorumOf: roles.filter(([, role]) => isQuorum(role)).map(([name]) => name),
    };
  });
}

function rolesOf({ roles, delegations }: Charter): readonly (readonly [string, Role])[] {
  const { charter, release, revoke, rollout, region } = roles;
  const named = { charter, release, revoke, rollout, region };
  return [
    ...Object.entries(named).flatMap(([name, role]) => (role ? [[name, role] as const] : [])),
    ...delegations.map(({ bundle, role }) => [`release of ${bundle}`, role] as const),
  ];
}

function fateOf(current: Charter, next: Charter, draft: PendingDraft): readonly DraftFate[] {
  const statement = parseStatement(draft.statement.payload);
  if (statement.kind === 'charter') return [];
  const { stream, sequence } = statement;
  const before = findAuthority(current, statement, draft.statement);
  const after = findAuthority(next, statement, draft.statement);
  return [
    {
      name: draft.name,
      stream,
      sequence,
      needed: after.role.threshold,
      before: before.signers,
      after: after.signers,
      fate: isCarried(after) ? 'complete' : 'open',
    },
  ];
}

function warningsOf(
  current: Charter,
  next: Charter,
  removedKeys: readonly RemovedKey[],
): readonly string[] {
  return [
    ...keyWarnings(removedKeys),
    ...regionWarnings(current, next),
    ...recoveryWarnings(current, next),
    ...termWarnings(current, next),
    ...quorumWarnings(next),
  ];
}

function keyWarnings(removedKeys: readonly RemovedKey[]): readonly string[] {
  const quorums = [...new Set(removedKeys.flatMap(({ quorumOf }) => quorumOf))];
  if (quorums.length === 0) return [];
  return [
    `the keys that leave are a quorum of ${quorums.join(', ')}: together they can still sign ` +
      'second statements for old sequences, which stops a stream (a fork); destroy them',
  ];
}

/** QU-2: history may be signed by a quorum that has left, so its next place is taken at once. */
function nextStepsOf(removedKeys: readonly RemovedKey[]): readonly string[] {
  const had = new Set(removedKeys.flatMap(({ roles }) => roles));
  const steps: string[] = [];
  if (had.has('revoke') || [...had].some((name) => name.startsWith('release'))) {
    steps.push(
      'publish a release of each bundle at once, also without changes: kedge release draft ' +
        '--bundle <bundle>. Until then what the keys that leave sign as its next release ' +
        'counts as history, below a later release',
    );
  }
  if (had.has('rollout')) {
    steps.push('state each rollout that runs again: the same holds of rollouts');
  }
  return steps;
}

function regionWarnings({ regions }: Charter, next: Charter): readonly string[] {
  if (regions.length === 0) return [];
  const keys = new Set(next.regions.flatMap((one) => one.keys.map(({ keyId }) => keyId)));
  const stay = regions.filter((one) => one.keys.some(({ keyId }) => keys.has(keyId)));
  const total = next.regions.length;
  return [
    `readers that demand k regions take this charter when k of the ${regions.length} regions of ` +
      `now cosigned it, and then need k of ${total}: who demands more than ${total} gets stale`,
    ...(stay.length === regions.length
      ? []
      : [`${countOf(regions.length - stay.length, 'region')} of now will not count any more`]),
  ];
}

function recoveryWarnings({ roles }: Charter, next: Charter): readonly string[] {
  if (next.roles.recovery !== undefined) return [];
  return roles.recovery === undefined
    ? ['no recovery keys: a lost charter quorum cannot be replaced (--recovery-key)']
    : ['NO RECOVERY KEYS ARE LEFT: a lost charter quorum could not be replaced (--recovery-key)'];
}

function termWarnings({ lifecycle, clients }: Charter, next: Charter): readonly string[] {
  const { holdDownSeconds, overlapSeconds, blastRadiusPercent } = next.lifecycle;
  const shorter = (name: string, from: number, to: number): readonly string[] =>
    to < from ? [`${name} gets shorter: ${formatSeconds(from)} -> ${formatSeconds(to)}`] : [];
  return [
    ...shorter('the hold-down', lifecycle.holdDownSeconds, holdDownSeconds),
    ...shorter('the overlap', lifecycle.overlapSeconds, overlapSeconds),
    ...shorter('the freshness of clients', clients.freshnessSeconds, next.clients.freshnessSeconds),
    ...(blastRadiusPercent > lifecycle.blastRadiusPercent
      ? [`one release may take more away: ${blastRadiusPercent} % of the trusted anchors`]
      : []),
  ];
}

/** Quorums that one lost key would end. */
function quorumWarnings(next: Charter): readonly string[] {
  return rolesOf(next).flatMap(([name, { signers, threshold }]) => {
    if (threshold < signers.length) return [];
    const who = signers.length === 1 ? 'its only signer' : 'each of its signers';
    return [`role ${name} needs ${who}: one lost key and nobody can sign for it`];
  });
}
