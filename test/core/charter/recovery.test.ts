/**
 * Recovery: hidden keys in the place of a charter quorum that is lost or stolen.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import type { VerifiedCharter } from '../../../src/core/charter/chain.ts';
import { verifyFirstCharter, verifyNextCharter } from '../../../src/core/charter/chain.ts';
import { encodeCharter, parseCharter, peekRevealed } from '../../../src/core/charter/charter.ts';
import {
  type CharterChange,
  type CharterDraft,
  draftCharter,
  rotateCharter,
} from '../../../src/core/charter/draft.ts';
import type { RecoveryRole } from '../../../src/core/charter/model.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement, parseStatement } from '../../../src/core/statements/statement.ts';
import {
  ALICE,
  BOB,
  CAROL,
  CHARTER,
  canonical,
  DAVE,
  DAY_MS,
  ERIN,
  ed25519Key,
  expectCode,
  NOW_MS,
  p256Key,
  plain,
  REALM,
  role,
  signer,
  utf8,
} from '../support.ts';

const [RITA, RON, RUTH, STRANGER] = [ed25519Key(21), p256Key(22), ed25519Key(23), ed25519Key(24)];
/** Two of Rita, Ron and Ruth, for at most thirty days. */
const RECOVERY = recoveryOf(2, RITA, RON, RUTH);
const ROLES = { ...CHARTER.roles, recovery: RECOVERY };
/** Dave and Erin take over; of the recovery keys Ruth's stays. */
const TAKEOVER: CharterChange = {
  signers: [signer('dave', DAVE), signer('erin', ERIN)],
  roles: {
    charter: role(2, 'dave', 'erin'),
    release: role(2, 'dave', 'erin'),
    recovery: recoveryOf(1, RUTH),
  },
  revealed: publicKeys(RITA, RON),
};

const first = begin();

function recoveryOf(threshold: number, ...keys: readonly SigningKey[]): RecoveryRole {
  const keyDigests = keys.map(({ publicKey }) => publicKey.keyId).sort();
  return { keyDigests, threshold, expiryDays: 30 };
}

function publicKeys(...keys: readonly SigningKey[]): readonly SigningKey['publicKey'][] {
  return keys.map(({ publicKey }) => publicKey).sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
}

function sealed(draft: CharterDraft, ...keys: readonly SigningKey[]): SignedDocument {
  return { statement: signStatement(draft.payload, keys), body: draft.body };
}

function begin(): VerifiedCharter {
  const draft = draftCharter(REALM, { signers: CHARTER.signers, roles: ROLES }, NOW_MS);
  const pin = { realm: REALM, digest: sha256(draft.payload) };
  return verifyFirstCharter(sealed(draft, ALICE, BOB), pin);
}

function next(change: CharterChange, from: VerifiedCharter = first): CharterDraft {
  return rotateCharter(from, change, NOW_MS + DAY_MS);
}

function verify(
  draft: CharterDraft,
  keys: readonly SigningKey[],
  from: VerifiedCharter = first,
): VerifiedCharter {
  return verifyNextCharter(from, sealed(draft, ...keys));
}

describe('verifyNextCharter, with recovery keys', () => {
  it('takes recovery for the charter role before, and resets all roles (B14)', () => {
    const taken = verify(next(TAKEOVER), [RITA, RON, DAVE, ERIN]);
    expect(taken.charter.roles.charter.signers).toEqual(['dave', 'erin']);
    expect(taken.document.statement.signatures).toHaveLength(4);
    expect([...taken.burnt].sort()).toEqual(publicKeys(RITA, RON).map(({ keyId }) => keyId));
    const after = next({ note: 'goes on' }, taken);
    expect(after.charter.revealed).toBeUndefined();
    expect(verify(after, [DAVE, ERIN], taken).version).toBe(3);
    expectCode('THRESHOLD', () => verify(after, [ALICE, BOB, CAROL], taken));
  });

  it('still asks for its own quorum', () => {
    const error = expectCode('THRESHOLD', () => verify(next(TAKEOVER), [RITA, RON, DAVE]));
    expect(error.detail).toMatchObject({ charterVersion: 2, role: 'role charter' });
  });

  it('refuses fewer recovery keys than it takes, whoever else signs', () => {
    for (const keys of [[RITA], [RITA, RITA], [RITA, ALICE, CAROL], [RITA, ALICE, BOB]]) {
      const error = expectCode('THRESHOLD', () => verify(next(TAKEOVER), [...keys, DAVE, ERIN]));
      expect(error.detail).toMatchObject({ role: 'role recovery', needed: 2 });
    }
  });

  it('refuses keys that the charter before has no digest of (B13)', () => {
    const wrong = next({ ...TAKEOVER, revealed: publicKeys(RITA, STRANGER) });
    expectCode('KEY', () => verify(wrong, [RITA, STRANGER, DAVE, ERIN]));
    expectCode('KEY', () => verify(wrong, [RITA, RON, STRANGER, ALICE, BOB, DAVE, ERIN]));
    const bare = verifyFirstCharter(sealed(firstWithout(), ALICE, BOB), {
      realm: REALM,
      digest: sha256(firstWithout().payload),
    });
    const none = rotateCharter(bare, TAKEOVER, NOW_MS);
    expectCode('THRESHOLD', () => verify(none, [RITA, RON, DAVE, ERIN], bare));
    expectCode('KEY', () => verify(none, [RITA, RON, ALICE, BOB, DAVE, ERIN], bare));
  });

  it('lets the charter quorum alone neither change nor remove the role recovery', () => {
    const { recovery: _, ...without } = ROLES;
    const thief = { ...ROLES, recovery: recoveryOf(1, STRANGER) };
    const lower = { ...ROLES, recovery: { ...RECOVERY, threshold: 3 } };
    const longer = { ...ROLES, recovery: { ...RECOVERY, expiryDays: 31 } };
    for (const roles of [without, thief, lower, longer]) {
      expectCode('POLICY', () => verify(next({ roles }), [ALICE, BOB, CAROL]));
    }
    const revealed = publicKeys(RITA, RON, RUTH);
    expect(verify(next({ roles: without, revealed }), [RITA, RON, ALICE, BOB]).version).toBe(2);
    expect(verify(next({ note: 'as it was' }), [ALICE, BOB]).charter.roles.recovery).toEqual(
      RECOVERY,
    );
  });

  it('lets the charter quorum add the role where there is none', () => {
    const bare = firstWithout();
    const pin = { realm: REALM, digest: sha256(bare.payload) };
    const held = verifyFirstCharter(sealed(bare, ALICE, BOB), pin);
    expect(verify(next({ roles: ROLES }, held), [ALICE, BOB], held).version).toBe(2);
  });

  it('lists a revealed key nowhere any more', () => {
    const taken = verify(next(TAKEOVER), [RITA, RON, DAVE, ERIN]);
    const { charter } = taken;
    const listed: readonly CharterChange[] = [
      { signers: [...charter.signers, signer('rita', RITA)] },
      { regions: [{ name: 'iad' as never, keys: [RITA.publicKey] }] },
      { roles: { ...charter.roles, recovery: recoveryOf(1, RON) }, revealed: publicKeys(RUTH) },
    ];
    for (const change of listed) {
      expectCode('KEY', () => verify(next(change, taken), [RUTH, DAVE, ERIN], taken));
    }
    const third = verify(next({}, taken), [DAVE, ERIN], taken);
    expectCode('KEY', () =>
      verify(next({ signers: [...charter.signers, signer('rita', RITA)] }, third), [DAVE, ERIN], {
        ...third,
      }),
    );
  });

  it('is valid no longer than the role recovery may sign for', () => {
    const draft = next(TAKEOVER);
    const { expiresMs, issuedMs, ...fields } = parseStatement(draft.payload);
    expect(expiresMs).toBe(issuedMs + 30 * DAY_MS);
    const payload = encodeStatement({ ...fields, issuedMs, expiresMs: expiresMs + 1000 });
    expectCode('POLICY', () => verify({ ...draft, payload }, [RITA, RON, DAVE, ERIN]));
  });

  it('reads nothing of a body that neither quorum named', () => {
    const draft = next(TAKEOVER);
    const wrong = { ...draft, body: utf8('[]') };
    expectCode('DIGEST', () => verify(wrong, [RITA, RON, DAVE, ERIN]));
  });
});

describe('parseCharter, with revealed keys', () => {
  const body = next(TAKEOVER).body;

  it('reads what encodeCharter wrote', () => {
    expect(encodeCharter(parseCharter(body))).toEqual(body);
    expect(peekRevealed(body)).toEqual(TAKEOVER.revealed);
    expect(peekRevealed(first.document.body)).toEqual([]);
  });

  it('refuses an empty, unsorted or repeated list, and too long a one', () => {
    const [a, b] = plain(body)['revealed'] as readonly unknown[];
    for (const revealed of [[], [b, a], [a, a], [a, b, b]]) {
      expectCode('PARSE', () => parseCharter(canonical({ ...plain(body), revealed })));
      if (revealed.length > 0) {
        expectCode('PARSE', () => peekRevealed(canonical({ ...plain(body), revealed })));
      }
    }
    const long = Array.from({ length: 101 }, () => a);
    expectCode('LIMIT', () => peekRevealed(canonical({ ...plain(body), revealed: long })));
  });

  it('refuses a revealed key that it lists as well, and keys in a first charter', () => {
    const keys = [...(TAKEOVER.signers ?? []), signer('rita', RITA)];
    expectCode('KEY', () => next({ ...TAKEOVER, signers: keys }));
    const roles = { ...CHARTER.roles, recovery: recoveryOf(1, RITA) };
    expectCode('KEY', () => next({ ...TAKEOVER, ...{ signers: CHARTER.signers, roles } }));
    const content = { signers: CHARTER.signers, roles: CHARTER.roles };
    expectCode('POLICY', () =>
      draftCharter(REALM, { ...content, revealed: publicKeys(RITA) }, NOW_MS),
    );
  });
});

function firstWithout(): CharterDraft {
  return draftCharter(REALM, { signers: CHARTER.signers, roles: CHARTER.roles }, NOW_MS);
}
