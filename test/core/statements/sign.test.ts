import { describe, expect, it } from 'vitest';
import type { SigningKey } from '../../../src/core/crypto.ts';
import { SIGNATURES_MAX } from '../../../src/core/limits.ts';
import { PAYLOAD_TYPE, pae, type SignedStatement } from '../../../src/core/statements/envelope.ts';
import { countSigners } from '../../../src/core/statements/quorum.ts';
import { addSignatures, signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import {
  ALICE,
  BOB,
  CAROL,
  CHARTER,
  DAVE,
  ERIN,
  expectCode,
  releaseFields,
  signedRelease,
  utf8,
} from '../support.ts';

const payload = encodeStatement(releaseFields());

describe('signStatement', () => {
  it('makes one signature per key, with the key id as the hint', () => {
    const signed = signStatement(payload, [ALICE, CAROL, ERIN]);
    expect(signed.payload).toBe(payload);
    expect(signed.signatures.map(({ keyId }) => keyId)).toEqual(
      [ALICE, CAROL, ERIN].map(({ publicKey }) => publicKey.keyId),
    );
    expect(countSigners(CHARTER, CHARTER.roles.release.signers, signed).signers).toEqual([
      'alice',
      'carol',
    ]);
  });

  it('refuses a key whose signatures do not verify with its public key (J02)', () => {
    const wrongKey: SigningKey = { publicKey: ALICE.publicKey, sign: (m) => BOB.sign(m) };
    expectCode('KEY', () => signStatement(payload, [wrongKey]));
    const wrongMessage: SigningKey = { ...ALICE, sign: () => ALICE.sign(payload) };
    expectCode('KEY', () => signStatement(payload, [BOB, wrongMessage]));
    const wrongEncoding: SigningKey = { ...CAROL, sign: () => utf8('30440220') };
    expectCode('KEY', () => signStatement(payload, [wrongEncoding]));
  });

  it('signs nothing that a node would not read', () => {
    let asked = 0;
    const key: SigningKey = {
      ...ALICE,
      sign: (message) => {
        asked += 1;
        return ALICE.sign(message);
      },
    };
    expectCode('PARSE', () => signStatement(utf8('{}'), [key]));
    expectCode('LIMIT', () => signStatement(new Uint8Array(2049), [key]));
    expect(asked).toBe(0);
  });

  it('refuses more keys than an envelope may carry', () => {
    const keys = Array.from({ length: SIGNATURES_MAX + 1 }, () => ALICE);
    expectCode('LIMIT', () => signStatement(payload, keys));
    expect(signStatement(payload, keys.slice(1)).signatures).toHaveLength(SIGNATURES_MAX);
  });

  it('signs the PAE of the in-toto type, and only that', () => {
    const messages: Uint8Array[] = [];
    const key: SigningKey = {
      ...ALICE,
      sign: (message) => {
        messages.push(message);
        return ALICE.sign(message);
      },
    };
    signStatement(payload, [key]);
    expect(messages).toEqual([pae(PAYLOAD_TYPE, payload)]);
  });
});

describe('addSignatures', () => {
  const a = signedRelease(ALICE);
  const b = signedRelease(BOB);

  it('joins the signatures of two people', () => {
    const both = addSignatures(a, b);
    expect(both.signatures).toEqual([...a.signatures, ...b.signatures]);
    expect(countSigners(CHARTER, CHARTER.roles.release.signers, both).signers).toHaveLength(2);
  });

  it('keeps equal signatures once, whatever their hint', () => {
    const renamed: SignedStatement = {
      payload,
      signatures: a.signatures.map((one) => ({ ...one, keyId: '' })),
    };
    expect(addSignatures(a, renamed)).toEqual(a);
    expect(addSignatures(a, a)).toEqual(a);
    expect(addSignatures(addSignatures(a, b), addSignatures(b, a)).signatures).toHaveLength(2);
  });

  it('changes neither input', () => {
    addSignatures(a, b);
    expect(a.signatures).toHaveLength(1);
    expect(b.signatures).toHaveLength(1);
  });

  it('refuses signatures over another statement', () => {
    const other = signStatement(encodeStatement(releaseFields({ bodyBytes: 1 })), [DAVE]);
    expectCode('CONFLICT', () => addSignatures(a, other));
  });

  it('refuses more than 64 together', () => {
    const garbage = (from: number, count: number): SignedStatement => ({
      payload,
      signatures: Array.from({ length: count }, (_, i) => ({
        keyId: '',
        signature: Uint8Array.of(from + i),
      })),
    });
    expect(addSignatures(garbage(0, 32), garbage(32, 32)).signatures).toHaveLength(64);
    expectCode('LIMIT', () => addSignatures(garbage(0, 32), garbage(32, 33)));
  });
});
