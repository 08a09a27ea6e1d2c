/**
 * What a charter may not say, however well it is formed and signed.
 *
 * Two quorums of an ordering role must share a signer, or two groups could each publish their own
 * next statement without anybody signing twice; a key must be one signer's, or one person counts as
 * two; and a key that lives on a machine in a region must not be able to do what offline keys do.
 * Spec section 4.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM } from '../ids.ts';
import type { Charter, RecoveryRole, Role } from './model.ts';

/** Where keys of a role live: with people, or on machines that answer at any time. */
type Exposure = 'offline' | 'online';

/** `majority`: more than half, so that two quorums overlap. */
type Quorum = 'majority' | 'any';

interface NamedRole {
  readonly name: string;
  readonly role: Role;
  readonly exposure: Exposure;
  readonly quorum: Quorum;
}

/** Checks a whole charter. Errors: `POLICY`, `KEY`. Rules CH-5 to CH-10, CH-19, CH-21 and CH-26. */
export function requirePolicy(charter: Charter): void {
  const roles = namedRoles(charter);
  for (const named of roles) {
    requireKnownSigners(charter, named);
    requireAlgorithms(charter, named);
    requireThreshold(named.name, named.role.threshold, named.role.signers.length, named.quorum);
  }
  const { recovery } = charter.roles;
  if (recovery !== undefined) {
    requireThreshold('recovery', recovery.threshold, recovery.keyDigests.length, 'majority');
  }
  requireDistinctKeys(charter, recovery);
  requireOneExposure(roles);
  requireResolvable(charter);
  requirePredecessor(charter);
}

function namedRoles({ roles, delegations }: Charter): readonly NamedRole[] {
  const named: NamedRole[] = [
    { name: 'charter', role: roles.charter, exposure: 'offline', quorum: 'majority' },
    { name: 'release', role: roles.release, exposure: 'offline', quorum: 'majority' },
  ];
  const { revoke, rollout, region } = roles;
  if (revoke) named.push({ name: 'revoke', role: revoke, exposure: 'offline', quorum: 'any' });
  if (rollout) {
    named.push({ name: 'rollout', role: rollout, exposure: 'online', quorum: 'majority' });
  }
  if (region) named.push({ name: 'region', role: region, exposure: 'online', quorum: 'any' });
  for (const { bundle, role } of delegations) {
    named.push({ name: `release of ${bundle}`, role, exposure: 'offline', quorum: 'majority' });
  }
  return named;
}

/** CH-5. */
function requireKnownSigners({ signers }: Charter, { name, role }: NamedRole): void {
  const known = new Set(signers.map(({ id }) => id));
  const unknown = role.signers.find((id) => !known.has(id));
  if (unknown === undefined) return;
  throw new KedgeError('POLICY', `role ${name} names ${unknown}, who is not among the signers`);
}

/** CH-26: a signer who cannot ever count is a mistake, and lowers who can. */
function requireAlgorithms({ signers }: Charter, { name, role }: NamedRole): void {
  for (const alg of role.requiredAlgs ?? []) {
    const lacking = signers.find(
      ({ id, keys }) => role.signers.includes(id) && keys.every((key) => key.alg !== alg),
    );
    if (lacking === undefined) continue;
    throw new KedgeError(
      'POLICY',
      `role ${name} counts a signer only with a key of ${alg}, and ${lacking.id} has none`,
      { detail: { role: name, signer: lacking.id, alg } },
    );
  }
}

/** CH-6 and CH-7. */
function requireThreshold(name: string, threshold: number, count: number, quorum: Quorum): void {
  const isInRange = Number.isSafeInteger(threshold) && threshold >= 1 && threshold <= count;
  if (isInRange && (quorum === 'any' || 2 * threshold > count)) return;
  const bounds = quorum === 'any' ? `from 1 to ${count}` : `more than half of ${count}`;
  throw new KedgeError('POLICY', `threshold ${threshold} of role ${name} must be ${bounds}`, {
    detail: { role: name, threshold, signers: count },
  });
}

/** CH-8, CH-9 and CH-21: identity is the key id, so another encoding of a key is the same key. */
function requireDistinctKeys(charter: Charter, recovery: RecoveryRole | undefined): void {
  const owners = new Map<string, string>();
  const holders = [
    ...charter.signers.map(({ id, keys }) => ({ holder: `signer ${id}`, keys })),
    ...charter.regions.map(({ name, keys }) => ({ holder: `region ${name}`, keys })),
    { holder: 'the revealed keys', keys: charter.revealed ?? [] },
  ];
  for (const { holder, keys } of holders) {
    for (const { keyId } of keys) {
      const other = owners.get(keyId);
      if (other !== undefined) throw shared(keyId, other, holder);
      owners.set(keyId, holder);
    }
  }
  for (const digest of recovery?.keyDigests ?? []) {
    const other = owners.get(digest);
    if (other !== undefined) throw shared(digest, other, 'role recovery');
  }
}

/** CH-10. */
function requireOneExposure(roles: readonly NamedRole[]): void {
  const offline = new Map<string, string>();
  for (const { name, role, exposure } of roles) {
    if (exposure === 'offline') for (const id of role.signers) offline.set(id, name);
  }
  for (const { name, role, exposure } of roles) {
    if (exposure === 'offline') continue;
    const id = role.signers.find((signer) => offline.has(signer));
    if (id === undefined) continue;
    throw new KedgeError(
      'KEY',
      `signer ${id} is in the online role ${name} and in the offline role ` +
        `${offline.get(id) ?? ''}: use a signer with keys of its own`,
    );
  }
}

/** CH-19: who signs charters twice cannot be the one to say which of them governs. */
function requireResolvable({ resolutions = [] }: Charter): void {
  if (resolutions.every(({ stream }) => stream !== CHARTER_STREAM)) return;
  throw new KedgeError(
    'POLICY',
    'a charter cannot resolve a fork of the charters: it is open which of them governs',
  );
}

/** CH-21: recovery keys are those of the charter before. */
function requirePredecessor({ version, revealed }: Charter): void {
  if (revealed === undefined || version > 1) return;
  throw new KedgeError('POLICY', 'the first charter reveals keys, but there is none before it');
}

function shared(keyId: string, first: string, second: string): KedgeError {
  return new KedgeError('KEY', `key ${keyId} is listed for ${first} and for ${second}`, {
    detail: { keyId },
  });
}
