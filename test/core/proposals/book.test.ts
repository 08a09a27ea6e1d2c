import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../../src/core/charter/charter.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { PROPOSALS_PER_STREAM_MAX } from '../../../src/core/limits.ts';
import { ProposalBook } from '../../../src/core/proposals/book.ts';
import type { Proposal } from '../../../src/core/proposals/model.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { BUNDLE, propose, withdraw } from './support.ts';

const DAY_MS = 86_400_000;
const NOW = TEST_EPOCH_MS;
const anchors = createTestAnchors(4);
const [anchor] = anchors;

describe('ProposalBook', () => {
  let realm: TestRealm;
  let state: TrustedState;
  let book: ProposalBook;

  beforeEach(() => {
    realm = createTestRealm({ signers: 5 });
    state = realm.trustedState();
    book = new ProposalBook();
  });

  function by(...signers: readonly string[]): Proposal {
    if (anchor === undefined) throw new Error('no anchor');
    return propose(realm, anchor, signers);
  }

  function signersIn(of: ProposalBook): readonly string[] {
    return of.open.flatMap(({ signers }) => signers);
  }

  function codeOf(act: () => unknown): string {
    try {
      act();
    } catch (thrown) {
      return KedgeError.from(thrown).code;
    }
    return 'none';
  }

  it('joins the signatures of one statement', () => {
    expect(book.take(state, by('alice'), NOW)).toBe('new');
    expect(book.take(state, by('bob'), NOW)).toBe('more');
    expect(book.take(state, by('alice', 'bob'), NOW)).toBe('held');
    expect(book.sign(state, by('carol').document.statement)).toBe('more');
    expect(signersIn(book)).toEqual(['alice', 'bob', 'carol']);
  });

  it('comes to the same whatever the order and however often', () => {
    const names = ['alice', 'bob', 'carol', 'signer-4', 'signer-5'];
    const parts = names.map((name) => by(name));
    const step = fc.nat({ max: parts.length - 1 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const [one, two] = [new ProposalBook(), new ProposalBook()];
        for (const at of steps) one.take(state, parts[at] ?? by('alice'), NOW);
        for (const at of steps.toReversed()) two.take(state, parts[at] ?? by('alice'), NOW);
        expect(one.root).toBe(two.root);
        expect(signersIn(one)).toEqual(signersIn(two));
      }),
      { numRuns: 30 },
    );
  });

  it('refuses a signature that is not by the key that it names, and keeps what it had', () => {
    book.take(state, by('alice'), NOW);
    const { root } = book;
    const { payload, signatures } = by('bob').document.statement;
    const forged = signatures.map(({ keyId }) => ({ keyId, signature: new Uint8Array(64) }));
    expect(codeOf(() => book.sign(state, { payload, signatures: forged }))).toBe('THRESHOLD');
    expect(book.root).toBe(root);
  });

  it('keeps few proposals of one signer for one stream, and all of the others', () => {
    const count = PROPOSALS_PER_STREAM_MAX + 1;
    const all = anchors.slice(0, count).map((one) => propose(realm, one, ['alice']));
    const codes = all.map((one) => codeOf(() => book.take(state, one, NOW)));
    expect(codes).toEqual([...Array.from({ length: count - 1 }, () => 'none'), 'LIMIT']);
    const last = anchors[count];
    if (last === undefined) throw new Error('no anchor');
    expect(book.take(state, propose(realm, last, ['bob']), NOW)).toBe('new');
    expect(book.size).toBe(count);
  });

  it('leaves room for what takes the place of withdrawn ones, whoever withdrew them', () => {
    for (const one of anchors.slice(0, PROPOSALS_PER_STREAM_MAX)) {
      const proposal = propose(realm, one, ['alice', 'bob']);
      book.take(state, proposal, NOW);
      expect(book.withdraw(state, withdraw(realm, proposal, 'bob'), NOW)).toBe('new');
    }
    const [last] = anchors.slice(PROPOSALS_PER_STREAM_MAX);
    if (last === undefined) throw new Error('no anchor');
    expect(book.take(state, propose(realm, last, ['alice']), NOW)).toBe('new');
  });

  it('lets a proposal go when its place is taken, by itself or by another', () => {
    const mine = by('alice');
    book.take(state, mine, NOW);
    if (anchor !== undefined) realm.nextRelease(BUNDLE, addActive(anchor));
    const { ended } = book.review(realm.trustedState(), NOW);
    expect(ended.map(({ end, digest }) => [end, digest])).toEqual([
      ['taken', sha256(mine.document.statement.payload)],
    ]);
    expect(book.size).toBe(0);
  });

  it('lets a proposal go when it is over', () => {
    book.take(state, by('alice'), NOW);
    expect(book.review(state, NOW + 14 * DAY_MS - 1000).ended).toEqual([]);
    expect(book.review(state, NOW + 14 * DAY_MS).ended.map(({ end }) => end)).toEqual(['expired']);
  });

  it('counts again under another charter, and lets go what nobody supports any more', () => {
    book.take(state, by('alice'), NOW);
    book.take(state, by('bob'), NOW);
    book.review(state, NOW);
    const without = (name: string): TrustedState => {
      const lessen = (role: Role): Role => ({
        ...role,
        signers: role.signers.filter((id) => id !== name),
        threshold: 3,
      });
      realm.nextCharter(({ roles, ...charter }) => ({
        ...charter,
        roles: { ...roles, charter: lessen(roles.charter), release: lessen(roles.release) },
      }));
      return realm.trustedState();
    };
    expect(book.review(without('alice'), NOW).changed).toHaveLength(1);
    expect(signersIn(book)).toEqual(['bob']);
    expect(book.review(without('bob'), NOW).ended.map(({ end }) => end)).toEqual(['void']);
  });

  it('keeps a withdrawn proposal out until it would have ended', () => {
    const proposal = by('alice');
    book.take(state, proposal, NOW);
    expect(book.withdraw(state, withdraw(realm, proposal, 'alice'), NOW)).toBe('new');
    expect(book.open).toEqual([]);
    expect(codeOf(() => book.take(state, proposal, NOW))).toBe('CONFLICT');
    expect(book.sign(state, by('bob').document.statement)).toBe('held');
    expect(book.review(state, NOW + 14 * DAY_MS).forgotten).toHaveLength(1);
  });

  it('knows a withdrawal before its proposal, from somebody who signed it alone', () => {
    const proposal = by('alice');
    const lacking = withdraw(realm, { ...proposal, document: by().document }, 'bob');
    expect(codeOf(() => book.withdraw(state, lacking, NOW))).toBe('THRESHOLD');
    expect(book.withdraw(state, withdraw(realm, proposal, 'alice'), NOW)).toBe('new');
    expect(codeOf(() => book.take(state, proposal, NOW))).toBe('CONFLICT');
  });

  it('takes no withdrawal of somebody who neither signed nor holds the charter role', () => {
    realm.nextCharter((charter) => ({
      ...charter,
      roles: {
        ...charter.roles,
        charter: { ...charter.roles.charter, signers: charter.roles.charter.signers.slice(0, 3) },
      },
    }));
    state = realm.trustedState();
    const proposal = by('alice');
    expect(codeOf(() => book.withdraw(state, withdraw(realm, proposal, 'signer-5'), NOW))).toBe(
      'KEY',
    );
    expect(book.withdraw(state, withdraw(realm, proposal, 'bob'), NOW)).toBe('new');
    book = new ProposalBook();
    const own = by('signer-5');
    expect(codeOf(() => book.withdraw(state, withdraw(realm, own, 'signer-4'), NOW))).toBe('KEY');
    expect(book.withdraw(state, withdraw(realm, own, 'signer-5'), NOW)).toBe('new');
  });

  it('takes no signature for a statement in place of a withdrawal', () => {
    const proposal = by('alice');
    const [signature] = proposal.document.statement.signatures;
    if (signature === undefined) throw new Error('no signature');
    const withdrawal = { statement: proposal.document.statement, signature };
    expect(codeOf(() => book.withdraw(state, withdrawal, NOW))).toBe('KEY');
  });
});
