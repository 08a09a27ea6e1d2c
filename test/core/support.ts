/**
 * Fixed keys, a small realm and error matching for the tests of `src/core`.
 *
 * @module
 */
import { expect } from 'vitest';
import { concatBytes, encodeUtf8, parseHex } from '../../src/core/bytes.ts';
import { type CanonicalValue, encodeCanonical, parseCanonical } from '../../src/core/canonical.ts';
import type { Charter, Signer } from '../../src/core/charter/charter.ts';
import { type CharterDraft, draftCharter } from '../../src/core/charter/draft.ts';
import { importSigningKey, type SigningKey } from '../../src/core/crypto.ts';
import { type ErrorCode, KedgeError } from '../../src/core/errors.ts';
import {
  parseBundleName,
  parseRealmName,
  parseSequence,
  parseSha256,
  parseSignerId,
  type RealmName,
  releaseStream,
  type Sha256,
  type SignerId,
} from '../../src/core/ids.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import { signStatement } from '../../src/core/statements/sign.ts';
import { encodeStatement, type StatementFields } from '../../src/core/statements/statement.ts';

/** 2026-11-23T10:00:00Z. */
export const NOW_MS: number = 1_795_428_000_000;
export const DAY_MS: number = 86_400_000;
export const REALM: RealmName = parseRealmName('prod.example.org');
export const BODY_DIGEST: Sha256 = parseSha256('ab'.repeat(32));

/** A fixed Ed25519 key; the seed is 32 times `byte`. */
export function ed25519Key(byte: number): SigningKey {
  const prefix = parseHex('302e020100300506032b657004220420');
  return importSigningKey('ed25519', concatBytes(prefix, new Uint8Array(32).fill(byte)));
}

/** A fixed P-256 key; the scalar is 32 times `byte`. */
export function p256Key(byte: number): SigningKey {
  const prefix = parseHex('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420');
  return importSigningKey('ecdsa-p256-sha256', concatBytes(prefix, new Uint8Array(32).fill(byte)));
}

/** A fixed P-384 key; the scalar is 48 times `byte`. */
export function p384Key(byte: number): SigningKey {
  const prefix = parseHex('304e020100301006072a8648ce3d020106052b81040022043730350201010430');
  return importSigningKey('ecdsa-p384-sha384', concatBytes(prefix, new Uint8Array(48).fill(byte)));
}

/** A fixed ML-DSA key; the seed is 32 times `byte`. */
export function mlDsaKey(alg: 'ml-dsa-44' | 'ml-dsa-65', byte: number): SigningKey {
  const set = alg === 'ml-dsa-44' ? '11' : '12';
  const prefix = parseHex(`3034020100300b06096086480165030403${set}04228020`);
  return importSigningKey(alg, concatBytes(prefix, new Uint8Array(32).fill(byte)));
}

export const ALICE: SigningKey = ed25519Key(1);
export const BOB: SigningKey = ed25519Key(2);
export const CAROL: SigningKey = p256Key(3);
export const DAVE: SigningKey = ed25519Key(4);
export const ERIN: SigningKey = p384Key(5);

export const id = (name: string): SignerId => parseSignerId(name);

/** A signer with keys. */
export function signer(name: string, ...keys: readonly SigningKey[]): Signer {
  return {
    id: id(name),
    owner: `${name}, platform team`,
    keys: keys.map(({ publicKey }) => publicKey),
  };
}

/** A role. */
export function role(threshold: number, ...names: readonly string[]): Charter['roles']['charter'] {
  return { signers: names.toSorted().map(id), threshold, expiryDays: 365 };
}

/** Alice, Bob and Carol, two of whom decide everything. */
export function firstDraft(): CharterDraft {
  const roles = {
    charter: role(2, 'alice', 'bob', 'carol'),
    release: role(2, 'alice', 'bob', 'carol'),
  };
  const signers = [signer('alice', ALICE), signer('bob', BOB), signer('carol', CAROL)];
  return draftCharter(REALM, { signers, roles, note: 'first charter' }, NOW_MS);
}

/** The first charter of {@link firstDraft}. */
export const CHARTER: Charter = firstDraft().charter;

/** A release statement's fields. */
export function releaseFields(changed: Partial<StatementFields> = {}): StatementFields {
  return {
    realm: REALM,
    stream: releaseStream(parseBundleName('payments.prod.example.org')),
    sequence: parseSequence(42),
    previous: parseSha256('cd'.repeat(32)),
    charterVersion: 3,
    issuedMs: NOW_MS,
    expiresMs: NOW_MS + 90 * DAY_MS,
    bodyDigest: BODY_DIGEST,
    bodyBytes: 31_877,
    ...changed,
  };
}

/** A release statement with signatures. */
export function signedRelease(...keys: readonly SigningKey[]): SignedStatement {
  return signStatement(encodeStatement(releaseFields()), keys);
}

/** A plain JSON value from canonical bytes, free to be changed. */
export function plain(bytes: Uint8Array): Record<string, unknown> {
  const value = parseCanonical(bytes, { maxBytes: 1 << 24, what: 'test document' });
  return structuredClone(value) as unknown as Record<string, unknown>;
}

/** Canonical bytes of whatever a test made of {@link plain}. */
export function canonical(value: unknown): Uint8Array {
  return encodeCanonical(value as CanonicalValue);
}

/** Canonical bytes with one nested value replaced, `path` as `roles.charter.threshold`. */
export function replaced(bytes: Uint8Array, path: string, value: unknown): Uint8Array {
  const document = plain(bytes);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let object = document;
  for (const key of keys) object = object[key] as Record<string, unknown>;
  if (value === undefined) Reflect.deleteProperty(object, last);
  else object[last] = value;
  return canonical(document);
}

/** UTF-8 of a text. */
export const utf8 = (text: string): Uint8Array => encodeUtf8(text);

/** Requires that `act` throws a `KedgeError` with this code; returns it. */
export function expectCode(code: ErrorCode, act: () => unknown): KedgeError {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(KedgeError);
  const error = thrown as KedgeError;
  expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
  return error;
}
