import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../../../src/core/errors.ts';
import { isProposalFault } from '../../../../src/core/gossip/proposals/proposal-blame.ts';
import { createTestAnchor } from '../../../../src/testing/anchors.ts';
import { createTestRealm } from '../../../../src/testing/realm.ts';
import { propose, withdraw } from '../../proposals/support.ts';

describe('isProposalFault', () => {
  const realm = createTestRealm();
  const proposal = propose(realm, createTestAnchor('CA'), ['alice']);
  const stranger = new KedgeError('KEY', 'not by one who may');

  it('blames nobody who passes on what a signer withdrew that has left since', () => {
    const withdrawal = withdraw(realm, proposal, 'alice');
    expect(isProposalFault({ kind: 'proposal-withdrawn', withdrawal }, stranger)).toBe(false);
    expect(isProposalFault({ kind: 'proposal', proposal }, stranger)).toBe(true);
  });
});
