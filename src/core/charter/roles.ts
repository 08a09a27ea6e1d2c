/**
 * The roles of a charter: reading them, with the checks of form, and writing.
 *
 * What they may not say together is `policy.ts`. Spec section 4.
 *
 * @module
 */
import type { CanonicalValue } from '../canonical.ts';
import { ALGORITHMS, type Algorithm, isAlgorithm } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { parseSha256, parseSignerId, type Sha256, type SignerId } from '../ids.ts';
import { SIGNERS_MAX, VALIDITY_MAX_DAYS } from '../limits.ts';
import { type ObjectReader, parseAt, readObject, readString, requireAscending } from '../reader.ts';
import type { RecoveryRole, Role, Roles } from './model.ts';

const ROLE_KEYS = {
  required: ['expiryDays', 'signers', 'threshold'],
  optional: ['requiredAlgs'],
} as const;

/** Reads the roles of a charter. Errors: `PARSE`, `LIMIT`, `POLICY` (CH-6). */
export function readRoles(value: CanonicalValue, path: string): Roles {
  const roles = readObject(value, path, {
    required: ['charter', 'release'],
    optional: ['rollout', 'revoke', 'region', 'recovery'],
  });
  const read = (name: 'charter' | 'release' | 'rollout' | 'revoke' | 'region'): Role =>
    readRole(roles.value(name), `${roles.path}.${name}`);
  return {
    charter: read('charter'),
    release: read('release'),
    ...(roles.has('rollout') && { rollout: read('rollout') }),
    ...(roles.has('revoke') && { revoke: read('revoke') }),
    ...(roles.has('region') && { region: read('region') }),
    ...(roles.has('recovery') && { recovery: readRecovery(roles.value('recovery')) }),
  };
}

/** Reads one role of signers. Errors: `PARSE`, `LIMIT`, `POLICY` (CH-6). */
export function readRole(value: CanonicalValue, path: string): Role {
  const role = readObject(value, path, ROLE_KEYS);
  const signers = role.list('signers', { min: 1, max: SIGNERS_MAX }, readSignerId);
  requireAscending(signers, `${path}.signers`);
  const plain = {
    signers,
    threshold: readThreshold(role.value('threshold'), path),
    ...readExpiry(role),
  };
  if (!role.has('requiredAlgs')) return plain;
  const bounds = { min: 1, max: ALGORITHMS.length };
  const requiredAlgs = role.list('requiredAlgs', bounds, readAlgorithm);
  requireAscending(requiredAlgs, `${path}.requiredAlgs`);
  return { ...plain, requiredAlgs };
}

function readRecovery(value: CanonicalValue): RecoveryRole {
  const path = 'charter.roles.recovery';
  const role = readObject(value, path, { required: ['expiryDays', 'keyDigests', 'threshold'] });
  const keyDigests = role.list('keyDigests', { min: 1, max: SIGNERS_MAX }, readDigest);
  requireAscending(keyDigests, `${path}.keyDigests`);
  const threshold = readThreshold(role.value('threshold'), path);
  return { keyDigests, threshold, ...readExpiry(role) };
}

/** CH-6: every threshold that is not a count is the same mistake, whatever its JSON type. */
function readThreshold(value: CanonicalValue, path: string): number {
  if (typeof value === 'number') return value;
  throw new KedgeError('POLICY', `${path}.threshold must be an integer`);
}

function readExpiry(role: ObjectReader<'expiryDays' | 'threshold'>): {
  readonly expiryDays: number;
} {
  return { expiryDays: role.integer('expiryDays', { min: 1, max: VALIDITY_MAX_DAYS }) };
}

/** Roles as they are written; lists are sorted here. */
export function rolesValue(roles: Roles): CanonicalValue {
  return {
    charter: roleValue(roles.charter),
    release: roleValue(roles.release),
    ...(roles.rollout && { rollout: roleValue(roles.rollout) }),
    ...(roles.revoke && { revoke: roleValue(roles.revoke) }),
    ...(roles.region && { region: roleValue(roles.region) }),
    ...(roles.recovery && { recovery: recoveryValue(roles.recovery) }),
  };
}

/** A role as it is written. */
export function roleValue(role: Role): CanonicalValue {
  const { expiryDays, requiredAlgs, signers, threshold } = role;
  return {
    expiryDays,
    ...(requiredAlgs && { requiredAlgs: requiredAlgs.toSorted() }),
    signers: signers.toSorted(),
    threshold,
  };
}

function recoveryValue({ expiryDays, keyDigests, threshold }: RecoveryRole): CanonicalValue {
  return { expiryDays, keyDigests: keyDigests.toSorted(), threshold };
}

/** CH-25. */
function readAlgorithm(value: CanonicalValue, path: string): Algorithm {
  const name = readString(value, path);
  if (isAlgorithm(name)) return name;
  throw new KedgeError('ALGORITHM', `${path}: unknown: ${JSON.stringify(name.slice(0, 40))}`);
}

function readSignerId(value: CanonicalValue, path: string): SignerId {
  return parseAt(readString(value, path), path, parseSignerId);
}

function readDigest(value: CanonicalValue, path: string): Sha256 {
  return parseAt(readString(value, path), path, parseSha256);
}
