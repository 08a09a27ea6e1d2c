/**
 * Charters as people read them.
 *
 * @module
 */
import type { Charter, Role } from '../../core/charter/charter.ts';
import type { SignerId } from '../../core/ids.ts';
import { formatSeconds } from '../durations.ts';
import type { Json } from '../output.ts';
import { formatFields, formatTable, printable, type Styles } from '../terminal/styles.ts';

/** A whole charter as text. */
export function formatCharter(charter: Charter): string {
  const { lifecycle, clients } = charter;
  const signers = charter.signers.map(({ id, owner, keys }) => [
    `  ${id}`,
    printable(owner),
    rolesWith(charter, id),
    keys.map(({ alg, keyId }) => `${alg} ${keyId.slice(0, 16)}`).join(', '),
  ]);
  const roles = roleRows(charter).map(([name, role]) => [
    `  ${name}`,
    `${role.threshold} of ${role.signers.length}`,
    `${role.expiryDays}d`,
    role.signers.join(', ') + algorithmsOf(role),
  ]);
  const regions = charter.regions.map(({ name, keys }) => [
    `  ${name}`,
    keys.map(({ alg, keyId }) => `${alg} ${keyId.slice(0, 16)}`).join(', '),
  ]);
  return [
    formatTable(['  signer', 'owner', 'roles', 'keys'], signers),
    '',
    formatTable(['  role', 'needs', 'valid', 'signers'], [...roles, ...recoveryRow(charter)]),
    '',
    ...(regions.length === 0 ? [] : [formatTable(['  region', 'keys'], regions), '']),
    formatFields([
      ['hold-down', `${formatSeconds(lifecycle.holdDownSeconds)} staged before active`],
      ['overlap', `${formatSeconds(lifecycle.overlapSeconds)} retiring before removed`],
      ['blast radius', `${lifecycle.blastRadiusPercent} % of trusted anchors in one release`],
      ['freshness', `${formatSeconds(clients.freshnessSeconds)} without news is stale`],
      ...(charter.resolutions ?? []).map(
        ({ stream, sequence, digest }) =>
          ['decides', `${stream} at sequence ${sequence}: ${digest} stands`] as const,
      ),
      ...(charter.policy === undefined
        ? []
        : [['policy', `${charter.policy.rules.length} rules: see kedge policy show`] as const]),
      ...(charter.revealed ?? []).map(
        ({ alg, keyId }) => ['RECOVERED', `by the recovery key ${alg} ${keyId}`] as const,
      ),
      ...(charter.note === '' ? [] : [['note', printable(charter.note)] as const]),
    ]),
    ...warningsOf(charter),
  ].join('\n');
}

/** Their keys are not known to anybody who does not hold one. */
function recoveryRow({ roles: { recovery } }: Charter): readonly (readonly string[])[] {
  if (recovery === undefined) return [];
  const { keyDigests, threshold, expiryDays } = recovery;
  const hidden = keyDigests.map((digest) => digest.slice(0, 16)).join(', ');
  const needs = `${threshold} of ${keyDigests.length}`;
  return [['  recovery', needs, `${expiryDays}d`, `hidden keys ${hidden}`]];
}

function algorithmsOf({ requiredAlgs }: Role): string {
  return requiredAlgs === undefined ? '' : `, each with ${requiredAlgs.join(' and ')}`;
}

/** What a charter allows and its owners should know. */
function warningsOf({ roles }: Charter): readonly string[] {
  if (roles.revoke === undefined || !mayConflict(roles.revoke, roles.release)) return [];
  const signers = roles.revoke.threshold === 1 ? 'one signer' : `${roles.revoke.threshold} signers`;
  return [
    '',
    `Note: ${signers} of the role revoke can take a sequence that a release has taken as`,
    'well. Such a fork stops the bundle until a charter decides, and somebody with stolen keys of',
    'revoke can make one. That is the price of fast revocation; more signers for revoke avoid it',
    '(docs/spec.md, CH-7).',
  ];
}

/** Says whether both roles can have a quorum without a signer in common. */
function mayConflict(revoke: Role, release: Role): boolean {
  const shared = release.signers.filter((id) => revoke.signers.includes(id)).length;
  const others = release.signers.length - shared;
  const taken = Math.max(0, release.threshold - others);
  return revoke.signers.length - taken >= revoke.threshold;
}

/** What a new charter changes, line by line. */
export function formatCharterChanges(current: Charter, next: Charter, styles: Styles): string {
  const before = facts(current);
  const after = facts(next);
  const lines: string[] = [];
  for (const [name, value] of after) {
    const old = before.get(name);
    if (old === undefined) lines.push(`${styles.green('+')} ${name}: ${value}`);
    else if (old !== value) lines.push(`${styles.yellow('~')} ${name}: ${old} -> ${value}`);
  }
  for (const [name, value] of before) {
    // A decision holds from its charter on, and is not taken back by what does not repeat it.
    if (after.has(name) || name.startsWith('fork of ')) continue;
    lines.push(`${styles.red('-')} ${name}: ${value}`);
  }
  return lines.length === 0 ? '  nothing but the version and the time' : lines.join('\n');
}

/** A whole charter as JSON; keys by their ids. */
export function charterJson(charter: Charter): Json {
  return {
    version: charter.version,
    realm: charter.realm,
    signers: charter.signers.map(({ id, owner, keys }) => ({
      id,
      owner,
      keys: keys.map(({ alg, keyId }) => ({ alg, keyId })),
    })),
    roles: Object.fromEntries(
      roleRows(charter).map(([name, { signers, threshold, expiryDays, requiredAlgs }]) => [
        name,
        { signers, threshold, expiryDays, requiredAlgs },
      ]),
    ),
    ...(charter.roles.recovery && { recovery: { ...charter.roles.recovery } }),
    ...(charter.revealed && {
      revealed: charter.revealed.map(({ alg, keyId }) => ({ alg, keyId })),
    }),
    regions: charter.regions.map(({ name, keys }) => ({
      name,
      keys: keys.map(({ alg, keyId }) => ({ alg, keyId })),
    })),
    ...(charter.resolutions && {
      resolutions: charter.resolutions.map((resolution) => ({ ...resolution })),
    }),
    ...(charter.policy && { policy: { rules: charter.policy.rules.map((rule) => ({ ...rule })) } }),
    lifecycle: { ...charter.lifecycle },
    clients: { ...charter.clients },
    note: charter.note,
  };
}

function roleRows({ roles, delegations }: Charter): readonly (readonly [string, Role])[] {
  const rows: (readonly [string, Role])[] = [
    ['charter', roles.charter],
    ['release', roles.release],
  ];
  if (roles.revoke) rows.push(['revoke', roles.revoke]);
  if (roles.rollout) rows.push(['rollout', roles.rollout]);
  if (roles.region) rows.push(['region', roles.region]);
  for (const { bundle, role } of delegations) rows.push([`release of ${bundle}`, role]);
  return rows;
}

function rolesWith(charter: Charter, signer: SignerId): string {
  const within = roleRows(charter).filter(([, role]) => role.signers.includes(signer));
  return within.length === 0 ? 'none' : within.map(([name]) => name).join(', ');
}

/** Everything that a charter says as named texts, so that two can be compared. */
function facts(charter: Charter): ReadonlyMap<string, string> {
  const { lifecycle, clients, roles } = charter;
  const named = new Map<string, string>();
  for (const { id, owner, keys } of charter.signers) {
    const ids = keys.map(({ alg, keyId }) => `${alg} ${keyId}`).join(', ');
    named.set(`signer ${id}`, `${printable(owner)}; ${ids}`);
  }
  for (const [name, role] of roleRows(charter)) {
    named.set(
      `role ${name}`,
      `${role.threshold} of ${role.signers.join(', ')}${algorithmsOf(role)} ` +
        `(valid ${role.expiryDays}d)`,
    );
  }
  for (const { name, keys } of charter.regions) {
    named.set(`region ${name}`, keys.map(({ alg, keyId }) => `${alg} ${keyId}`).join(', '));
  }
  for (const { name, that, approvals, message, for: subject } of charter.policy?.rules ?? []) {
    const or = approvals === undefined ? '' : `, or ${approvals} signers`;
    named.set(`rule ${name}`, printable(`for ${subject}: ${that}${or} ("${message}")`));
  }
  if (roles.recovery) {
    const { threshold, keyDigests, expiryDays } = roles.recovery;
    named.set('role recovery', `${threshold} of ${keyDigests.join(', ')} (valid ${expiryDays}d)`);
  }
  for (const { stream, sequence, digest } of charter.resolutions ?? []) {
    named.set(`fork of ${stream} at sequence ${sequence}`, `${digest} stands`);
  }
  named.set('hold-down', formatSeconds(lifecycle.holdDownSeconds));
  named.set('overlap', formatSeconds(lifecycle.overlapSeconds));
  named.set('blast radius', `${lifecycle.blastRadiusPercent} %`);
  named.set('freshness', formatSeconds(clients.freshnessSeconds));
  named.set('note', printable(charter.note));
  return named;
}
