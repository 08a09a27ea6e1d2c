import { describe, expect, it } from 'vitest';
import {
  type CharterPoint,
  type VerifiedCharter,
  verifyFirstCharter,
  verifyNextCharter,
} from '../../../src/core/charter/chain.ts';
import {
  type CharterChange,
  type CharterDraft,
  rotateCharter,
} from '../../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { NO_PREVIOUS, parseRealmName, parseSequence, type Sha256 } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import {
  encodeStatement,
  parseStatement,
  type StatementFields,
} from '../../../src/core/statements/statement.ts';
import {
  ALICE,
  BOB,
  BODY_DIGEST,
  CAROL,
  DAVE,
  DAY_MS,
  ERIN,
  ed25519Key,
  expectCode,
  firstDraft,
  NOW_MS,
  REALM,
  releaseFields,
  replaced,
  role,
  signer,
} from '../support.ts';

type Keys = readonly SigningKey[];

const sealed = (draft: Pick<CharterDraft, 'payload' | 'body'>, ...keys: Keys): SignedDocument => ({
  statement: signStatement(draft.payload, keys),
  body: draft.body,
});
const pinOf = (doc: SignedDocument, realm = REALM): { realm: typeof REALM; digest: Sha256 } => ({
  realm,
  digest: sha256(doc.statement.payload),
});
const first = sealed(firstDraft(), ALICE, BOB);
const current = verifyFirstCharter(first, pinOf(first));

/** The draft with changed fields in its statement. */
function restated(draft: CharterDraft, changed: Partial<StatementFields>): CharterDraft {
  return { ...draft, payload: encodeStatement({ ...parseStatement(draft.payload), ...changed }) };
}

/** The draft with another body, named by its statement. */
function rebodied(draft: CharterDraft, body: Uint8Array): CharterDraft {
  return { ...restated(draft, { bodyDigest: sha256(body), bodyBytes: body.length }), body };
}

const next = (change: CharterChange = {}, from: CharterPoint = current): CharterDraft =>
  rotateCharter(from, change, NOW_MS + DAY_MS);

describe('verifyFirstCharter', () => {
  it('accepts the pinned charter that its own quorum signed', () => {
    expect(current.version).toBe(1);
    expect(current.charter.realm).toBe(REALM);
    expect(current.digest).toBe(pinOf(first).digest);
    expect(current.document).toEqual(first);
  });

  it('refuses another charter than the pinned one, before it parses anything', () => {
    const other = sealed(restated(firstDraft(), { issuedMs: NOW_MS - 1000 }), ALICE, BOB);
    expectCode('REALM', () => verifyFirstCharter(other, pinOf(first)));
    const junk = { statement: { payload: Uint8Array.of(1), signatures: [] }, body: first.body };
    const error = expectCode('REALM', () => verifyFirstCharter(junk, pinOf(first)));
    expect(error.detail).toMatchObject({ pinned: pinOf(first).digest });
    expectCode('PARSE', () => verifyFirstCharter(junk, pinOf(junk)));
  });

  it('refuses a pin of another realm (F01)', () => {
    const pin = pinOf(first, parseRealmName('staging.example.org'));
    expectCode('REALM', () => verifyFirstCharter(first, pin));
  });

  it('refuses too few signers, and strangers', () => {
    for (const keys of [[], [ALICE], [DAVE, ERIN], [ALICE, ALICE, DAVE]]) {
      const doc = sealed(firstDraft(), ...keys);
      expectCode('THRESHOLD', () => verifyFirstCharter(doc, pinOf(doc)));
    }
  });

  it('refuses a statement that is not the first of its stream', () => {
    const second = restated(firstDraft(), { sequence: parseSequence(2), charterVersion: 2 });
    const gap = sealed(second, ALICE, BOB);
    expect(expectCode('GAP', () => verifyFirstCharter(gap, pinOf(gap))).detail).toEqual({
      stream: 'charter',
      expected: 1,
      sequence: 2,
    });
    const linked = sealed(restated(firstDraft(), { previous: BODY_DIGEST }), ALICE, BOB);
    expectCode('PREVIOUS', () => verifyFirstCharter(linked, pinOf(linked)));
  });

  it('refuses a statement of another stream', () => {
    const release = { payload: encodeStatement(releaseFields()), body: first.body };
    const doc = sealed(release, ALICE, BOB);
    expectCode('TYPE', () => verifyFirstCharter(doc, pinOf(doc)));
  });

  it('refuses another body (E01)', () => {
    const { body } = firstDraft();
    const changed = Uint8Array.from(body);
    changed[5] = (changed[5] ?? 0) ^ 1;
    for (const wrong of [changed, body.subarray(1), new Uint8Array(0)]) {
      expectCode('DIGEST', () => verifyFirstCharter({ ...first, body: wrong }, pinOf(first)));
    }
    const longer = sealed(restated(firstDraft(), { bodyBytes: body.length + 1 }), ALICE, BOB);
    expectCode('DIGEST', () => verifyFirstCharter(longer, pinOf(longer)));
    const digest = sealed(restated(firstDraft(), { bodyDigest: BODY_DIGEST }), ALICE, BOB);
    expectCode('DIGEST', () => verifyFirstCharter(digest, pinOf(digest)));
  });

  it('refuses a body that says another realm or version than its statement', () => {
    const { body } = firstDraft();
    const realm = sealed(
      rebodied(firstDraft(), replaced(body, 'realm', 'staging.example.org')),
      ALICE,
      BOB,
    );
    expectCode('REALM', () => verifyFirstCharter(realm, pinOf(realm)));
    const version = sealed(rebodied(firstDraft(), replaced(body, 'version', 2)), ALICE, BOB);
    expectCode('TYPE', () => verifyFirstCharter(version, pinOf(version)));
  });

  it('refuses a body that no charter may have', () => {
    const { body } = firstDraft();
    const doc = sealed(
      rebodied(firstDraft(), replaced(body, 'roles.charter.threshold', 1)),
      ALICE,
      BOB,
    );
    expectCode('POLICY', () => verifyFirstCharter(doc, pinOf(doc)));
  });

  it('refuses a validity beyond the role’s days, or none', () => {
    for (const expiresMs of [NOW_MS + 365 * DAY_MS + 1000, NOW_MS, NOW_MS - 1000]) {
      const doc = sealed(restated(firstDraft(), { expiresMs }), ALICE, BOB);
      expectCode('POLICY', () => verifyFirstCharter(doc, pinOf(doc)));
    }
  });

  it('strips signatures that are not valid (A06)', () => {
    const { payload, signatures } = first.statement;
    const garbage = { keyId: '', signature: new Uint8Array(64) };
    const doc = {
      statement: { payload, signatures: [garbage, ...signatures, ...signatures] },
      body: first.body,
    };
    expect(verifyFirstCharter(doc, pinOf(doc)).document).toEqual(first);
  });
});

describe('verifyNextCharter', () => {
  /** Dave and Erin alone decide from now on. */
  const handover: CharterChange = {
    signers: [signer('dave', DAVE), signer('erin', ERIN)],
    roles: { charter: role(2, 'dave', 'erin'), release: role(2, 'dave', 'erin') },
  };
  const verify = (draft: CharterDraft, ...keys: Keys): VerifiedCharter =>
    verifyNextCharter(current, sealed(draft, ...keys));

  it('accepts a charter with the same signers', () => {
    const accepted = verify(next({ note: 'again' }), ALICE, CAROL);
    expect(accepted.version).toBe(2);
    expect(accepted.charter.note).toBe('again');
    expect(accepted.statement.previous).toBe(current.digest);
    expect(accepted.document.statement.signatures).toHaveLength(2);
  });

  it('refuses the old quorum alone (B01)', () => {
    const error = expectCode('THRESHOLD', () => verify(next(handover), ALICE, BOB, CAROL));
    expect(error.detail).toMatchObject({ charterVersion: 2, role: 'role charter' });
    expectCode('THRESHOLD', () => verify(next(handover), ALICE, BOB, DAVE));
  });

  it('refuses the new quorum alone (B02)', () => {
    const error = expectCode('THRESHOLD', () => verify(next(handover), DAVE, ERIN));
    expect(error.detail).toMatchObject({ charterVersion: 1, role: 'role charter, to hand over' });
    expectCode('THRESHOLD', () => verify(next(handover), ALICE, DAVE, ERIN));
  });

  it('accepts a change of all signers with both quorums, whose signatures it keeps (B03)', () => {
    const accepted = verify(next(handover), DAVE, BOB, ERIN, ALICE, ed25519Key(9));
    expect(accepted.document.statement.signatures.map(({ keyId }) => keyId).toSorted()).toEqual(
      [ALICE, BOB, DAVE, ERIN].map(({ publicKey }) => publicKey.keyId).toSorted(),
    );
    const after = verifyNextCharter(accepted, sealed(next({}, accepted), DAVE, ERIN));
    expect(after.version).toBe(3);
    expectCode('THRESHOLD', () =>
      verifyNextCharter(accepted, sealed(next({}, accepted), ALICE, BOB, CAROL)),
    );
  });

  it('asks the higher of two thresholds when it is raised or lowered (B04)', () => {
    const all = ['alice', 'bob', 'carol'];
    const raised = next({ roles: { ...current.charter.roles, charter: role(3, ...all) } });
    expectCode('THRESHOLD', () => verify(raised, ALICE, BOB));
    const three = verify(raised, ALICE, BOB, CAROL);
    const lowered = next({ roles: { ...three.charter.roles, charter: role(2, ...all) } }, three);
    expectCode('THRESHOLD', () => verifyNextCharter(three, sealed(lowered, ALICE, BOB)));
    expect(verifyNextCharter(three, sealed(lowered, ALICE, BOB, CAROL)).version).toBe(3);
  });

  it('does not count a signer that both charters name, with other keys, for the wrong one', () => {
    const swapped = next({
      signers: [signer('alice', DAVE), signer('bob', ERIN), signer('carol', CAROL)],
    });
    expectCode('THRESHOLD', () => verify(swapped, ALICE, BOB));
    expectCode('THRESHOLD', () => verify(swapped, DAVE, ERIN));
    expect(verify(swapped, ALICE, BOB, DAVE, ERIN).version).toBe(2);
    expect(verify(swapped, ALICE, DAVE, CAROL).version).toBe(2);
  });

  it('refuses signers of the release role alone', () => {
    const roles = { ...current.charter.roles, release: role(1, 'dave') };
    const withDave = verify(
      next({ signers: [...current.charter.signers, signer('dave', DAVE)], roles }),
      ALICE,
      BOB,
    );
    expectCode('THRESHOLD', () =>
      verifyNextCharter(withDave, sealed(next({}, withDave), DAVE, ALICE)),
    );
  });

  it('refuses a skipped version (B05)', () => {
    const third = restated(next(), { sequence: parseSequence(3), charterVersion: 3 });
    const error = expectCode('GAP', () => verify(third, ALICE, BOB));
    expect(error.detail).toEqual({ stream: 'charter', expected: 2, sequence: 3 });
    const last = Number.MAX_SAFE_INTEGER;
    const far = restated(next(), { sequence: parseSequence(last), charterVersion: last });
    expectCode('GAP', () => verify(far, ALICE, BOB));
  });

  it('refuses the same and older versions (B07)', () => {
    expectCode('ROLLBACK', () => verifyNextCharter(current, first));
    const second = verify(next(), ALICE, BOB);
    expectCode('ROLLBACK', () => verifyNextCharter(second, first));
    expectCode('ROLLBACK', () => verifyNextCharter(second, second.document));
  });

  it('refuses a charter that follows another statement', () => {
    for (const previous of [NO_PREVIOUS, BODY_DIGEST]) {
      expectCode('PREVIOUS', () => verify(restated(next(), { previous }), ALICE, BOB));
    }
  });

  it('refuses a charter of another realm (F01)', () => {
    const realm = parseRealmName('staging.example.org');
    expectCode('REALM', () => verify(restated(next(), { realm }), ALICE, BOB));
    const body = replaced(next().body, 'realm', realm);
    expectCode('REALM', () => verify(rebodied(next(), body), ALICE, BOB));
  });

  it('refuses a release statement, and another body', () => {
    const release = { ...next(), payload: encodeStatement(releaseFields()) };
    expectCode('TYPE', () => verify(release, ALICE, BOB));
    expectCode('DIGEST', () => verify({ ...next(), body: first.body }, ALICE, BOB));
    const old = rebodied(next(), first.body);
    expectCode('TYPE', () => verify(old, ALICE, BOB));
  });

  it('does not parse a body that the old quorum did not sign for', () => {
    const junk = rebodied(next(), Uint8Array.of(0x5b));
    expectCode('THRESHOLD', () => verify(junk, ALICE, DAVE));
    expectCode('PARSE', () => verify(junk, ALICE, BOB));
  });

  it('does not ask whether a charter is expired now (B08)', () => {
    let point = current;
    for (let i = 0; i < 3; i += 1) {
      const draft = rotateCharter(point, {}, NOW_MS - 3000 * DAY_MS);
      point = verifyNextCharter(point, sealed(draft, ALICE, BOB));
    }
    expect(point.version).toBe(4);
  });

  it('judges the validity by the new charter’s role', () => {
    const short = { ...current.charter.roles.charter, expiryDays: 10 };
    const draft = next({ roles: { ...current.charter.roles, charter: short } });
    const issuedMs = NOW_MS + DAY_MS;
    expect(parseStatement(draft.payload).expiresMs).toBe(issuedMs + 10 * DAY_MS);
    const late = restated(draft, { expiresMs: issuedMs + 10 * DAY_MS + 1000 });
    expectCode('POLICY', () => verify(late, ALICE, BOB));
  });
});
