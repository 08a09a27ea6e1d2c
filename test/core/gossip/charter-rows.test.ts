/**
 * Rows of charters: a chain that was recovered more often is fetched, and from where.
 */
import { describe, expect, it } from 'vitest';
import { requestFor } from '../../../src/core/gossip/fetching/places.ts';
import { compareRow, type Row, rowIn } from '../../../src/core/gossip/rows.ts';
import { CHARTER_STREAM, parseSha256 } from '../../../src/core/ids.ts';
import { RANK_FOR_EVER } from '../../../src/core/trusted/lineage.ts';
import { ALICE, BOB, CAROL, DAVE } from '../support.ts';
import { branch, recoveryKey, revealing, rolesOf, show } from '../trusted/charter-tree.ts';

const A = parseSha256('a'.repeat(64));
const DIGEST_B = { digest: parseSha256('b'.repeat(64)) };

describe('compareRow of charters', () => {
  it('fetches what was recovered more often, however short, and tells who has less', () => {
    const long = row(9);
    const short = row(3, { rank: 1 });
    expect(compareRow(long, short)).toBe('fetch');
    expect(compareRow(short, { ...long, rank: 0 })).toBe('tell');
    expect(compareRow(row(3, { rank: 2 }), row(9, { rank: 1 }))).toBe('tell');
  });

  it('goes by sequence and digest where both were recovered as often, or one does not say', () => {
    expect(compareRow(row(3, { rank: 1 }), row(4, { rank: 1, ...DIGEST_B }))).toBe('fetch');
    expect(compareRow(row(3, { rank: 1 }), row(3, { rank: 1 }))).toBe('same');
    expect(compareRow(row(3, { rank: 1 }), row(4, DIGEST_B))).toBe('fetch');
    expect(compareRow(row(3), row(2))).toBe('tell');
  });

  it('fetches the proof of a fork that nothing ends', () => {
    const over = row(1, { forked: true, rank: RANK_FOR_EVER });
    expect(compareRow(row(9, { rank: 4 }), over)).toBe('fetch');
    expect(compareRow(over, row(9, { rank: 4 }))).toBe('tell');
  });
});

describe('requestFor charters', () => {
  it('asks for all that may have rivals', () => {
    const ours = row(7, { rank: 1, covered: 4 });
    expect(requestFor(ours, row(6, { rank: 2 }))).toMatchObject({ fromSequence: 5, toSequence: 6 });
    expect(requestFor(ours, row(7, { rank: 1, ...DIGEST_B }))).toMatchObject({ fromSequence: 5 });
    expect(requestFor(row(7), row(2, { rank: 1 }))).toMatchObject({ fromSequence: 1 });
  });

  it('asks for the rest of the same chain, and for all where nothing should differ', () => {
    const ours = row(7, { rank: 1, covered: 4 });
    expect(requestFor(ours, row(9, { rank: 1 }))).toEqual({
      stream: CHARTER_STREAM,
      fromSequence: 8,
    });
    const other = requestFor(ours, row(3, DIGEST_B));
    expect(other).toEqual({ stream: CHARTER_STREAM, fromSequence: 1 });
  });
});

describe('rowIn', () => {
  const roles = rolesOf(['carol', 'dave', 'erin'], 4, 5, 6);
  const stolen = branch('stolen', undefined, {}, ALICE, BOB);
  const [first, second, third] = [recoveryKey(1), recoveryKey(2), recoveryKey(3)] as const;
  const owners = [CAROL, DAVE] as const;
  const back = branch('back', stolen, { roles, ...revealing(1, 2) }, first, second, ...owners);
  const twice = branch('twice', undefined, { roles, ...revealing(2, 3) }, second, third, ...owners);

  it('says how often the charters were recovered, and what has no rivals any more', () => {
    expect(rowIn(stolen.state, CHARTER_STREAM)).not.toHaveProperty('rank');
    expect(rowIn(back.state, CHARTER_STREAM)).toMatchObject({ sequence: 3, rank: 1, covered: 3 });
    const over = show(back.state, twice);
    expect(rowIn(over, CHARTER_STREAM)).toMatchObject({ sequence: 1, rank: RANK_FOR_EVER });
    const rival = branch('rival', undefined, {}, ALICE, BOB);
    expect(rowIn(show(stolen.state, rival), CHARTER_STREAM)).not.toHaveProperty('rank');
  });
});

function row(sequence: number, more: Partial<Row> = {}): Row {
  return { stream: CHARTER_STREAM, sequence, digest: A, forked: false, ...more };
}
