/**
 * Charters against the trusted state. Names of the form `B01` are those of the adversarial cases.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { rotateCharter } from '../../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import {
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseRealmName,
  parseSequence,
} from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { makeEvidence, mergeEvidence } from '../../../src/core/trusted/evidence.ts';
import {
  charterAt,
  currentCharter,
  emptyTrustedState,
  expectedNext,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { bodyOf } from '../releases/bodies.ts';
import {
  ALICE,
  BOB,
  CAROL,
  DAVE,
  DAY_MS,
  ERIN,
  ed25519Key,
  expectCode,
  NOW_MS,
  REALM,
  role,
} from '../support.ts';
import {
  begin,
  firstCharter,
  nextCharter,
  noted,
  offer,
  ROLES,
  releaseAfter,
  signed,
  take,
} from './world.ts';

/** Rotates the charter role to Dave and Erin, with these signatures. */
function toDaveAndErin(state: TrustedState, ...keys: readonly SigningKey[]): SignedDocument {
  const roles = { charter: role(2, 'dave', 'erin'), release: ROLES.release };
  return nextCharter(state, { roles }, ...keys);
}

/** A state with charters 1 to `count`, and the later documents. */
function rotated(count: number): {
  readonly state: TrustedState;
  readonly documents: readonly SignedDocument[];
} {
  let state = begin();
  const documents: SignedDocument[] = [];
  for (let version = 2; version <= count; version += 1) {
    const document = nextCharter(state, { note: `version ${version}` }, ALICE, BOB);
    documents.push(document);
    state = take(state, document);
  }
  return { state, documents };
}

describe('acceptDocument: the first charter', () => {
  it('takes the pinned one', () => {
    const state = begin();
    expect(currentCharter(state)).toMatchObject({ version: 1, issuedMs: NOW_MS - DAY_MS });
    expect(expectedNext(state, CHARTER_STREAM)).toEqual({
      sequence: 2,
      previous: state.firstCharterDigest,
    });
  });

  it('refuses another one than the pinned', () => {
    const other = signed(firstCharter({ note: 'other' }), ALICE, BOB);
    const empty = emptyTrustedState(REALM, begin().firstCharterDigest);
    expectCode('REALM', () => offer(empty, other));
    expect(expectedNext(empty, CHARTER_STREAM)).toEqual({ sequence: 1, previous: NO_PREVIOUS });
  });

  it('refuses the pinned one below its own threshold', () => {
    const document = signed(firstCharter(), ALICE);
    const empty = emptyTrustedState(REALM, sha256(document.statement.payload));
    expectCode('THRESHOLD', () => offer(empty, document));
  });

  it('refuses the second one before the first', () => {
    const second = nextCharter(begin(), { note: 'two' }, ALICE, BOB);
    const empty = emptyTrustedState(REALM, begin().firstCharterDigest);
    expectCode('GAP', () => offer(empty, second));
  });

  it('F01: refuses the charter of another realm', () => {
    const realm = parseRealmName('staging.example.org');
    const empty = emptyTrustedState(realm, begin().firstCharterDigest);
    expectCode('REALM', () => offer(empty, signed(firstCharter(), ALICE, BOB)));
  });
});

describe('acceptDocument: the next charter', () => {
  it('B01: refuses the old quorum alone', () => {
    expectCode('THRESHOLD', () => offer(begin(), toDaveAndErin(begin(), ALICE, BOB)));
  });

  it('B02: refuses the new quorum alone', () => {
    expectCode('THRESHOLD', () => offer(begin(), toDaveAndErin(begin(), DAVE, ERIN)));
  });

  it('B03: takes a complete change of signers with both quorums', () => {
    const document = toDaveAndErin(begin(), ALICE, BOB, DAVE, ERIN);
    const result = offer(begin(), document);
    expect(result).toMatchObject({ outcome: 'accepted', documents: [{ body: document.body }] });
    expect(currentCharter(result.state)?.charter.roles.charter.signers).toEqual(['dave', 'erin']);
  });

  it('B04: needs the higher threshold on both ways', () => {
    const charter = role(3, 'alice', 'bob', 'carol');
    const raise = (...keys: readonly SigningKey[]): SignedDocument =>
      nextCharter(begin(), { roles: { ...ROLES, charter } }, ...keys);
    expectCode('THRESHOLD', () => offer(begin(), raise(ALICE, BOB)));
    const raised = take(begin(), raise(ALICE, BOB, CAROL));
    const lower = (...keys: readonly SigningKey[]): SignedDocument =>
      nextCharter(raised, { roles: ROLES }, ...keys);
    expectCode('THRESHOLD', () => offer(raised, lower(ALICE, BOB)));
    expect(offer(raised, lower(ALICE, BOB, CAROL)).outcome).toBe('accepted');
  });

  it('B05: refuses to skip a version, in a jump too', () => {
    const { documents } = rotated(3);
    const third = documents[1];
    if (third === undefined) throw new Error('no third charter');
    const error = expectCode('GAP', () => offer(begin(), third));
    expect(error.detail).toMatchObject({ stream: CHARTER_STREAM, expected: 2, sequence: 3 });
    expectCode('GAP', () => offer(begin(), third, { mode: 'jump' }));
  });

  it('B07: refuses an older version that is not what is held, and takes what is held', () => {
    const { state, documents } = rotated(3);
    const [second] = documents;
    if (second === undefined) throw new Error('no second charter');
    expect(offer(state, second)).toEqual({ outcome: 'held', state });
    const first = signed(firstCharter({ note: 'other' }), ALICE, BOB, CAROL);
    expectCode('ROLLBACK', () => offer(state, first));
    const weak = nextCharter(begin(), { note: 'weak' }, ALICE);
    expectCode('ROLLBACK', () => offer(state, weak));
  });

  it('B08: takes the successor of an expired charter', () => {
    const state = begin();
    const nowMs = (currentCharter(state)?.expiresMs ?? 0) + 100 * DAY_MS;
    const current = currentCharter(state);
    if (current === undefined) throw new Error('no charter');
    const second = signed(rotateCharter(current, { note: 'late' }, nowMs), ALICE, BOB);
    const release = releaseAfter(undefined, bodyOf([]), { issuedMs: nowMs });
    expectCode('EXPIRED', () => offer(state, release, { nowMs }));
    const after = offer(state, second, { nowMs });
    expect(after.outcome).toBe('accepted');
    expect(offer(after.state, release, { nowMs }).outcome).toBe('accepted');
  });

  it('B08: takes an expired charter in the middle of the chain', () => {
    const { documents } = rotated(3);
    let state = begin();
    for (const document of documents) {
      state = offer(state, document, { nowMs: NOW_MS + 1000 * DAY_MS }).state;
    }
    expect(currentCharter(state)?.version).toBe(3);
  });

  it('D04: refuses a charter from the future', () => {
    const current = currentCharter(begin());
    if (current === undefined) throw new Error('no charter');
    const issued = (issuedMs: number): unknown =>
      offer(begin(), signed(rotateCharter(current, { note: 'later' }, issuedMs), ALICE, BOB));
    expect(issued(NOW_MS + 300_000)).toMatchObject({ outcome: 'accepted' });
    expectCode('EXPIRED', () => issued(NOW_MS + 301_000));
  });

  it('refuses several at once', () => {
    const { documents } = rotated(3);
    const [second, third] = documents;
    if (second === undefined || third === undefined) throw new Error('no third charter');
    const chain = [second.statement, third.statement];
    expectCode('TYPE', () => offer(begin(), third, { chain }));
  });

  it('refuses another body than the signed one', () => {
    const second = nextCharter(begin(), { note: 'two' }, ALICE, BOB);
    const { body } = nextCharter(begin(), { note: 'one' }, ALICE, BOB);
    expectCode('DIGEST', () => offer(begin(), { ...second, body }));
  });

  it('B10: follows 300 rotations one by one', () => {
    const { state } = rotated(300);
    expect(currentCharter(state)?.version).toBe(300);
    expect(charterAt(state, 7)?.charter.note).toBe('version 7');
    expect(charterAt(state, 301)).toBeUndefined();
  });

  it('B11: takes the charter again after a crash before its release was written', () => {
    const { state, documents } = rotated(2);
    const [second] = documents;
    if (second === undefined) throw new Error('no second charter');
    expect(offer(state, second).outcome).toBe('held');
    const release = releaseAfter(undefined, noted('x'), { charterVersion: 2 });
    expect(offer(state, release).outcome).toBe('accepted');
  });
});

describe('acceptDocument: a fork with the recovery keys', () => {
  const [rita, ron] = [ed25519Key(31), ed25519Key(32)];
  const keyDigests = [rita, ron].map(({ publicKey }) => publicKey.keyId).sort();
  const recovery = { keyDigests, threshold: 2, expiryDays: 30 };
  const state = begin({ roles: { ...ROLES, recovery } });
  const revealed = [rita, ron]
    .map(({ publicKey }) => publicKey)
    .sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  const takeover = nextCharter(
    state,
    { roles: ROLES, revealed, note: 'recovered' },
    rita,
    ron,
    ALICE,
    BOB,
  );
  // Two of whom the old charter knows nothing are not enough; the recovery keys are.
  const { payload, signatures } = takeover.statement;
  const isOurs = ({ keyId }: { readonly keyId: string }): boolean =>
    keyDigests.includes(keyId as never);
  const alone = { payload, signatures: signatures.filter(isOurs) };
  const stolen = nextCharter(state, { note: 'stolen' }, ALICE, BOB);

  it('is one while what they signed is not whole, and the keys go along as proof (QU-3)', () => {
    const result = offer(take(state, stolen), { statement: alone, body: takeover.body });
    if (result.outcome !== 'forked') throw new Error(result.outcome);
    const { evidence } = result;
    expect(evidence.revealed).toEqual(revealed);
    expect(acceptEvidence(state, evidence).state).toEqual(result.state);
    const signers = [evidence.first, evidence.second].map(({ signatures: by }) => by.length);
    expect(signers).toEqual([2, 2]);
    expect(offer(result.state, takeover)).toMatchObject({ outcome: 'accepted', replaced: 1 });
  });

  it('is none without the keys that signed, or with others', () => {
    const evidence = makeEvidence(CHARTER_STREAM, parseSequence(2), [alone, stolen.statement]);
    expectCode('THRESHOLD', () => acceptEvidence(state, evidence));
    const others = [ed25519Key(33).publicKey];
    expectCode('THRESHOLD', () => acceptEvidence(state, { ...evidence, revealed: others }));
    const one = { ...evidence, revealed: revealed.slice(0, 1) };
    expectCode('THRESHOLD', () => acceptEvidence(state, one));
    expect(acceptEvidence(state, { ...evidence, revealed }).outcome).toBe('forked');
  });

  it('keeps the keys of what it merges, and only those', () => {
    const sequence = parseSequence(2);
    const extra = [...revealed, ed25519Key(33).publicKey];
    const a = makeEvidence(CHARTER_STREAM, sequence, [alone, stolen.statement], extra);
    expect(a.revealed).toEqual(revealed);
    const third = nextCharter(state, { note: 'also stolen' }, ALICE, BOB);
    const b = makeEvidence(CHARTER_STREAM, sequence, [stolen.statement, third.statement]);
    expect(b).not.toHaveProperty('revealed');
    const merged = mergeEvidence(a, b);
    const isKept = [merged.first, merged.second].some(
      ({ payload: kept }) => kept === alone.payload,
    );
    expect(merged.revealed).toEqual(isKept ? revealed : undefined);
    expect(mergeEvidence(b, a)).toEqual(merged);
  });
});
