/**
 * Rebuilding the trusted state from what was stored.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/crypto.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import {
  CHARTER_STREAM,
  parseBundleName,
  parseRealmName,
  releaseStream,
} from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { restoreTrustedState, type StoredTrust } from '../../../src/core/trusted/restore.ts';
import { forkOf, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { ALICE, BOB, CAROL, DAVE, ERIN, expectCode, REALM, role } from '../support.ts';
import {
  begin,
  grown,
  nextCharter,
  nextRelease,
  noted,
  offer,
  ROLES,
  releaseAfter,
  STREAM,
  take,
} from './world.ts';

/** What a store would give back. */
function stored(state: TrustedState, changed: Partial<StoredTrust> = {}): StoredTrust {
  const streams = [...state.streams.values()];
  return {
    charters: state.charters,
    heads: streams.flatMap(({ head }) =>
      head === undefined ? [] : [{ document: { statement: head.statement, body: head.bodyBytes } }],
    ),
    evidence: streams.flatMap((stream) => (stream.kind === 'forked' ? [stream.evidence] : [])),
    ...changed,
  };
}

function restore(state: TrustedState, changed: Partial<StoredTrust> = {}): TrustedState {
  return restoreTrustedState(state, stored(state, changed));
}

/** Requires that the store is refused because of an error with this code. */
function expectStore(code: ErrorCode, act: () => unknown): void {
  const error = expectCode('STORE', act);
  expect(error.detail).toEqual({ code });
  expect(error.message).toContain('restore a backup');
}

/** Charter 2 hands over from Alice and Bob to Carol and Erin. */
function handedOver(): TrustedState {
  const both = role(2, 'carol', 'erin');
  const roles = { ...ROLES, charter: both, release: both };
  const { state } = grown(2);
  return take(state, nextCharter(state, { roles }, ALICE, BOB, CAROL, ERIN));
}

describe('restoreTrustedState', () => {
  it('gives back what was stored', () => {
    for (const state of [grown(3).state, handedOver(), begin()]) {
      expect(restore(state)).toEqual(state);
    }
  });

  it('gives the empty state for an empty store', () => {
    const { firstCharterDigest } = begin();
    const empty = { charters: [], heads: [], evidence: [] };
    const state = restoreTrustedState({ realm: REALM, firstCharterDigest }, empty);
    expect(state.charters).toEqual([]);
    expect(state.streams.size).toBe(0);
  });

  it('judges neither time nor lifecycle nor whether signers have left', () => {
    const state = handedOver();
    expect(headOf(restore(state), STREAM)).toEqual(headOf(state, STREAM));
  });

  it('goes on from there', () => {
    const state = restore(grown(2).state);
    expect(headOf(take(state, nextRelease(state, noted('third'))), STREAM)?.sequence).toBe(3);
  });

  it('drops garbage signatures', () => {
    const { state, documents } = grown(1);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const garbage = { keyId: '', signature: new Uint8Array(64) };
    const signatures = [garbage, ...first.statement.signatures];
    const document = { ...first, statement: { ...first.statement, signatures } };
    expect(restore(state, { heads: [{ document }] })).toEqual(state);
  });

  it('refuses another pin or realm than that of the store', () => {
    const { state } = grown(1);
    const pin = { realm: REALM, firstCharterDigest: sha256(new Uint8Array()) };
    expectCode('REALM', () => restoreTrustedState(pin, stored(state)));
    const realm = parseRealmName('staging.example.org');
    expectCode('REALM', () => restoreTrustedState({ ...state, realm }, stored(state)));
  });

  it('refuses a broken charter chain', () => {
    const state = handedOver();
    const [first, second] = state.charters;
    if (first === undefined || second === undefined) throw new Error('no charters');
    expectCode('REALM', () => restore(state, { charters: [second] }));
    const weak = nextCharter(begin(), { note: 'weak' }, ALICE);
    expectStore('THRESHOLD', () => restore(state, { charters: [first, { document: weak }] }));
    const torn = { ...second.document, body: second.document.body.slice(1) };
    expectStore('DIGEST', () => restore(state, { charters: [first, { document: torn }] }));
    expectStore('ROLLBACK', () => restore(state, { charters: [first, first] }));
  });

  it('refuses a head that is not signed, not whole, or in the wrong place', () => {
    const { state, documents } = grown(1);
    const [good] = documents;
    if (good === undefined) throw new Error('no first release');
    const withHead = (document: SignedDocument): unknown =>
      restore(state, { heads: [{ document }] });
    expectStore('THRESHOLD', () =>
      withHead(releaseAfter(undefined, noted('x'), { keys: [ALICE] })),
    );
    const flipped = { ...good, body: good.body.with(20, 0x20) };
    expectStore('DIGEST', () => withHead(flipped));
    const stream = releaseStream(parseBundleName('other.example.org'));
    expectStore('TYPE', () => withHead(releaseAfter(undefined, noted('x'), { stream })));
    const realm = parseRealmName('staging.example.org');
    expectStore('TYPE', () => withHead(releaseAfter(undefined, noted('x'), { realm })));
    const [charter] = state.charters;
    if (charter === undefined) throw new Error('no charter');
    expectStore('TYPE', () => withHead(charter.document));
    expectStore('GAP', () => withHead(releaseAfter(undefined, noted('x'), { charterVersion: 2 })));
    const payload = good.statement.payload.with(3, 0x20);
    expectStore('PARSE', () => withHead({ ...good, statement: { ...good.statement, payload } }));
  });

  it('gives back a forked stream with the last common release', () => {
    const { state, documents } = grown(2);
    const rival = nextRelease(grown(1).state, noted('rival'));
    const forked = offer(state, rival).state;
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const restored = restore(forked, { heads: [{ document: first }] });
    expect(forkOf(restored, STREAM)).toEqual(forkOf(forked, STREAM));
    expect(headOf(restored, STREAM)?.sequence).toBe(1);
    // A copy of before the fork still has what was beyond it.
    const beyond = restore(forked, stored(state, { evidence: stored(forked).evidence }));
    expect(beyond).toEqual(forked);
  });

  it('refuses evidence that no quorum signed', () => {
    const { state } = grown(2);
    const forked = offer(state, nextRelease(grown(1).state, noted('rival'))).state;
    const [evidence] = stored(forked).evidence;
    if (evidence === undefined) throw new Error('no evidence');
    const fake = { ...evidence, first: { ...evidence.first, signatures: [] } };
    expectStore('THRESHOLD', () => restore(forked, { evidence: [fake] }));
  });

  it('refuses charter evidence that the quorum before did not sign', () => {
    const ours = take(begin(), nextCharter(begin(), { note: 'ours' }, ALICE, BOB));
    const forked = offer(ours, nextCharter(begin(), { note: 'theirs' }, ALICE, BOB)).state;
    expect(restore(forked)).toEqual(forked);
    const [evidence] = stored(forked).evidence;
    if (evidence === undefined) throw new Error('no evidence');
    const second = { ...evidence.second, signatures: evidence.second.signatures.slice(1) };
    expectStore('THRESHOLD', () => restore(forked, { evidence: [{ ...evidence, second }] }));
  });

  it('refuses a release in the place of a rollout', () => {
    const { state } = grown(1);
    const { statement, body } = nextRelease(state, noted('x'));
    const text = new TextDecoder()
      .decode(statement.payload)
      .replaceAll('"release/', '"rollout/')
      .replace('urn:kedge:release:v1', 'urn:kedge:rollout:v1');
    const rollout = signStatement(new TextEncoder().encode(text), [ALICE, BOB]);
    const document = { statement: rollout, body };
    expectStore('THRESHOLD', () => restore(state, { heads: [{ document }] }));
  });

  it('gives back a forked realm with releases under the charter that is in doubt', () => {
    const { state } = grown(1);
    const ours = take(state, nextCharter(state, { note: 'ours' }, ALICE, BOB));
    const second = take(ours, nextRelease(ours, noted('second'), { charterVersion: 2 }));
    const rival = nextRelease(ours, noted('rival'), { charterVersion: 2 });
    const theirs = nextCharter(state, { note: 'theirs' }, ALICE, BOB);
    const doubtful = offer(second, theirs).state;
    const restored = restore(doubtful);
    expect(restored).toEqual(doubtful);
    expect(headOf(restored, STREAM)?.sequence).toBe(2);
    const both = offer(offer(second, rival).state, theirs).state;
    const common = headOf(state, STREAM);
    const document = common && { statement: common.statement, body: common.bodyBytes };
    const heads = document === undefined ? [] : [{ document }];
    expect(restore(both, { heads }).streams.get(STREAM)).toEqual({
      ...both.streams.get(STREAM),
      head: common,
    });
    expectCode('FORK', () => offer(restored, nextRelease(restored, noted('third'))));
  });

  it('still refuses unsigned releases under charters that are not in doubt', () => {
    const { state } = grown(1);
    const ours = take(state, nextCharter(state, { note: 'ours' }, ALICE, BOB));
    const forked = offer(ours, nextCharter(state, { note: 'theirs' }, ALICE, BOB)).state;
    expect(forkOf(forked, CHARTER_STREAM)).toBeDefined();
    const document = releaseAfter(undefined, noted('x'), { keys: [DAVE, ERIN].slice(1) });
    expectStore('THRESHOLD', () => restore(forked, { heads: [{ document }] }));
  });
});
