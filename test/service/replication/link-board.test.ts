import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import { parseNodeId } from '../../../src/core/ids.ts';
import type { Logger } from '../../../src/ports/logger.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { LinkBoard } from '../../../src/service/replication/link-board.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

const FRA = parseNodeId('fra-1');
const REFUSED = new KedgeError('UNAVAILABLE', 'connection refused');

describe('LinkBoard', () => {
  let clock: SimulatedClock;
  let board: LinkBoard;
  let logged: string[];

  beforeEach(() => {
    clock = new SimulatedClock();
    logged = [];
    const logger: Logger = {
      ...noLogger,
      info: (_, message) => void logged.push(`info ${message}`),
      warn: (_, message) => void logged.push(`warn ${message}`),
    };
    board = new LinkBoard(clock, logger);
  });

  it('does not warn of a node that is not there yet, until it takes too long', () => {
    board.down(FRA, REFUSED);
    board.down(FRA, REFUSED);
    expect(logged).toEqual(['info no link yet']);
    clock.advance(60_000);
    board.down(FRA, REFUSED);
    board.down(FRA, REFUSED);
    expect(logged).toEqual(['info no link yet', 'warn link down']);
  });

  it('warns at once when a link is lost, and again for another reason', () => {
    board.up(FRA);
    board.down(FRA, undefined);
    expect(board.read(FRA)).toMatchObject({ state: 'down', lastError: 'closed by the peer' });
    board.down(FRA, REFUSED);
    board.down(FRA, REFUSED);
    expect(logged).toEqual(['warn link down', 'warn link down']);
    expect(board.read(FRA)).toMatchObject({ state: 'down', lastError: 'connection refused' });
  });

  it('says of a seed that was linked since when it leads to nobody, not since before', () => {
    const target = { address: '10.0.0.4:7441' } as const;
    board.failed(target, REFUSED);
    board.up(FRA);
    clock.advance(18_000);
    board.lost(FRA, target.address, undefined);
    const sinceMs = clock.nowMs();
    board.failed(target, REFUSED);
    expect(board.failingSeeds([])).toMatchObject([{ ...target, sinceMs }]);
  });
});
