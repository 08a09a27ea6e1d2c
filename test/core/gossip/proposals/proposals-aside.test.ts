/**
 * What the clock of a node alone calls over: until when it is kept, by the word of regions.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/crypto.ts';
import { ProposalsAside } from '../../../../src/core/gossip/proposals/proposals-aside.ts';
import type { Sha256 } from '../../../../src/core/ids.ts';
import type { HeartbeatBook } from '../../../../src/core/log/heartbeat-book.ts';
import { ProposalBook } from '../../../../src/core/proposals/book.ts';
import type { KeptProposal, Proposal } from '../../../../src/core/proposals/model.ts';
import { parseStatement } from '../../../../src/core/statements/statement.ts';
import { createTestAnchor } from '../../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';
import { FRA, heartbeat, IAD, regionsOf, SIN, treeAt } from '../../log/fixtures.ts';
import { propose } from '../../proposals/support.ts';

const DAY_MS = 86_400_000;
const LATE_MS = TEST_EPOCH_MS + 15 * DAY_MS;

describe('ProposalsAside', () => {
  let realm: TestRealm;
  let book: ProposalBook;
  let dropped: Sha256[];
  let heartbeats: HeartbeatBook;
  let aside: ProposalsAside;
  let proposal: Proposal;
  let kept: KeptProposal;
  let digest: Sha256;

  beforeEach(() => {
    realm = createTestRealm({ regions: regionsOf(FRA, IAD, SIN) });
    book = new ProposalBook();
    dropped = [];
    heartbeats = new Map();
    const durable = realm.trustedState();
    aside = new ProposalsAside({
      ...{ book, replica: { durable }, heartbeats: () => heartbeats },
      keeping: { note: (one) => dropped.push(one) },
    });
    proposal = propose(realm, createTestAnchor('CA'), ['alice']);
    kept = { kind: 'open', proposal };
    ({ digest } = parseStatement(proposal.document.statement.payload));
    aside.takeUp(kept, LATE_MS);
  });

  it('keeps what regions do not confirm, unheard or with another time', () => {
    expect(aside.review(LATE_MS)).toEqual([]);
    heartbeats = heard(TEST_EPOCH_MS);
    expect(aside.review(LATE_MS)).toEqual([]);
    expect(aside.kept(digest)).toBe(kept);
    expect(dropped).toEqual([]);
    expect(aside.review(TEST_EPOCH_MS)).toEqual([digest]);
    expect(book.find(digest)?.kind).toBe('open');
    expect(aside.kept(digest)).toBeUndefined();
  });

  it('lets it go when more than half of the regions say the same time', () => {
    heartbeats = heard(LATE_MS);
    expect(aside.review(LATE_MS)).toEqual([]);
    expect(dropped).toEqual([digest]);
    expect(aside.review(TEST_EPOCH_MS)).toEqual([]);
    expect(book.size).toBe(0);
  });

  it('lets it go after a day by a clock that nobody sets', () => {
    aside.now(DAY_MS - 1);
    aside.review(LATE_MS);
    expect(dropped).toEqual([]);
    aside.now(DAY_MS);
    aside.review(LATE_MS);
    expect(dropped).toEqual([digest]);
  });

  it('keeps what only a charter ends that is over by that clock', () => {
    const days = (count: number): number => TEST_EPOCH_MS + count * DAY_MS;
    const short = createTestRealm({ regions: regionsOf(FRA, IAD, SIN) });
    short.nextCharter((body) => body, { expiresMs: days(3) });
    const durable = short.trustedState();
    aside = new ProposalsAside({
      ...{ book, replica: { durable }, heartbeats: () => heartbeats },
      keeping: { note: (one) => dropped.push(one) },
    });
    const other = propose(short, createTestAnchor('CA'), ['alice']);
    aside.takeUp({ kind: 'open', proposal: other }, days(5));
    expect(aside.review(days(5))).toEqual([]);
    expect(dropped).toEqual([]);
    expect(aside.review(days(1))).toHaveLength(1);
    expect(book.size).toBe(1);
  });

  it('keeps the newest where there are too many', () => {
    const blobs = Array.from({ length: 33 }, () => new Uint8Array(1024 * 1024));
    const large = propose(realm, createTestAnchor('Other'), ['bob']);
    aside.put({ kind: 'open', proposal: { ...large, blobs } });
    expect(dropped).toEqual([]);
    aside.put({ kind: 'open', proposal: { ...proposal, blobs } });
    expect(dropped).toEqual([sha256(large.document.statement.payload)]);
  });
});

function heard(timeMs: number): HeartbeatBook {
  return new Map([FRA, SIN].map((one) => [one, heartbeat(one, timeMs / 1000, treeAt(1))]));
}
