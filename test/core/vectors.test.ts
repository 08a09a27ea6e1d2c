/**
 * The golden vectors under `test/vectors`: they were made by another implementation, in another
 * language, and any verifier must come to the same bytes and refusals.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeHex, encodeUtf8, parseHex, parseUtf8 } from '../../src/core/bytes.ts';
import {
  type CharterPoint,
  type VerifiedCharter,
  verifyFirstCharter,
  verifyNextCharter,
} from '../../src/core/charter/chain.ts';
import { encodeCharter, parseCharter } from '../../src/core/charter/charter.ts';
import {
  type Algorithm,
  importPublicKey,
  importSigningKey,
  type SigningKey,
  sha256,
  verifySignature,
} from '../../src/core/crypto.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import {
  parseRealmName,
  parseSequence,
  parseSha256,
  parseStreamName,
  parseTimestamp,
  timestampMs,
} from '../../src/core/ids.ts';
import {
  encodeEnvelope,
  PAYLOAD_TYPE,
  pae,
  parseEnvelope,
  type SignedDocument,
  type SignedStatement,
} from '../../src/core/statements/envelope.ts';
import { signStatement } from '../../src/core/statements/sign.ts';
import { encodeStatement, parseStatement } from '../../src/core/statements/statement.ts';
import { expectCode, utf8 } from './support.ts';

interface KeyVectors {
  message: string;
  keys: {
    name: string;
    alg: Algorithm;
    pkcs8: string;
    spki: string;
    keyId: string;
    signature: string;
  }[];
  sameKey: { name: string; alg: string; spki: string; keyId: string }[];
  refused: { name: string; alg: string; spki: string; code: ErrorCode }[];
}

interface StatementVectors {
  statements: {
    name: string;
    fields: Record<'realm' | 'stream' | 'previous' | 'issued' | 'expires' | 'bodyDigest', string> &
      Record<'sequence' | 'charterVersion' | 'bodyBytes', number>;
    payload: string;
    digest: string;
    pae: string;
    signatures: { key: string; keyId: string; signature: string }[];
    envelope: string;
  }[];
  refused: { name: string; payload: string; code: ErrorCode }[];
  refusedEnvelopes: { name: string; envelope: string; code: ErrorCode }[];
}

interface CharterVectors {
  realm: string;
  pin: string;
  chain: {
    version: number;
    body: string;
    bodyDigest: string;
    payload: string;
    digest: string;
    signedBy: string[];
    envelope: string;
  }[];
  refused: { name: string; body: string; code: ErrorCode }[];
  refusedNext: { name: string; after: number; body: string; envelope: string; code: ErrorCode }[];
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
const keys = read('keys') as KeyVectors;
const statements = read('statements') as StatementVectors;
const charters = read('charters') as CharterVectors;

const documentOf = (vector: {
  readonly envelope: string;
  readonly body: string;
}): SignedDocument => ({
  statement: parseEnvelope(utf8(vector.envelope)),
  body: utf8(vector.body),
});

const signing = new Map<string, SigningKey>(
  keys.keys.map(({ name, alg, pkcs8 }) => [name, importSigningKey(alg, parseHex(pkcs8))]),
);

describe('vectors of keys', () => {
  const message = parseHex(keys.message);

  it.each(keys.keys)('give $name ($alg) its identity', ({ name, alg, spki, keyId, signature }) => {
    const key = importPublicKey({ alg, spki: parseHex(spki) });
    expect(key.keyId).toBe(keyId);
    expect(encodeHex(key.spki)).toBe(spki);
    expect(signing.get(name)?.publicKey).toEqual(key);
    expect(verifySignature(key, message, parseHex(signature))).toBe(true);
    const again = signing.get(name)?.sign(message) ?? new Uint8Array(0);
    if (alg === 'ed25519') expect(encodeHex(again)).toBe(signature);
  });

  it.each(keys.sameKey)('give the compressed key of $name the same', ({ alg, spki, keyId }) => {
    expect(importPublicKey({ alg, spki: parseHex(spki) }).keyId).toBe(keyId);
  });

  it.each(keys.refused)('refuse with $code: $name', ({ alg, spki, code }) => {
    expectCode(code, () => importPublicKey({ alg, spki: parseHex(spki) }));
  });
});

describe('vectors of statements', () => {
  it.each(statements.statements)('give the bytes of $name', (vector) => {
    const { fields, payload } = vector;
    const written = encodeStatement({
      realm: parseRealmName(fields.realm),
      stream: parseStreamName(fields.stream),
      sequence: parseSequence(fields.sequence),
      previous: parseSha256(fields.previous),
      charterVersion: fields.charterVersion,
      issuedMs: timestampMs(parseTimestamp(fields.issued)),
      expiresMs: timestampMs(parseTimestamp(fields.expires)),
      bodyDigest: parseSha256(fields.bodyDigest),
      bodyBytes: fields.bodyBytes,
    });
    expect(parseUtf8(written)).toBe(payload);
    expect(parseStatement(written).digest).toBe(vector.digest);
    expect(encodeHex(pae(PAYLOAD_TYPE, written))).toBe(vector.pae);
  });

  it.each(statements.statements)('give the signatures of $name', (vector) => {
    const envelope = parseEnvelope(utf8(vector.envelope));
    expect(parseUtf8(envelope.payload)).toBe(vector.payload);
    expect(parseUtf8(encodeEnvelope(envelope))).toBe(vector.envelope);
    const signers = vector.signatures.flatMap(({ key }) => signing.get(key) ?? []);
    expect(signers).toHaveLength(vector.signatures.length);
    const signed: SignedStatement = signStatement(envelope.payload, signers);
    for (const [i, { keyId, signature }] of vector.signatures.entries()) {
      expect(envelope.signatures[i]).toEqual({ keyId, signature: parseHex(signature) });
      const publicKey = signers[i]?.publicKey;
      if (publicKey === undefined) throw new Error('unreachable');
      expect(verifySignature(publicKey, parseHex(vector.pae), parseHex(signature))).toBe(true);
      if (publicKey.alg === 'ed25519') expect(signed.signatures[i]).toEqual(envelope.signatures[i]);
    }
  });

  it.each(statements.refused)('refuse with $code: $name', ({ payload, code }) => {
    expectCode(code, () => parseStatement(encodeUtf8(payload)));
  });

  it.each(statements.refusedEnvelopes)('refuse with $code: $name', ({ envelope, code }) => {
    expectCode(code, () => parseEnvelope(utf8(envelope)));
  });
});

describe('vectors of charters', () => {
  /** Verifies the chain up to a version, each one as it comes. */
  function walk(
    upTo: number,
    check: (vector: CharterVectors['chain'][number], verified: VerifiedCharter) => void,
  ): CharterPoint {
    let current: CharterPoint | undefined;
    for (const vector of charters.chain.slice(0, upTo)) {
      const document = documentOf(vector);
      const pin = { realm: parseRealmName(charters.realm), digest: parseSha256(charters.pin) };
      const verified =
        current === undefined
          ? verifyFirstCharter(document, pin)
          : verifyNextCharter(current, document);
      check(vector, verified);
      current = verified;
    }
    if (current === undefined) throw new Error('no charter');
    return current;
  }

  it('are accepted as a chain from the pin, the last one by recovery keys', () => {
    const last = walk(3, (vector, verified) => {
      expect(verified.version).toBe(vector.version);
      expect(verified.digest).toBe(vector.digest);
      expect(verified.statement.bodyDigest).toBe(vector.bodyDigest);
      expect(sha256(verified.document.body)).toBe(vector.bodyDigest);
      expect(parseUtf8(encodeCharter(verified.charter))).toBe(vector.body);
    });
    expect(last.charter.version).toBe(3);
    expect(last.burnt.size).toBe(2);
  });

  it.each(charters.refusedNext)('refuse with $code after another: $name', (vector) => {
    const current = walk(vector.after, () => undefined);
    expectCode(vector.code, () => verifyNextCharter(current, documentOf(vector)));
  });

  it.each(charters.refused)('refuse with $code: $name', ({ body, code }) => {
    expectCode(code, () => parseCharter(utf8(body)));
  });
});
