/**
 * The charter, which says who may do what: reading its bytes, with the checks of form, and writing.
 *
 * Its parts are described in `model.ts`; what they may not say together is `policy.ts`, which every
 * parsed charter passed; how one charter follows another is `chain.ts`. Spec section 4.
 *
 * @module
 */
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../canonical.ts';
import type { PublicKey } from '../crypto.ts';
import {
  parseBundleName,
  parseRealmName,
  parseRegionName,
  parseSequence,
  parseSha256,
  parseSignerId,
  parseStreamName,
} from '../ids.ts';
import {
  BODY_MAX_BYTES,
  DELEGATIONS_MAX,
  REGIONS_MAX,
  RESOLUTIONS_MAX,
  SIGNER_KEYS_MAX,
  SIGNERS_MAX,
} from '../limits.ts';
import { type ObjectReader, readObject, requireAscending } from '../reader.ts';
import { keyValue, readKey } from './keys.ts';
import type { Charter, Delegation, Region, Resolution, Role, Roles, Signer } from './model.ts';
import { requirePolicy } from './policy.ts';
import { readRole, readRoles, rolesValue, roleValue } from './roles.ts';
import { policyValue, readPolicy } from './rules.ts';

export { releaseRole } from './model.ts';
export type { Charter, Resolution, Role, Roles, Signer };

const YEAR_SECONDS = 366 * 86_400;
const BODY_KEYS = {
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
  optional: ['policy', 'resolutions', 'revealed'],
} as const;
const SECONDS = { min: 0, max: YEAR_SECONDS };

/**
 * Parses a charter's body.
 *
 * Errors: `LIMIT`, `PARSE` (form), `ALGORITHM` (a key of an unknown one), `KEY` (a weak, malformed
 * or repeated key), `POLICY` (thresholds). Rules CH-1 to CH-11, CH-18 to CH-21,
 * PO-1 to PO-3.
 */
export function parseCharter(bytes: Uint8Array): Charter {
  const value = parseCanonical(bytes, { maxBytes: BODY_MAX_BYTES, what: 'charter' });
  const body = readObject(value, 'charter', BODY_KEYS);
  const charter: Charter = {
    version: body.integer('version', { min: 1, max: Number.MAX_SAFE_INTEGER }),
    realm: body.parsed('realm', parseRealmName),
    signers: body.list('signers', { min: 1, max: SIGNERS_MAX }, readSigner),
    roles: readRoles(body.value('roles'), 'charter.roles'),
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
    ...(body.has('revealed') && { revealed: readRevealed(body) }),
    ...(body.has('policy') && { policy: readPolicy(body.value('policy'), 'charter.policy') }),
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
 * The keys that a body reveals, of which nothing else is read or believed; empty where it reveals
 * none. Rule CH-20. Errors: `LIMIT`, `PARSE`, `ALGORITHM`, `KEY`.
 */
export function peekRevealed(bytes: Uint8Array): readonly PublicKey[] {
  const value = parseCanonical(bytes, { maxBytes: BODY_MAX_BYTES, what: 'charter' });
  const body = readObject(value, 'charter', BODY_KEYS);
  return body.has('revealed') ? readRevealed(body) : [];
}

/**
 * Encodes a charter; what this returns, {@link parseCharter} accepts. Lists are sorted here.
 * Errors: those of `parseCharter`.
 */
export function encodeCharter(charter: Charter): Uint8Array {
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
    ...(charter.policy && { policy: policyValue(charter.policy) }),
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
    ...(charter.revealed && {
      revealed: sortedBy(charter.revealed, ({ keyId }) => keyId).map(keyValue),
    }),
    roles: rolesValue(charter.roles),
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

function readRevealed(body: ObjectReader<'revealed'>): readonly PublicKey[] {
  const keys = body.list('revealed', { min: 1, max: SIGNERS_MAX }, readKey);
  requireAscending(
    keys.map(({ keyId }) => keyId),
    'charter.revealed',
  );
  return keys;
}

function readSigner(value: CanonicalValue, path: string): Signer {
  const signer = readObject(value, path, { required: ['id', 'keys', 'owner'] });
  return {
    id: signer.parsed('id', parseSignerId),
    owner: signer.text('owner'),
    keys: signer.list('keys', { min: 1, max: SIGNER_KEYS_MAX }, readKey),
  };
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

function sortedBy<Item>(items: readonly Item[], key: (item: Item) => string): readonly Item[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
