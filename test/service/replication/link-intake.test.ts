import { beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/core/gossip/frames.ts';
import { NO_PREVIOUS, parseNodeId, parseStreamName } from '../../../src/core/ids.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import { LinkIntake } from '../../../src/service/replication/link-intake.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

const stream = parseStreamName('charter');
const HELD: Frame = {
  kind: 'held',
  row: { stream, sequence: 1, digest: NO_PREVIOUS, forked: false },
};

describe('LinkIntake', () => {
  let clock: SimulatedClock;
  let intake: LinkIntake;
  let readings: string[];

  beforeEach(() => {
    clock = new SimulatedClock();
    intake = new LinkIntake({ clock, logger: noLogger, metrics: noMetrics });
    readings = [];
  });

  it('does not read a link while a frame of it waits for the store', async () => {
    let done = (): void => undefined;
    const work = new Promise<void>((resolve) => {
      done = resolve;
    });
    const waiting = intake.during(link('1'), work);
    expect(readings).toEqual(['1 off']);
    done();
    await waiting;
    expect(readings).toEqual(['1 off', '1 on']);
  });

  it('reads a link again when its peer has waited for its share', () => {
    flood('1');
    expect(readings).toEqual(['1 off']);
    clock.advance(1000);
    expect(readings).toEqual(['1 off', '1 on']);
  });

  it('holds the next link of a peer for what the one before used up', () => {
    flood('1');
    intake.forget('1');
    expect(clock.pendingTimers).toBe(0);
    intake.took(link('2'), HELD, 10);
    expect(readings).toEqual(['1 off', '2 off']);
  });

  it('leaves a link alone that is gone when the work is done', async () => {
    const waiting = intake.during(link('1'), Promise.resolve());
    intake.forget('1');
    await waiting;
    expect(readings).toEqual(['1 off']);
  });

  function flood(linkId: string): void {
    for (let i = 0; i < 9000; i += 1) intake.took(link(linkId), HELD, 10);
  }

  function link(linkId: string): Parameters<LinkIntake['took']>[0] {
    const handle = {
      linkId,
      send: () => 'sent' as const,
      reading: (state: string) => void readings.push(`${linkId} ${state}`),
      close: () => undefined,
    };
    return { nodeId: parseNodeId('fra-1'), handle };
  }
});
