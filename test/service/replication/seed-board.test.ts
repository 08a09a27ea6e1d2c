import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { parseNodeId } from '../../../src/core/ids.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { SeedBoard } from '../../../src/service/replication/seed-board.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

const FRA = parseNodeId('fra-1');
const SEED = 'fra-1.example.org:7441';
const ADDRESS = '10.0.0.4:7441';
const REFUSED = new KedgeError('UNAVAILABLE', 'connection refused');

describe('SeedBoard', () => {
  let clock: SimulatedClock;
  let board: SeedBoard;
  let logged: string[];

  beforeEach(() => {
    clock = new SimulatedClock();
    logged = [];
    board = new SeedBoard(clock, {
      ...noLogger,
      warn: (fields) => void logged.push(fields.event),
    });
  });

  it('tells of a name that cannot be looked up, and says so once in the log', () => {
    const unresolved = [{ seed: SEED, reason: 'getaddrinfo ENOTFOUND' }];
    const sinceMs = clock.nowMs();
    board.resolved({ addresses: [], unresolved });
    clock.advance(5_000);
    board.resolved({ addresses: [], unresolved });
    expect(board.failing([])).toEqual([
      { address: SEED, sinceMs, reason: 'getaddrinfo ENOTFOUND' },
    ]);
    expect(logged).toEqual(['seed.unresolved']);
    board.resolved({ addresses: [ADDRESS], unresolved: [] });
    expect(board.failing([])).toEqual([]);
  });

  it('tells where nobody answers, with the last reason, until somebody does', () => {
    board.failed(ADDRESS, REFUSED);
    board.failed(ADDRESS, new KedgeError('ACCESS', 'no node'));
    expect(board.failing([])).toMatchObject([{ address: ADDRESS, reason: 'no node' }]);
    board.answered(ADDRESS, FRA);
    expect(board.failing([])).toEqual([]);
  });

  it('counts anew after a link, by address or by id, whoever dialled it', () => {
    for (const address of [ADDRESS, 'fra-1:7441']) {
      board.answered(ADDRESS, FRA);
      board.failed(ADDRESS, REFUSED);
      clock.advance(18_000);
      board.lost(FRA, address);
      const sinceMs = clock.nowMs();
      board.failed(ADDRESS, REFUSED);
      clock.advance(2_000);
      board.failed(ADDRESS, REFUSED);
      expect(board.failing([])).toMatchObject([{ address: ADDRESS, sinceMs }]);
    }
    board.resolved({ addresses: [ADDRESS, 'sin-1:7441'], unresolved: [] });
    board.lost(parseNodeId('sin-1'), 'sin-1:7441');
    expect(board.failing([])).toHaveLength(1);
  });

  it('forgets addresses that the seeds do not stand for any more', () => {
    board.failed(ADDRESS, REFUSED);
    board.resolved({ addresses: ['10.0.0.5:7441'], unresolved: [] });
    expect(board.failing([])).toEqual([]);
  });

  it('leaves out seeds of members that are linked or have left, by address or by id', () => {
    board.failed(ADDRESS, REFUSED);
    const member = { nodeId: FRA, address: ADDRESS } as const;
    expect(board.failing([{ ...member, standing: 'other' }])).toHaveLength(1);
    expect(board.failing([{ ...member, standing: 'settled' }])).toEqual([]);
    board.answered(ADDRESS, FRA);
    board.failed(ADDRESS, REFUSED);
    const elsewhere = { nodeId: FRA, address: 'fra-1:7441', standing: 'settled' } as const;
    expect(board.failing([elsewhere])).toEqual([]);
  });
});
