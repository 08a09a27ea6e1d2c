/**
 * The charter, which says who may do what: reading its bytes, with the checks of form, and writing.
 *
 * Its parts are described in `model.ts`; what they may not say together is `policy.ts`, which every
 * parsed charter passed; how one charter follows another is `chain.ts`. Spec section 4.
 *
 * @module
 */
import { encodeBase64 } from '../bytes.ts';
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../canonical.ts';
import { importPublicKey, type PublicKey } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import {
  parseBundleName,
  parseRealmName,
  parseRegionName,
  parseSequence,
  parseSha256,
  parseSignerId,
  parseStreamName,
  type Sha256,
  type SignerId,
} from '../ids.ts';
import {
  BODY_MAX_BYTES,
  DELEGATIONS_MAX,
  REGIONS_MAX,
  RESOLUTIONS_MAX,
  SIGNER_KEYS_MAX,
  SIGNERS_MAX,
  VALIDITY_MAX_DAYS,
} from '../limits.ts';
import { type ObjectReader, parseAt, readObject, readString, requireAscending } from '../reader.ts';
import type {
  Charter,
  Delegation,
  RecoveryRole,
  Region,
  Resolution,
  Role,
  Roles,
  Signer,
} from './model.ts';
import { requirePolicy } from './policy.ts';

export { releaseRole } from './model.ts';
export type { Charter, Resolution, Role, Roles, Signer };

const SPKI_MAX_BYTES = 1024;
const YEAR_SECONDS = 366 * 86_400;
const SECONDS = { min: 0, max: YEAR_SECONDS };
const ROLE_KEYS = { required: ['expiryDays', 'signers', 'threshold'] } as const;

/**
 * Parses a charter's body.
 *
 * Errors: `LIMIT`, `PARSE` (form), `ALGORITHM` (a key of an unknown one), `KEY` (a weak, malformed
 * or repeated key), `POLICY` (thresholds). Rules CH-1 to CH-11.
 */
export function parseCharter(bytes: Uint8Array): Charter {
  const value = parseCanonical(bytes, { maxBytes: BODY_MAX_BYTES, what: 'charter' });
  const body = readObject(value, 'charter', {
    required: [
      'clients',
      'delegations',
      'lifecycle',
      'note',
      'realm',
      'regions',
      'roles',
      'signers',
      'version',
    ],
    optional: ['resolutions'],
  });
  const charter: Charter = {
    version: body.integer('version', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    realm: body.parsed('realm', parseRealmName),
    signers: body.list('signers', { min: 1, max: SIGNERS_MAX }, readSigner),
    roles: readRoles(
      body.object('roles', {
        required: ['charter', 'release'],
        optional: ['rollout', 'revoke', 'region', 'recovery'],
      }),
    ),
    delegations: body.list('delegations', { max: DELEGATIONS_MAX }, readDelegation),
    regions: body.list('regions', { max: REGIONS_MAX }, readRegion),
    lifecycle: readLifecycle(
      body.object('lifecycle', {
        required: ['blastRadiusPercent', 'holdDownSeconds', 'overlapSeconds'],
      }),
    ),
    clients: {
      freshnessSeconds: body
        .object('clients', { required: ['freshnessSeconds'] })
        .integer('freshnessSeconds', { min: 1, max: YEAR_SECONDS }),
    },
    note: body.text('note'),
    // CH-18: a charter without decisions has no such key, so that it has one byte string.
    ...(body.has('resolutions') && {
      resolutions: body.list('resolutions', { min: 1, max: RESOLUTIONS_MAX }, readResolution),
    }),
  };
  const ids = (items: readonly { readonly id: string }[]): readonly string[] =>
    items.map(({ id }) => id);
  requireAscending(ids(charter.signers), 'charter.signers');
  requireAscending(
    charter.delegations.map(({ bundle }) => bundle),
    'charter.delegations',
  );
  requireAscending(
    charter.regions.map(({ name }) => name),
    'charter.regions',
  );
  requireAscending((charter.resolutions ?? []).map(resolutionKey), 'charter.resolutions');
  requirePolicy(charter);
  return charter;
}

/**
 * Encodes a charter; what this returns, {@link parseCharter} accepts. Lists are sorted here.
 * Errors: those of `parseCharter`.
 */
export function encodeCharter(charter: Charter): Uint8Array {
  const { roles } = charter;
  const bytes = encodeCanonical({
    clients: { freshnessSeconds: charter.clients.freshnessSeconds },
    delegations: sortedBy(charter.delegations, ({ bundle }) => bundle).map(({ bundle, role }) => ({
      bundle,
      role: roleValue(role),
    })),
    lifecycle: {
      blastRadiusPercent: charter.lifecycle.blastRadiusPercent,
      holdDownSeconds: charter.lifecycle.holdDownSeconds,
      overlapSeconds: charter.lifecycle.overlapSeconds,
    },
    note: charter.note,
    realm: charter.realm,
    regions: sortedBy(charter.regions, ({ name }) => name).map(({ name, keys }) => ({
      keys: keys.map(keyValue),
      name,
    })),
    ...(charter.resolutions && {
      resolutions: sortedBy(charter.resolutions, resolutionKey).map(
        ({ digest, sequence, stream }) => ({ digest, sequence, stream }),
      ),
    }),
    roles: {
      charter: roleValue(roles.charter),
      release: roleValue(roles.release),
      ...(roles.rollout && { rollout: roleValue(roles.rollout) }),
      ...(roles.revoke && { revoke: roleValue(roles.revoke) }),
      ...(roles.region && { region: roleValue(roles.region) }),
      ...(roles.recovery && { recovery: recoveryValue(roles.recovery) }),
    },
    signers: sortedBy(charter.signers, ({ id }) => id).map(({ id, owner, keys }) => ({
      id,
      keys: keys.map(keyValue),
      owner,
    })),
    version: charter.version,
  });
  parseCharter(bytes);
  return bytes;
}

function readSigner(value: CanonicalValue, path: string): Signer {
  const signer = readObject(value, path, { required: ['id', 'keys', 'owner'] });
  return {
    id: signer.parsed('id', parseSignerId),
    owner: signer.text('owner'),
    keys: signer.list('keys', { min: 1, max: SIGNER_KEYS_MAX }, readKey),
  };
}

function readKey(value: CanonicalValue, path: string): PublicKey {
  const key = readObject(value, path, { required: ['alg', 'spki'] });
  const alg = key.string('alg');
  const spki = key.bytes('spki', { maxBytes: SPKI_MAX_BYTES });
  return parseAt({ alg, spki }, path, importPublicKey);
}

function readRoles(
  roles: ObjectReader<'charter' | 'release' | 'rollout' | 'revoke' | 'region' | 'recovery'>,
): Roles {
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

function readRole(value: CanonicalValue, path: string): Role {
  const role = readObject(value, path, ROLE_KEYS);
  const signers = role.list('signers', { min: 1, max: SIGNERS_MAX }, readSignerId);
  requireAscending(signers, `${path}.signers`);
  return { signers, threshold: readThreshold(role.value('threshold'), path), ...readExpiry(role) };
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

function readDelegation(value: CanonicalValue, path: string): Delegation {
  const delegation = readObject(value, path, { required: ['bundle', 'role'] });
  const bundle = delegation.parsed('bundle', (text) => {
    parseBundleName(text.startsWith('*.') ? text.slice(2) : text);
    return text;
  });
  return { bundle, role: readRole(delegation.value('role'), `${path}.role`) };
}

function readRegion(value: CanonicalValue, path: string): Region {
  const region = readObject(value, path, { required: ['keys', 'name'] });
  return {
    name: region.parsed('name', parseRegionName),
    keys: region.list('keys', { min: 1, max: SIGNER_KEYS_MAX }, readKey),
  };
}

function readResolution(value: CanonicalValue, path: string): Resolution {
  const resolution = readObject(value, path, { required: ['digest', 'sequence', 'stream'] });
  return {
    stream: resolution.parsed('stream', parseStreamName),
    sequence: parseSequence(
      resolution.integer('sequence', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    ),
    digest: resolution.parsed('digest', parseSha256),
  };
}

/** Orders by stream, then by sequence: sixteen digits hold 2^53 - 1. */
function resolutionKey({ stream, sequence }: Resolution): string {
  return `${stream} ${String(sequence).padStart(16, '0')}`;
}

function readLifecycle(
  lifecycle: ObjectReader<'blastRadiusPercent' | 'holdDownSeconds' | 'overlapSeconds'>,
): Charter['lifecycle'] {
  return {
    holdDownSeconds: lifecycle.integer('holdDownSeconds', SECONDS),
    overlapSeconds: lifecycle.integer('overlapSeconds', SECONDS),
    blastRadiusPercent: lifecycle.integer('blastRadiusPercent', { min: 0, max: 100 }),
  };
}

function readSignerId(value: CanonicalValue, path: string): SignerId {
  return parseAt(readString(value, path), path, parseSignerId);
}

function readDigest(value: CanonicalValue, path: string): Sha256 {
  return parseAt(readString(value, path), path, parseSha256);
}

function roleValue({ expiryDays, signers, threshold }: Role): CanonicalValue {
  return { expiryDays, signers: signers.toSorted(), threshold };
}

function recoveryValue({ expiryDays, keyDigests, threshold }: RecoveryRole): CanonicalValue {
  return { expiryDays, keyDigests: keyDigests.toSorted(), threshold };
}

function keyValue({ alg, spki }: PublicKey): CanonicalValue {
  return { alg, spki: encodeBase64(spki) };
}

function sortedBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
