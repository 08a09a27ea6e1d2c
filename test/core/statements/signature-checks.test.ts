import { describe, expect, it } from 'vitest';
import type { Algorithm } from '../../../src/core/crypto.ts';
import { parseBundleName } from '../../../src/core/ids.ts';
import { SIGNATURES_MAX, VERIFY_COST_MAX } from '../../../src/core/limits.ts';
import type { Signature, SignedStatement } from '../../../src/core/statements/envelope.ts';
import { SignatureChecks } from '../../../src/core/statements/signature-checks.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { findPastQuorum } from '../../../src/core/trusted/authority.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';

const BUNDLE = parseBundleName('payments.test.example.org');

interface Flood {
  readonly realm: TestRealm;
  /** What the signers of the first charter signed. */
  readonly good: SignedStatement;
  readonly garbage: readonly Signature[];
}

/** A realm with many charters since its first release. */
function flood(options: {
  readonly signers: number;
  readonly charters: number;
  readonly alg?: Algorithm;
}): Flood {
  const { signers, alg = 'ed25519' } = options;
  const realm = createTestRealm({ signers, alg });
  const good = realm.nextRelease(BUNDLE, (body) => body).document.statement;
  for (let at = 1; at < options.charters; at += 1) realm.nextCharter((charter) => charter);
  const garbage = Array.from({ length: SIGNATURES_MAX }, (_, index) => ({
    keyId: '',
    signature: new Uint8Array(alg === 'ecdsa-p384-sha384' ? 96 : 64).fill(index + 1),
  }));
  return { realm, good, garbage };
}

/** Looks for a quorum of the past; what is found, and how many checks that took. */
function search(
  { realm, good }: Flood,
  signatures: readonly Signature[],
): { readonly found: SignedStatement | undefined; readonly count: number } {
  const signed = { payload: good.payload, signatures };
  const statement = parseStatement(signed.payload);
  const checks = new SignatureChecks(signed);
  const found = findPastQuorum(realm.trustedState(), statement, signed, checks);
  return { found, count: checks.count };
}

describe('SignatureChecks', () => {
  it('tries a signature with a key once, however many charters list the key', () => {
    const realm = flood({ signers: 3, charters: 20 });
    const { found, count } = search(realm, realm.garbage);
    expect(found).toBeUndefined();
    expect(count).toBe(3 * SIGNATURES_MAX);
  });

  it('ends after a bounded number of checks in all', () => {
    const realm = flood({ signers: 20, charters: 5 });
    const { found, count } = search(realm, realm.garbage);
    expect(found).toBeUndefined();
    expect(count).toBe(VERIFY_COST_MAX);
  });

  it('counts a check with a slow key for what it costs', () => {
    const realm = flood({ signers: 20, charters: 2, alg: 'ecdsa-p384-sha384' });
    expect(search(realm, realm.garbage).count).toBe(VERIFY_COST_MAX / 6);
  });

  it('follows a hint once per key, and then counts what it costs', () => {
    const slow = flood({ signers: 1, charters: 2, alg: 'ml-dsa-65' });
    const hinted = slow.garbage.map((one) => ({
      ...one,
      keyId: slow.good.signatures[0]?.keyId ?? '',
    }));
    expect(search(slow, hinted).count).toBe(1 + Math.ceil(VERIFY_COST_MAX / 18));
  });

  it('finds a genuine signature behind garbage with the same hint and others without one', () => {
    const realm = flood({ signers: 20, charters: 5 });
    const { signatures } = realm.good;
    const same = realm.garbage
      .slice(0, signatures.length)
      .map((one, at) => ({ ...one, keyId: signatures[at]?.keyId ?? '' }));
    const others = realm.garbage.slice(2 * signatures.length);
    expect(search(realm, [...same, ...others, ...signatures]).found?.signatures).toEqual(
      signatures,
    );
  });

  it('finds signatures whose hints name their keys behind any garbage', () => {
    const realm = flood({ signers: 20, charters: 5 });
    const { signatures } = realm.good;
    const { found } = search(realm, [...realm.garbage.slice(signatures.length), ...signatures]);
    expect(found?.signatures).toEqual(signatures);
  });
});
