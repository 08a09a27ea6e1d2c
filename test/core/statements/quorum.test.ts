import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Charter } from '../../../src/core/charter/charter.ts';
import { type Algorithm, generateSigningKey, type SigningKey } from '../../../src/core/crypto.ts';
import type { SignerId } from '../../../src/core/ids.ts';
import { SIGNATURES_MAX, VERIFY_COST_MAX } from '../../../src/core/limits.ts';
import {
  PAYLOAD_TYPE,
  pae,
  type Signature,
  type SignedStatement,
} from '../../../src/core/statements/envelope.ts';
import {
  countedFor,
  countSigners,
  hasQuorum,
  requireQuorum,
  type SignerCount,
} from '../../../src/core/statements/quorum.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import {
  ALICE,
  BOB,
  CAROL,
  CHARTER,
  DAVE,
  ERIN,
  ed25519Key,
  expectCode,
  id,
  mlDsaKey,
  releaseFields,
  role,
  signedRelease,
  signer,
} from '../support.ts';

const payload = encodeStatement(releaseFields());
const release = CHARTER.roles.release;
const everyone = release.signers;

const signatureOf = (key: SigningKey, hint: string = key.publicKey.keyId): Signature => ({
  keyId: hint,
  signature: key.sign(pae(PAYLOAD_TYPE, payload)),
});
const signed = (...signatures: readonly Signature[]): SignedStatement => ({ payload, signatures });
const count = (
  statement: SignedStatement,
  charter: Charter = CHARTER,
  signers: readonly SignerId[] = everyone,
): SignerCount => countSigners(charter, signers, statement);
const names = (statement: SignedStatement): readonly string[] => count(statement).signers;
const garbage = (size: number, fill = 7): Signature => ({
  keyId: '',
  signature: new Uint8Array(size).fill(fill),
});

describe('countSigners', () => {
  it('names the distinct signers, sorted', () => {
    expect(names(signedRelease(CAROL, ALICE))).toEqual(['alice', 'carol']);
    expect(names(signed())).toEqual([]);
  });

  it('counts one signer nine times once (A03)', () => {
    const nine = Array.from({ length: 9 }, () => signatureOf(ALICE));
    const counted = count(signed(...nine));
    expect(counted.signers).toEqual(['alice']);
    expect(counted.valid).toEqual([signatureOf(ALICE)]);
  });

  it('counts different signatures by one ECDSA key once (A03)', () => {
    const many = Array.from({ length: 9 }, () => signatureOf(CAROL));
    expect(new Set(many.map(({ signature }) => signature.join())).size).toBe(9);
    expect(count(signed(...many)).valid).toHaveLength(1);
    expect(names(signed(...many))).toEqual(['carol']);
  });

  it('counts one signature under many hints once (A01)', () => {
    const hints = ['', BOB.publicKey.keyId, CAROL.publicKey.keyId, 'ab', ALICE.publicKey.keyId];
    expect(names(signed(...hints.map((hint) => signatureOf(ALICE, hint))))).toEqual(['alice']);
  });

  it('counts a signer with two keys once, and keeps both signatures', () => {
    const charter = { ...CHARTER, signers: [signer('alice', ALICE, DAVE), signer('bob', BOB)] };
    const counted = count(signed(signatureOf(ALICE), signatureOf(DAVE)), charter);
    expect(counted.signers).toEqual(['alice']);
    expect(counted.valid).toHaveLength(2);
  });

  it('counts one key under two signers once, even in a charter that parsing refuses (A01)', () => {
    const charter = { ...CHARTER, signers: [signer('alice', ALICE), signer('bob', ALICE)] };
    const twice = signed(signatureOf(ALICE), signatureOf(ALICE, ''));
    expect(count(twice, charter).signers).toEqual(['alice']);
    expectCode('THRESHOLD', () => requireQuorum(charter, release, twice, 'role release'));
  });

  it('takes hints as an order of trying and nothing else (A15)', () => {
    const lying = signed(signatureOf(ALICE, BOB.publicKey.keyId), signatureOf(BOB, 'ff'));
    expect(count(lying)).toEqual(count(signed(signatureOf(ALICE), signatureOf(BOB))));
  });

  it('does not count signers outside the role (A07)', () => {
    const charter = { ...CHARTER, signers: [...CHARTER.signers, signer('dave', DAVE)] };
    expect(count(signed(signatureOf(DAVE), signatureOf(ALICE)), charter).signers).toEqual([
      'alice',
    ]);
    expect(count(signed(signatureOf(DAVE)), charter, [id('dave')]).signers).toEqual(['dave']);
  });

  it('does not count keys of regions (A07)', () => {
    const charter = { ...CHARTER, regions: [{ name: 'iad' as never, keys: [DAVE.publicKey] }] };
    expect(count(signed(signatureOf(DAVE)), charter).signers).toEqual([]);
  });

  it('does not count a role member who is no longer a signer (A08)', () => {
    const charter = { ...CHARTER, signers: [signer('bob', BOB)] };
    expect(count(signedRelease(ALICE, BOB), charter).signers).toEqual(['bob']);
  });

  it('drops garbage and keeps the rest in order (A06)', () => {
    const [a, b] = [signatureOf(ALICE), signatureOf(BOB)];
    const mixed = signed(
      garbage(64),
      b,
      garbage(0),
      { ...garbage(64), keyId: ALICE.publicKey.keyId },
      garbage(4096),
      a,
      garbage(96, 0),
      signatureOf(ERIN),
    );
    expect(count(mixed).valid).toEqual([b, a]);
    expect(requireQuorum(CHARTER, release, mixed, 'role release').valid).toEqual([b, a]);
  });

  it('corrects the hints of valid signatures', () => {
    expect(count(signed(signatureOf(ALICE, ''))).valid).toEqual([signatureOf(ALICE)]);
  });

  it('does not count signatures over other bytes (F03)', () => {
    const over = (message: Uint8Array): SignedStatement =>
      signed({ keyId: ALICE.publicKey.keyId, signature: ALICE.sign(message) });
    expect(names(over(pae(PAYLOAD_TYPE, payload)))).toEqual(['alice']);
    expect(names(over(payload))).toEqual([]);
    expect(names(over(pae('application/json', payload)))).toEqual([]);
    expect(names(over(pae('', payload)))).toEqual([]);
    const other = encodeStatement(releaseFields({ bodyBytes: 1 }));
    expect(names(over(pae(PAYLOAD_TYPE, other)))).toEqual([]);
  });

  it('refuses more than 64 signatures before it looks at one (A18)', () => {
    const trap: Signature = {
      get keyId(): string {
        throw new Error('looked at');
      },
      get signature(): Uint8Array {
        throw new Error('looked at');
      },
    };
    const many = (size: number): SignedStatement =>
      signed(...Array.from({ length: size }, () => trap));
    expectCode('LIMIT', () => count(many(SIGNATURES_MAX + 1)));
    expectCode('LIMIT', () => count(many(10_000)));
    const full = Array.from({ length: SIGNATURES_MAX - 1 }, () => garbage(64));
    expect(names(signed(...full, signatureOf(ALICE)))).toEqual(['alice']);
  });

  it('bounds the work, and finds hinted signatures behind any garbage (H09)', () => {
    const keys = Array.from({ length: 100 }, () => generateSigningKey('ed25519'));
    const signers = keys.map((key, i) => signer(`s${String(i).padStart(2, '0')}`, key));
    const charter = { ...CHARTER, signers };
    const ids = signers.map((one) => one.id);
    const last = keys.at(-1) ?? ALICE;
    const flood = Array.from({ length: SIGNATURES_MAX - 1 }, (_, i) => garbage(64, i));
    expect(flood.length * keys.length).toBeGreaterThan(VERIFY_COST_MAX);
    const start = performance.now();
    expect(count(signed(...flood, signatureOf(last)), charter, ids).signers).toEqual(['s99']);
    expect(count(signed(...flood, signatureOf(last, '')), charter, ids).signers).toEqual([]);
    expect(count(signed(signatureOf(last, ''), ...flood), charter, ids).signers).toEqual(['s99']);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('makes exactly the allowed number of attempts, and none for a good hint', () => {
    const keys = Array.from({ length: 100 }, (_, i) => ed25519Key(100 + i));
    const signers = keys.map((key, i) => signer(`s${String(i).padStart(2, '0')}`, key));
    const charter = { ...CHARTER, signers };
    const at = (index: number, hint?: string): Signature => signatureOf(keys[index] ?? ALICE, hint);
    // One signature is found by its hint, one at the first attempt; three try the 98 other keys.
    const before = [at(99), at(0, ''), ...Array.from({ length: 3 }, () => garbage(64))];
    const left = VERIFY_COST_MAX - 1 - 3 * 98;
    const found = (index: number): number =>
      count(
        signed(...before, at(index, '')),
        charter,
        signers.map((one) => one.id),
      ).signers.length;
    expect(found(left)).toBe(3);
    expect(found(left + 1)).toBe(2);
  });

  it('comes to the same signers for any order, repetition and hints', () => {
    const all = [ALICE, BOB, CAROL, DAVE].map((key) => signatureOf(key));
    const entry = fc.record({
      which: fc.nat(all.length),
      hint: fc.constantFrom('', ...all.map(({ keyId }) => keyId)),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 10 }), (entries) => {
        const signatures = entries.map(({ which, hint }) => ({
          keyId: hint,
          signature: all[which]?.signature ?? new Uint8Array(64),
        }));
        const expected = ['alice', 'bob', 'carol'].filter((_, i) =>
          entries.some(({ which }) => which === i),
        );
        expect(names(signed(...signatures))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

describe('requireQuorum', () => {
  it('accepts the threshold and more', () => {
    expect(requireQuorum(CHARTER, release, signedRelease(ALICE, BOB), 'x').signers).toHaveLength(2);
    expect(
      requireQuorum(CHARTER, release, signedRelease(ALICE, BOB, CAROL), 'x').signers,
    ).toHaveLength(3);
  });

  it('refuses one signer too few, and says what it found (A05)', () => {
    const error = expectCode('THRESHOLD', () =>
      requireQuorum(CHARTER, release, signedRelease(ALICE), 'role release'),
    );
    expect(error.message).toContain('1 of the 2 needed signers of role release');
    expect(error.detail).toEqual({
      role: 'role release',
      needed: 2,
      signed: ['alice'],
      charterVersion: 1,
    });
    expectCode('THRESHOLD', () => requireQuorum(CHARTER, release, signedRelease(), 'x'));
    expectCode('THRESHOLD', () => requireQuorum(CHARTER, release, signedRelease(DAVE, ERIN), 'x'));
  });

  it('asks the role that it is given', () => {
    const both = signedRelease(ALICE, BOB);
    expectCode('THRESHOLD', () =>
      requireQuorum(CHARTER, role(3, 'alice', 'bob', 'carol'), both, 'x'),
    );
    expectCode('THRESHOLD', () => requireQuorum(CHARTER, role(2, 'alice', 'carol'), both, 'x'));
    expect(requireQuorum(CHARTER, role(1, 'alice'), both, 'x').valid).toHaveLength(1);
  });

  it('counts fixed keys alike', () => {
    const statement = signed(signatureOf(ed25519Key(1)), signatureOf(ed25519Key(2)));
    expect(requireQuorum(CHARTER, release, statement, 'x').signers).toEqual(['alice', 'bob']);
  });
});

describe('countedFor', () => {
  const [alicePq, bobPq] = [mlDsaKey('ml-dsa-44', 51), mlDsaKey('ml-dsa-65', 52)];
  const hybrid: Charter = {
    ...CHARTER,
    signers: [signer('alice', ALICE, alicePq), signer('bob', BOB, bobPq)],
  };
  const counted = (algs: readonly Algorithm[], ...keys: readonly SigningKey[]): unknown => {
    const both = { ...role(1, 'alice', 'bob'), requiredAlgs: algs };
    return countedFor(both, countSigners(hybrid, both.signers, signedRelease(...keys)));
  };

  it('counts who signed with keys of every required algorithm, and nobody else (A14)', () => {
    const pair = ['ed25519', 'ml-dsa-44'] as const;
    expect(counted(pair, ALICE)).toEqual([]);
    expect(counted(pair, alicePq)).toEqual([]);
    expect(counted(pair, BOB, alicePq)).toEqual([]);
    expect(counted(pair, alicePq, ALICE)).toEqual(['alice']);
    expect(counted(pair, BOB, bobPq, ALICE, alicePq)).toEqual(['alice']);
    expect(counted(['ml-dsa-65'], BOB, bobPq, ALICE, alicePq)).toEqual(['bob']);
  });

  it('is what a quorum is made of', () => {
    const both = { ...role(2, 'alice', 'bob'), requiredAlgs: ['ed25519'] as const };
    const half = signedRelease(alicePq, BOB);
    expectCode('THRESHOLD', () => requireQuorum(hybrid, both, half, 'x'));
    expect(hasQuorum(hybrid, both, half)).toBe(false);
    expect(hasQuorum(hybrid, role(2, 'alice', 'bob'), half)).toBe(true);
  });
});
