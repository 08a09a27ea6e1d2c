/**
 * What cases are made of: fixed keys, and documents with whatever is wrong with them.
 *
 * Documents are written as plain JSON here and not by the encoders under test, so that they can say
 * what those would refuse, and so that a mistake of those does not hide itself.
 */
import { readFileSync } from 'node:fs';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { encodeBase64, encodeUtf8, parseBase64, parseUtf8 } from '../../../src/core/bytes.ts';
import { type CanonicalValue, encodeCanonical } from '../../../src/core/canonical.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { PAYLOAD_TYPE, pae } from '../../../src/core/statements/envelope.ts';
import { ed25519Key, mlDsaKey } from '../../core/support.ts';
import { type VectorSignature, type VectorStatement, vectorPath } from '../format.ts';

/** A JSON value that a case may change. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

interface Material {
  /** Base64 of DER, by name. Made once: certificates cannot be made again byte by byte. */
  readonly certificates: Readonly<Record<string, string>>;
  /** Base64 of SPKI DER of keys that nobody should use. */
  readonly keys: Readonly<Record<string, string>>;
}

export const MATERIAL: Material = JSON.parse(
  readFileSync(vectorPath('material'), 'utf8'),
) as Material;

export const REALM: string = 'prod.example.org';
export const PAYMENTS: string = 'payments.prod.example.org';
export const INTERNAL: string = 'internal.prod.example.org';
export const NO_PREVIOUS: string = '0'.repeat(64);
export const SECOND: number = 1000;
export const DAY: number = 86_400 * SECOND;
/** 2026-11-23T10:00:00Z, when most releases are issued. */
export const T0: number = Date.UTC(2026, 10, 23, 10);

const KEYS: ReadonlyMap<string, SigningKey> = new Map([
  ...[
    ...['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'alice-2', 'iad', 'mallory'],
    ...['fra', 'gru', 'sin', 'rita', 'ron', 'ruth'],
  ].map((name, i) => [name, ed25519Key(0x41 + i)] as const),
  ...['alice-pq', 'bob-pq'].map((name, i) => [name, latticeKey(0x61 + i)] as const),
]);

/** A fixed ML-DSA-44 key that signs without randomness, so that vectors have one text. */
function latticeKey(byte: number): SigningKey {
  const { publicKey } = mlDsaKey('ml-dsa-44', byte);
  const { secretKey } = ml_dsa44.keygen(new Uint8Array(32).fill(byte));
  return {
    publicKey,
    sign: (message) => ml_dsa44.sign(message, secretKey, { extraEntropy: false }),
  };
}

/** The fixed key of a signer; the seed is 32 times one byte. */
export function keyOf(name: string): SigningKey {
  const key = KEYS.get(name);
  if (key === undefined) throw new Error(`no key for ${name}`);
  return key;
}

/** A document that some case offers. */
export interface Doc {
  readonly stream: string;
  readonly sequence: number;
  readonly digest: string;
  readonly statement: VectorStatement;
  /** Base64. */
  readonly body: string;
  readonly blobs: readonly string[];
  readonly issuedMs: number;
  readonly charterVersion: number;
  readonly replaces?: number;
  /** Of a charter: what it decides about forks. */
  readonly resolutions?: readonly Resolved[];
}

/** Which statement of a forked stream stands. */
export interface Resolved {
  readonly stream: string;
  readonly sequence: number;
  readonly digest: string;
}

/** What a statement says; everything may be wrong. */
export interface StatementInput {
  readonly stream: string;
  readonly sequence: number;
  readonly previous: string;
  readonly charterVersion: number;
  readonly realm?: string;
  readonly issuedMs?: number;
  readonly expiresMs?: number;
  /** Bends the statement as a value. */
  readonly change?: (statement: JsonObject) => void;
  /** Bends its text, before it is signed. */
  readonly text?: (payload: string) => string;
  /** Who signs, in this order; default Alice and Bob. */
  readonly by?: readonly string[];
  /** The payload type that they sign; default the right one. */
  readonly payloadType?: string;
  /** Replaces what goes along as signatures. */
  readonly signatures?: (valid: readonly VectorSignature[]) => readonly VectorSignature[];
  readonly blobs?: readonly string[];
  /** Replaces the body after it was named in the statement. */
  readonly sendBody?: (body: string) => string;
}

/** Makes a document with this body. */
export function document(input: StatementInput, body: string): Doc {
  const { stream, sequence, previous, charterVersion, realm = REALM, blobs = [] } = input;
  const issuedMs = input.issuedMs ?? T0;
  const bytes = encodeUtf8(body);
  const value: JsonObject = {
    _type: 'https://in-toto.io/Statement/v1',
    predicate: {
      bodyBytes: bytes.length,
      charterVersion,
      expires: timestamp(input.expiresMs ?? issuedMs + 60 * DAY),
      issued: timestamp(issuedMs),
      previous,
      realm,
      sequence,
      stream,
    },
    predicateType: `urn:kedge:${stream.split('/')[0] ?? ''}:v1`,
    subject: [{ digest: { sha256: sha256(bytes) }, name: stream }],
  };
  input.change?.(value);
  const text = jcs(value);
  const payload = encodeUtf8(input.text?.(text) ?? text);
  const signatures = sign(payload, input.by ?? ['alice', 'bob'], input.payloadType);
  return {
    stream,
    sequence,
    digest: sha256(payload),
    statement: {
      payload: encodeBase64(payload),
      signatures: input.signatures?.(signatures) ?? signatures,
    },
    body: encodeBase64(encodeUtf8(input.sendBody?.(body) ?? body)),
    blobs,
    issuedMs,
    charterVersion,
  };
}

/** Signatures of fixed keys over a payload. */
function sign(
  payload: Uint8Array,
  by: readonly string[],
  payloadType: string = PAYLOAD_TYPE,
): readonly VectorSignature[] {
  const message = pae(payloadType, payload);
  return by.map((name) => {
    const key = keyOf(name);
    return { keyId: key.publicKey.keyId, signature: encodeBase64(key.sign(message)) };
  });
}

/** A signer's entry in a charter. */
export function signerEntry(id: string, keys: readonly string[] = [id]): JsonObject {
  const owner = `${id}, platform team`;
  return { id, keys: keys.map((name) => keyEntry(keyOf(name).publicKey)), owner };
}

/** A key's entry in a charter. */
export function keyEntry(key: { readonly alg: string; readonly spki: Uint8Array }): JsonObject {
  return { alg: key.alg, spki: encodeBase64(key.spki) };
}

/** A role's entry in a charter. */
export function roleEntry(threshold: Json, ...signers: readonly string[]): JsonObject {
  return { expiryDays: 90, signers: signers.toSorted(), threshold };
}

/** A recovery role with the digests of these keys, in a charter. */
export function recoverable(
  charter: JsonObject,
  threshold: number,
  ...names: readonly string[]
): void {
  const keyDigests = names.map((name) => keyOf(name).publicKey.keyId).toSorted();
  at(charter, 'roles')['recovery'] = { expiryDays: 365, keyDigests, threshold };
}

/** A charter that reveals these keys. */
export function reveal(charter: JsonObject, ...names: readonly string[]): void {
  const keys = names.map((name) => keyOf(name).publicKey);
  charter['revealed'] = keys.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1)).map(keyEntry);
}

/** A charter of Alice, Bob and Carol, two of whom decide; Dave may revoke; a region has a key. */
export function charterValue(version: number, realm: string = REALM): JsonObject {
  return {
    clients: { freshnessSeconds: 600 },
    delegations: [],
    lifecycle: { blastRadiusPercent: 20, holdDownSeconds: 3600, overlapSeconds: 3600 },
    note: '',
    realm,
    regions: [{ keys: [keyEntry(keyOf('iad').publicKey)], name: 'iad' }],
    roles: {
      charter: { ...roleEntry(2, 'alice', 'bob', 'carol'), expiryDays: 365 },
      release: roleEntry(2, 'alice', 'bob', 'carol'),
      revoke: { ...roleEntry(1, 'dave'), expiryDays: 30 },
    },
    signers: ['alice', 'bob', 'carol', 'dave'].map((name) => signerEntry(name)),
    version,
  };
}

/** Which regions a charter lists, each with the key of its name and perhaps more. */
export function listRegions(
  charter: JsonObject,
  regions: Readonly<Record<string, readonly string[]>>,
): void {
  charter['regions'] = Object.entries(regions)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, keys]) => ({ keys: keys.map((key) => keyEntry(keyOf(key).publicKey)), name }));
}

/** The part of a JSON object at `path`, as an object. */
export function at(value: JsonObject, ...path: readonly string[]): JsonObject {
  let found: Json = value;
  for (const key of path) {
    found = (found as JsonObject)[key] ?? {};
  }
  return found as JsonObject;
}

/** Who signs what in a charter: replaces the signers and the roles `charter` and `release`. */
export function govern(charter: JsonObject, threshold: number, ...names: readonly string[]): void {
  charter['signers'] = [...new Set([...names, 'dave'])].toSorted().map((name) => signerEntry(name));
  at(charter, 'roles')['charter'] = { ...roleEntry(threshold, ...names), expiryDays: 365 };
  at(charter, 'roles')['release'] = roleEntry(threshold, ...names);
}

/** An anchor's entry in a release. */
export function anchorEntry(
  name: string,
  sinceMs: number = T0,
  changed: Readonly<JsonObject> = {},
): JsonObject {
  return {
    constraints: [],
    id: anchorId(name),
    kind: 'x509-ca',
    label: `CA ${name}`,
    purposes: ['tls-server'],
    since: timestamp(sinceMs),
    state: 'active',
    ...changed,
  };
}

/** The DER of a fixed certificate, base64. */
export function der(name: string): string {
  const found = MATERIAL.certificates[name];
  if (found === undefined) throw new Error(`no certificate ${name}`);
  return found;
}

export function anchorId(name: string): string {
  return sha256(parseBase64(der(name)));
}

/** A tombstone's entry in a release. */
export function tombstoneEntry(name: string, sequence: number, reason: string): JsonObject {
  return { id: anchorId(name), reason, sequence };
}

/** A release's body. */
export function bodyValue(
  anchors: readonly JsonObject[],
  changed: Readonly<JsonObject> = {},
): JsonObject {
  const byId = (a: JsonObject, b: JsonObject): number =>
    textAt(a, 'id') < textAt(b, 'id') ? -1 : 1;
  return {
    anchors: anchors.toSorted(byId),
    bundle: PAYMENTS,
    note: '',
    tombstones: [],
    ...changed,
  };
}

/** Canonical text, except that floats and nulls of a test come out as `JSON.stringify` has them. */
export function jcs(value: Json): string {
  try {
    return parseUtf8(encodeCanonical(value as CanonicalValue));
  } catch {
    return JSON.stringify(sorted(value));
  }
}

/** The text at a key; empty when there is none. */
export function textAt(value: JsonObject, key: string): string {
  const found = value[key];
  return typeof found === 'string' ? found : '';
}

function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}
