import { describe, expect, it } from 'vitest';
import {
  type CharterChange,
  draftCharter,
  rotateCharter,
} from '../../../src/core/charter/draft.ts';
import type { RecoveryRole } from '../../../src/core/charter/model.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { isComplete, judgeProposal } from '../../../src/core/proposals/judge.ts';
import type { Proposal } from '../../../src/core/proposals/model.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import { currentCharter, emptyTrustedState } from '../../../src/core/trusted/state.ts';
import {
  ALICE,
  BOB,
  CHARTER,
  DAVE,
  DAY_MS,
  ERIN,
  ed25519Key,
  expectCode,
  NOW_MS,
  p256Key,
  REALM,
  role,
  signer,
} from '../support.ts';

const [RITA, RON, STRANGER] = [ed25519Key(21), p256Key(22), ed25519Key(24)];
const AT_MS = NOW_MS + DAY_MS;

function recoveryOf(threshold: number, ...keys: readonly SigningKey[]): RecoveryRole {
  const keyDigests = keys.map(({ publicKey }) => publicKey.keyId).sort();
  return { keyDigests, threshold, expiryDays: 30 };
}

function takeover(...revealed: readonly SigningKey[]): CharterChange {
  return {
    signers: [signer('dave', DAVE), signer('erin', ERIN)],
    roles: { charter: role(2, 'dave', 'erin'), release: role(2, 'dave', 'erin') },
    revealed: revealed
      .map(({ publicKey }) => publicKey)
      .sort((a, b) => (a.keyId < b.keyId ? -1 : 1)),
  };
}

describe('a proposed charter of recovery keys', () => {
  const roles = { ...CHARTER.roles, recovery: recoveryOf(2, RITA, RON) };
  const draft = draftCharter(REALM, { signers: CHARTER.signers, roles }, NOW_MS);
  const statement = signStatement(draft.payload, [ALICE, BOB]);
  const offer = { chain: [statement], body: draft.body, mode: 'linked' } as const;
  const empty = emptyTrustedState(REALM, sha256(draft.payload));
  const { state } = acceptDocument(empty, offer, NOW_MS);

  function propose(change: CharterChange, ...keys: readonly SigningKey[]): Proposal {
    const current = currentCharter(state);
    if (current === undefined) throw new Error('no charter');
    const { payload, body } = rotateCharter(current, change, AT_MS);
    return { document: { statement: signStatement(payload, keys), body }, blobs: [] };
  }

  it('joins what they signed to the signature of a signer of the ruling charter', () => {
    const proposal = propose(takeover(RITA, RON), ALICE, RITA, DAVE, STRANGER);
    const { support } = judgeProposal(state, proposal, AT_MS);
    expect(support.signers).toEqual(['alice']);
    expect(support.signatures.map(({ keyId }) => keyId).sort()).toEqual(
      [ALICE, RITA, DAVE].map(({ publicKey }) => publicKey.keyId).sort(),
    );
    const whole = propose(takeover(RITA, RON), RITA, RON, DAVE, ERIN).document;
    expect(isComplete(state, whole)).toBe(true);
  });

  it('reveals no key that the ruling charter has no digest of', () => {
    const proposal = propose(takeover(RITA, STRANGER), ALICE);
    expectCode('KEY', () => judgeProposal(state, proposal, AT_MS));
  });

  it('changes the recovery role with its keys alone', () => {
    const { recovery: _, ...others } = roles;
    const proposal = propose({ roles: others }, ALICE, BOB);
    expectCode('POLICY', () => judgeProposal(state, proposal, AT_MS));
  });
});
