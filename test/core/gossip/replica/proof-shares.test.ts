import { beforeEach, describe, expect, it } from 'vitest';
import { ProofShares } from '../../../../src/core/gossip/replica/proof-shares.ts';
import { parseNodeId, parseStreamName } from '../../../../src/core/ids.ts';
import type { SignedStatement } from '../../../../src/core/statements/envelope.ts';

const FRA = parseNodeId('fra-1');
const SIN = parseNodeId('sin-1');
const STREAM = parseStreamName('release/payments.test.example.org');
const OPEN = { stream: STREAM, state: 'open' } as const;
const STOPPED = { stream: STREAM, state: 'stopped' } as const;

describe('ProofShares', () => {
  let shares: ProofShares;

  beforeEach(() => {
    shares = new ProofShares();
  });

  it('takes many proofs with few signatures, and few with many', () => {
    expect(taken(FRA, 3)).toBe(85);
    expect(taken(SIN, 64)).toBe(4);
  });

  it('fills the share of a peer again, and leaves that of others alone', () => {
    taken(FRA, 64);
    expect(shares.take(SIN, proof(64), OPEN, 0)).toBe(true);
    expect(shares.take(FRA, proof(64), OPEN, 1999)).toBe(false);
    expect(shares.take(FRA, proof(64), OPEN, 2000)).toBe(true);
  });

  it('replaces the proof of a stream that has stopped a few times, and then seldom', () => {
    const replaced = (): boolean => shares.take(FRA, proof(1), STOPPED, 0);
    expect(Array.from({ length: 10 }, replaced).filter(Boolean)).toHaveLength(8);
    expect(shares.take(SIN, proof(1), STOPPED, 999)).toBe(false);
    expect(shares.take(SIN, proof(1), STOPPED, 1999)).toBe(true);
  });

  /** How many proofs of a peer are taken at once. */
  function taken(from: typeof FRA, signatures: number): number {
    let count = 0;
    while (shares.take(from, proof(signatures), OPEN, 0)) count += 1;
    return count;
  }
});

/** Two statements with so many signatures each. */
function proof(count: number): readonly SignedStatement[] {
  const signature = { keyId: '', signature: new Uint8Array(64) };
  const signatures = Array.from({ length: count }, () => signature);
  const statement = { payload: new Uint8Array(1), signatures };
  return [statement, statement];
}
