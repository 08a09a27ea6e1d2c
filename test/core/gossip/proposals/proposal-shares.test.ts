import { describe, expect, it } from 'vitest';
import type { Signer } from '../../../../src/core/charter/model.ts';
import type { Algorithm } from '../../../../src/core/crypto.ts';
import { ProposalShares } from '../../../../src/core/gossip/proposals/proposal-shares.ts';
import { parseNodeId } from '../../../../src/core/ids.ts';
import type { ProposalNews } from '../../../../src/core/proposals/frames.ts';
import { createTestRealm } from '../../../../src/testing/realm.ts';

const FRA = parseNodeId('fra-1');
const SIN = parseNodeId('sin-1');

describe('ProposalShares', () => {
  let shares: ProposalShares;

  it('charges a signature for what checking it with its key costs', () => {
    expect(taken(signersOf('ed25519'), 1, 'named')).toBe(512);
    expect(taken(signersOf('ml-dsa-65'), 1, 'named')).toBe(53);
  });

  it('charges what names no key, or one again, for all keys that are tried', () => {
    expect(taken(signersOf('ed25519'), 1, 'unnamed')).toBe(256);
    expect(taken(signersOf('ed25519'), 2, 'named')).toBe(204);
    expect(taken(signersOf('ml-dsa-65'), 64, 'unnamed')).toBe(2);
  });

  it('leaves the shares of others alone, and fills again', () => {
    const signers = signersOf('ml-dsa-65');
    taken(signers, 64, 'unnamed');
    const one = newsOf(signers, 64, 'unnamed');
    expect(shares.take(SIN, one, signers, 0)).toBe(true);
    expect(shares.take(FRA, one, signers, 0)).toBe(false);
    expect(shares.take(FRA, one, signers, 6000)).toBe(true);
  });

  /** How much news of a peer is taken at once, of its whole share. */
  function taken(...[signers, count, hints]: Parameters<typeof newsOf>): number {
    shares = new ProposalShares();
    let times = 0;
    while (shares.take(FRA, newsOf(signers, count, hints), signers, 0)) times += 1;
    return times;
  }
});

function signersOf(alg: Algorithm): readonly Signer[] {
  return createTestRealm({ signers: 3, alg }).charter.charter.signers;
}

/** So many signatures that name the first key, or none. */
function newsOf(
  signers: readonly Signer[],
  count: number,
  hints: 'named' | 'unnamed',
): ProposalNews {
  const keyId = hints === 'named' ? (signers[0]?.keys[0]?.keyId ?? '') : '';
  const signature = { keyId, signature: new Uint8Array(64) };
  const signatures = Array.from({ length: count }, () => signature);
  return { kind: 'proposal-signed', statement: { payload: new Uint8Array(1), signatures } };
}
