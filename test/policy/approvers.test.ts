import { describe, expect, it } from 'vitest';
import type { Charter } from '../../src/core/charter/charter.ts';
import type { SigningKey } from '../../src/core/crypto.ts';
import { approversOf } from '../../src/policy/approvers.ts';
import {
  ALICE,
  BOB,
  CAROL,
  CHARTER,
  DAVE,
  mlDsaKey,
  role,
  signedRelease,
  signer,
} from '../core/support.ts';

const alicePq = mlDsaKey('ml-dsa-44', 61);
const pair = { requiredAlgs: ['ed25519', 'ml-dsa-44'] as const };
const charter: Charter = {
  ...CHARTER,
  signers: [
    signer('alice', ALICE, alicePq),
    signer('bob', BOB),
    signer('carol', CAROL),
    signer('dave', DAVE),
  ],
  delegations: [],
  roles: {
    charter: role(1, 'alice', 'bob'),
    release: { ...role(1, 'alice', 'carol'), ...pair },
  },
};
const approvers = (...keys: readonly SigningKey[]): readonly string[] =>
  approversOf(charter, charter.roles.release, signedRelease(...keys));

describe('approversOf', () => {
  it('counts no half of a pair that the needed role asks for (PO-7, SIG-8)', () => {
    expect(approvers(ALICE)).toEqual([]);
    expect(approvers(alicePq)).toEqual([]);
    expect(approvers(ALICE, alicePq)).toEqual(['alice']);
  });

  it('counts others as a role of theirs does, and who has none by any key', () => {
    expect(approvers(BOB, ALICE)).toEqual(['bob']);
    expect(approvers(CAROL)).toEqual([]);
    expect(approvers(DAVE)).toEqual(['dave']);
    expect(approversOf(charter, charter.roles.charter, signedRelease(ALICE, CAROL))).toEqual([
      'alice',
    ]);
  });
});
