import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { PROPOSAL_LIFE_MS } from '../../../src/core/limits.ts';
import { ProposalBook } from '../../../src/core/proposals/book.ts';
import { EXPIRING_MS, proposalSamples } from '../../../src/service/queries/proposal-vitals.ts';
import { createTestAnchor } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { propose } from '../../core/proposals/support.ts';

const anchor = createTestAnchor('CA');

describe('proposalSamples', () => {
  let realm: TestRealm;
  let book: ProposalBook;
  let isComplete: boolean;
  let refusal: KedgeError | undefined;

  beforeEach(() => {
    realm = createTestRealm({ signers: 5, threshold: 3 });
    book = new ProposalBook();
    isComplete = false;
    refusal = undefined;
  });

  function take(...signers: readonly string[]): void {
    book.take(realm.trustedState(), propose(realm, anchor, signers), TEST_EPOCH_MS);
  }

  function seen(nowMs = TEST_EPOCH_MS): Readonly<Record<string, number>> {
    const { open } = book;
    const proposals = { open, ended: [], find: () => open[0], isComplete: () => isComplete };
    const offers = { proposals, refusalOf: () => refusal };
    const samples = proposalSamples({ durable: realm.trustedState(), offers }, nowMs);
    return Object.fromEntries(
      samples.map(({ name, value }) => [name.replace('kedge_proposals_', ''), value]),
    );
  }

  it('are all 0 while nothing is proposed', () => {
    expect(seen()).toEqual({ open: 0, expiring: 0, refused: 0, signatures_missing: 0 });
  });

  it('count what is open and the signatures that it lacks', () => {
    take('alice');
    expect(seen()).toEqual({ open: 1, expiring: 0, refused: 0, signatures_missing: 2 });
    take('alice', 'bob');
    expect(seen()).toMatchObject({ open: 1, signatures_missing: 1 });
  });

  it('say of one with the signatures of its role, and not enough, that it lacks one', () => {
    take('alice', 'bob', 'carol');
    expect(seen()).toMatchObject({ signatures_missing: 1 });
    isComplete = true;
    expect(seen()).toMatchObject({ signatures_missing: 0 });
  });

  it('count what ends soon, and what is refused with all signatures', () => {
    take('alice');
    const endsMs = TEST_EPOCH_MS + PROPOSAL_LIFE_MS;
    expect(seen(endsMs - EXPIRING_MS - 1)).toMatchObject({ expiring: 0 });
    expect(seen(endsMs - EXPIRING_MS)).toMatchObject({ expiring: 1 });
    refusal = new KedgeError('POLICY', 'outside of the window');
    expect(seen()).toMatchObject({ refused: 1 });
  });
});
