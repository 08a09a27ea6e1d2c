/**
 * Accepting rollouts: who may sign them, and which releases they may name.
 * Names of the form `I05` are those of the adversarial cases.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { parseSequence } from '../../../src/core/ids.ts';
import type { NamedRelease } from '../../../src/core/rollouts/body.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { findStanding } from '../../../src/core/trusted/authority.ts';
import { restoreTrustedState } from '../../../src/core/trusted/restore.ts';
import { forkOf, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { anchor } from '../releases/bodies.ts';
import {
  ALICE,
  BOB,
  BODY_DIGEST,
  CAROL,
  DAVE,
  DAY_MS,
  ERIN,
  expectCode,
  NOW_MS,
  role,
  signer,
} from '../support.ts';
import {
  FRANK,
  nextRollout,
  ROLLOUTS,
  released,
  rolloutAfter,
  rolloutBody,
  WITH_ROLLOUTS,
} from './rollouts.ts';
import {
  begin,
  nextCharter,
  nextRelease,
  noted,
  offer,
  placeOf,
  ROLES,
  STREAM,
  take,
} from './world.ts';

const THREE = released(3);
const [FIRST, SECOND, THIRD] = three(THREE.names);
const GOOD = nextRollout(THREE.state, rolloutBody(THIRD, SECOND));

function three<Item>(items: readonly Item[]): readonly [Item, Item, Item] {
  const [first, second, third] = items;
  if (first === undefined || second === undefined || third === undefined) throw new Error('few');
  return [first, second, third];
}

/** Offers a rollout to somebody whose store has all releases. */
function judge(document: SignedDocument, state = THREE.state): ReturnType<typeof offer> {
  return offer(state, document, { named: THREE.stored });
}

describe('acceptDocument: rollouts', () => {
  it('takes one that leads from a release to the newest', () => {
    const result = judge(GOOD);
    expect(result.outcome).toBe('accepted');
    const head = headOf(result.state, ROLLOUTS);
    expect(head).toMatchObject({ kind: 'rollout', sequence: 1 });
    expect(head?.body).toEqual(rolloutBody(THIRD, SECOND));
    expect(headOf(result.state, STREAM)).toBe(headOf(THREE.state, STREAM));
    expect(judge(GOOD, result.state).outcome).toBe('held');
  });

  it('takes the first one of a bundle, where nothing was before', () => {
    const one = released(1);
    const [only] = one.names;
    if (only === undefined) throw new Error('no release');
    const state = take(one.state, nextRollout(one.state, rolloutBody(only)));
    expect(headOf(state, ROLLOUTS)?.body.from).toBeUndefined();
  });

  it('takes what goes on: paused, running, a later release', () => {
    let state = take(THREE.state, nextRollout(THREE.state, rolloutBody(SECOND, FIRST)));
    state = next(state, rolloutBody(SECOND, FIRST, { state: 'paused' }));
    state = next(state, rolloutBody(SECOND, FIRST));
    state = next(state, rolloutBody(THIRD, SECOND));
    state = next(state, rolloutBody(THIRD, SECOND, { state: 'aborted' }));
    expect(headOf(state, ROLLOUTS)).toMatchObject({ sequence: 5, body: { state: 'aborted' } });
  });

  it("C18: a hundred of them are in nobody's way who signs a release", () => {
    const draft = nextRelease(THREE.state, noted('slow ceremony'));
    let { state } = THREE;
    for (let count = 0; count < 100; count += 1) {
      const pace = count % 2 === 0 ? 'running' : 'paused';
      state = next(state, rolloutBody(THIRD, SECOND, { state: pace }));
    }
    expect(headOf(take(state, draft), STREAM)?.sequence).toBe(4);
    expect(headOf(state, ROLLOUTS)?.sequence).toBe(100);
  });
});

/** The state after one more rollout. */
function next(state: TrustedState, body: ReturnType<typeof rolloutBody>): TrustedState {
  const result = judge(nextRollout(state, body), state);
  expect(result.outcome).toBe('accepted');
  return result.state;
}

describe('acceptDocument: who may sign a rollout', () => {
  it.each([
    ['nobody', []],
    ['the release role', [ALICE, BOB, CAROL]],
    ['the revoke role', [DAVE]],
    ['all but the rollout role', [ALICE, BOB, CAROL, DAVE]],
  ])('refuses one that is signed by %s', (_, keys) => {
    const document = nextRollout(THREE.state, rolloutBody(THIRD, SECOND), { keys });
    const error = expectCode('THRESHOLD', () => judge(document));
    expect(error.detail['standing']).toBe('nothing');
  });

  it('keeps the signatures of the rollout role and no others', () => {
    const keys = [ALICE, FRANK, DAVE];
    const result = judge(nextRollout(THREE.state, rolloutBody(THIRD, SECOND), { keys }));
    expect(headOf(result.state, ROLLOUTS)?.statement.signatures).toHaveLength(1);
  });

  it('refuses a release that the rollout role signed', () => {
    expectCode('THRESHOLD', () =>
      offer(THREE.state, nextRelease(THREE.state, noted('x'), { keys: [FRANK] })),
    );
  });

  it('refuses all in a realm that has no such role, and says so', () => {
    const state = take(begin(), nextRelease(begin(), noted('one')));
    const { digest } = headOf(state, STREAM) ?? FIRST;
    const document = nextRollout(state, rolloutBody({ sequence: parseSequence(1), digest }));
    const error = expectCode('THRESHOLD', () => offer(state, document));
    expect(error.message).toContain('has no role rollout');
  });

  it('takes a rollout of who left the role as history and not as head', () => {
    const signers = [...(WITH_ROLLOUTS.signers ?? []).slice(0, -1), signer('grace', ERIN)];
    const change = { signers, roles: { ...ROLES, rollout: role(1, 'grace') } };
    const state = take(THREE.state, nextCharter(THREE.state, change, ALICE, BOB));
    const error = expectCode('THRESHOLD', () => judge(GOOD, state));
    expect(error.detail['standing']).toBe('history');
    const { statement } = GOOD;
    const standing = findStanding(state, parseStatement(statement.payload), statement);
    expect(standing).toBe('history');
    const second = rolloutAfter(placeOf(GOOD, 1), rolloutBody(THIRD, SECOND), {
      keys: [ERIN],
      charterVersion: 2,
    });
    const chain = [GOOD.statement, second.statement];
    const result = offer(state, second, { chain, history: [GOOD.body], named: THREE.stored });
    expect(headOf(result.state, ROLLOUTS)?.sequence).toBe(2);
  });

  it('bounds how long it is valid by its role', () => {
    const days = (count: number): SignedDocument =>
      nextRollout(THREE.state, rolloutBody(THIRD, SECOND), { expiresMs: NOW_MS + count * DAY_MS });
    expect(judge(days(365)).outcome).toBe('accepted');
    expectCode('POLICY', () => judge(days(366)));
  });

  it('takes nothing once the charter has expired', () => {
    const nowMs = NOW_MS + 400 * DAY_MS;
    expectCode('EXPIRED', () => offer(THREE.state, GOOD, { nowMs }));
  });
});

describe('acceptDocument: what a rollout may name', () => {
  it.each([
    ['the newest', (): NamedRelease => ({ ...THIRD, digest: BODY_DIGEST })],
    ['an older one', (): NamedRelease => ({ ...SECOND, digest: BODY_DIGEST })],
  ])('I05: refuses a digest that nobody approved, in the place of %s', (_, named) => {
    const body = rolloutBody(named(), FIRST);
    const error = expectCode('POLICY', () => judge(nextRollout(THREE.state, body)));
    // It may be a fork of which this party has not heard: nobody is blamed.
    expect(error.detail['standing']).toBe('history');
  });

  it('I05: refuses such a digest as what was there before', () => {
    const body = rolloutBody(THIRD, { ...SECOND, digest: BODY_DIGEST });
    expectCode('POLICY', () => judge(nextRollout(THREE.state, body)));
  });

  it('asks for a release that is not held yet, and takes the rollout then', () => {
    const behind = released(2).state;
    const error = expectCode('GAP', () => judge(GOOD, behind));
    expect(error.detail).toMatchObject({ missing: STREAM, named: 3, digest: THIRD.digest });
    const [, , third] = three(THREE.documents);
    expect(judge(GOOD, take(behind, third)).outcome).toBe('accepted');
  });

  it('takes no word of a store that cannot look the release up', () => {
    expectCode('UNAVAILABLE', () => offer(THREE.state, GOOD, { named: [] }));
  });

  it('takes the word of the quorum below the head where there is no store', () => {
    expect(offer(THREE.state, GOOD).outcome).toBe('accepted');
  });

  it('is the same to all where releases are forked, whatever each of them holds', () => {
    const rival = nextRelease(released(2).state, noted('rival'));
    const forked = offer(THREE.state, rival).state;
    expect(forkOf(forked, STREAM)?.sequence).toBe(3);
    const other = take(released(2).state, rival);
    expect(judge(GOOD, forked).outcome).toBe('accepted');
    // Who has not heard of the fork refuses it until then.
    expectCode('POLICY', () => judge(GOOD, other));
    const [, , third] = three(THREE.documents);
    expect(judge(GOOD, offer(other, third).state).outcome).toBe('accepted');
    // Below the fork all is as ever.
    const below = nextRollout(forked, rolloutBody({ ...SECOND, digest: BODY_DIGEST }, FIRST));
    expectCode('POLICY', () => judge(below, forked));
    expect(judge(nextRollout(forked, rolloutBody(SECOND, FIRST)), forked).outcome).toBe('accepted');
    const { digest } = parseStatement(rival.statement.payload);
    const resolutions = [{ stream: STREAM, sequence: parseSequence(3), digest }];
    const of = forked.streams.get(STREAM);
    const [, newest] = three(THREE.documents);
    const charter = nextCharter(forked, { resolutions }, ALICE, BOB);
    const holdings = of === undefined ? [] : [{ of, newest }];
    const stands = take(offer(forked, charter, { holdings }).state, rival);
    expect(judge(GOOD, stands).outcome).toBe('accepted');
    const later = nextRollout(stands, rolloutBody(THIRD, SECOND), { charterVersion: 2 });
    expectCode('POLICY', () => judge(later, stands));
  });

  it('C19: refuses a release under a newer charter than the rollout names', () => {
    const rotated = take(THREE.state, nextCharter(THREE.state, { note: 'two' }, ALICE, BOB));
    const state = take(rotated, nextRelease(rotated, noted('under two'), { charterVersion: 2 }));
    const { sequence, digest } = headOf(state, STREAM) ?? THIRD;
    const body = rolloutBody({ sequence, digest }, THIRD);
    expectCode('ROLLBACK', () => judge(nextRollout(state, body), state));
    expect(judge(nextRollout(state, body, { charterVersion: 2 }), state).outcome).toBe('accepted');
  });
});

describe('acceptDocument: a rollout never goes back', () => {
  const state = judge(GOOD).state;

  it.each([
    ['to an older release', rolloutBody(SECOND, FIRST)],
    ['from an older one', rolloutBody(THIRD, FIRST)],
    ['from nothing', rolloutBody(THIRD)],
  ])('I06: refuses to lead %s than the one before', (_, body) => {
    expectCode('ROLLBACK', () => judge(nextRollout(state, body), state));
  });

  describe('in a chain with bodies, as if they came one by one', () => {
    const absent = { sequence: parseSequence(9), digest: BODY_DIGEST };

    it.each([
      ['goes back', [rolloutBody(THIRD, SECOND), rolloutBody(SECOND, FIRST)]],
      [
        'goes back after another that did',
        [rolloutBody(THIRD, SECOND), rolloutBody(SECOND), rolloutBody(SECOND, FIRST)],
      ],
    ])('I06: refuses one that %s', (_, bodies) => {
      expectCode('ROLLBACK', () => judgeChain(bodies));
    });

    it.each([
      ['goes back', [rolloutBody(SECOND, FIRST), rolloutBody(SECOND), rolloutBody(THIRD, SECOND)]],
      ['names what does not exist', [rolloutBody(absent, THIRD), rolloutBody(THIRD, SECOND)]],
      ['leads nowhere', [rolloutBody(THIRD, THIRD), rolloutBody(THIRD, SECOND)]],
    ])('takes a good one behind one that %s', (_, bodies) => {
      expect(judgeChain(bodies).outcome).toBe('accepted');
    });
  });

  it.each([
    ['a newer one', rolloutBody(SECOND, THIRD)],
    ['itself', rolloutBody(THIRD, THIRD)],
  ])('I06: refuses to lead to a release from %s', (_, body) => {
    expectCode('ROLLBACK', () => judge(nextRollout(THREE.state, body)));
  });
});

/** Offers the last of these rollouts with all before it as history. */
function judgeChain(bodies: readonly ReturnType<typeof rolloutBody>[]): ReturnType<typeof offer> {
  const documents: SignedDocument[] = [];
  for (const body of bodies) {
    const before = documents.at(-1);
    documents.push(rolloutAfter(before && placeOf(before, documents.length), body));
  }
  const last = documents.at(-1);
  if (last === undefined) throw new Error('none');
  const chain = documents.map(({ statement }) => statement);
  const history = documents.slice(0, -1).map(({ body }) => body);
  return offer(THREE.state, last, { chain, history, named: THREE.stored });
}

describe('acceptDocument: places of rollouts', () => {
  it('refuses a gap, another predecessor and a replay', () => {
    const second = rolloutAfter(placeOf(GOOD, 1), rolloutBody(THIRD, SECOND, { state: 'paused' }));
    expectCode('GAP', () => judge(second));
    const { state } = judge(GOOD);
    const astray = rolloutAfter(
      { sequence: parseSequence(1), digest: BODY_DIGEST },
      rolloutBody(THIRD, SECOND),
    );
    expectCode('PREVIOUS', () => judge(astray, state));
    const unsigned = nextRollout(THREE.state, rolloutBody(THIRD, SECOND, { note: 'x' }), {
      keys: [],
    });
    expectCode('ROLLBACK', () => judge(unsigned, state));
  });

  it('stops at a fork, and goes on where the charter quorum decides', () => {
    const rival = nextRollout(THREE.state, rolloutBody(THIRD, SECOND, { state: 'aborted' }));
    const forked = judge(rival, judge(GOOD).state);
    expect(forked.outcome).toBe('forked');
    const evidence = forkOf(forked.state, ROLLOUTS);
    if (evidence === undefined) throw new Error('no fork');
    expect(acceptEvidence(THREE.state, evidence).state.streams.get(ROLLOUTS)).toEqual(
      forked.state.streams.get(ROLLOUTS),
    );
    // The releases go on.
    expect(offer(forked.state, nextRelease(forked.state, noted('four'))).outcome).toBe('accepted');
    const { digest } = parseStatement(rival.statement.payload);
    const resolutions = [{ stream: ROLLOUTS, sequence: parseSequence(1), digest }];
    const charter = nextCharter(forked.state, { resolutions }, ALICE, BOB);
    const decided = offer(forked.state, charter).state;
    expect(forkOf(decided, ROLLOUTS)).toBeUndefined();
    const settled = judge(rival, decided);
    expect(headOf(settled.state, ROLLOUTS)?.body.state).toBe('aborted');
    expectCode('FORK', () => judge(GOOD, decided));
  });

  it('refuses a body of another bundle or of another kind', () => {
    const { statement } = GOOD;
    expectCode('DIGEST', () => judge({ statement, body: THREE.documents[0]?.body ?? GOOD.body }));
    const release = nextRelease(THREE.state, { ...noted('x'), anchors: [anchor('one')] });
    const { bodyDigest, bodyBytes } = parseStatement(release.statement.payload);
    const mixed = nextRollout(THREE.state, rolloutBody(THIRD, SECOND), { bodyDigest, bodyBytes });
    const error = expectCode('PARSE', () =>
      judge({ statement: mixed.statement, body: release.body }),
    );
    // It is signed well: whoever passes it on may be of a later version.
    expect(error.detail).toMatchObject({ standing: 'history' });
    expect(error.message).toContain('a later version: upgrade');
  });

  it('comes back from a store', () => {
    const { state } = judge(GOOD);
    const { realm, firstCharterDigest, charters, streams } = state;
    const heads = [...streams.values()].flatMap(({ head }) =>
      head === undefined ? [] : [{ document: { statement: head.statement, body: head.bodyBytes } }],
    );
    const stored = { charters, heads, evidence: [] };
    expect(restoreTrustedState({ realm, firstCharterDigest }, stored)).toEqual(state);
  });
});
