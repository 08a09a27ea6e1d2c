import { describe, expect, it } from 'vitest';
import { expiringIn } from '../../src/core/trusted/expiry.ts';
import { ExpiryReminders, watchTrustExpiry } from '../../src/node/trust-expiry.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { DAY_MS, NOW_MS } from '../core/support.ts';
import { begin, nextRelease, noted, take } from '../core/trusted/world.ts';
import { recordingLogger } from './support/setup.ts';

// The charter lives 365 days from a day before, the release 30 days.
const bare = begin();
const state = take(bare, nextRelease(bare, noted('one')));
const CHARTER_END_MS = NOW_MS + 364 * DAY_MS;

function reminders(): (daysBefore: number) => readonly string[] {
  const logger = recordingLogger();
  const told = new ExpiryReminders(logger);
  return (daysBefore) => {
    const before = logger.lines.length;
    told.check(bare, CHARTER_END_MS - daysBefore * DAY_MS);
    return logger.lines.slice(before).map(({ event }) => event);
  };
}

describe('ExpiryReminders', () => {
  it('says once that the charter ends, 30, 14 and 7 days before, and when it has', () => {
    const at = reminders();
    expect(at(31)).toEqual([]);
    expect(at(29)).toEqual(['charter.expiring']);
    expect(at(15)).toEqual([]);
    expect(at(14)).toEqual(['charter.expiring']);
    expect(at(6)).toEqual(['charter.expiring']);
    expect(at(5)).toEqual([]);
    expect(at(-1)).toEqual(['charter.expiring']);
  });
});

describe('expiringIn', () => {
  it('warns of what lives shortly in the last third of its life alone', () => {
    expect(expiringIn(state, NOW_MS + 19 * DAY_MS)).toEqual([]);
    expect(expiringIn(state, NOW_MS + 21 * DAY_MS)).toMatchObject([{ stage: '14d' }]);
    expect(expiringIn(state, NOW_MS + 24 * DAY_MS)).toMatchObject([{ stage: '7d' }]);
    expect(expiringIn(state, NOW_MS + 31 * DAY_MS)).toMatchObject([{ stage: 'expired' }]);
  });
});

describe('watchTrustExpiry', () => {
  it('looks at once and every hour, until it is ended', () => {
    const clock = new SimulatedClock(CHARTER_END_MS - 30.02 * DAY_MS);
    const logger = recordingLogger();
    const end = watchTrustExpiry({ replicator: { durable: bare }, clock, logger });
    expect(logger.lines).toEqual([]);
    clock.advance(3_600_000);
    expect(logger.lines).toMatchObject([{ event: 'charter.expiring', stream: 'charter' }]);
    end();
    clock.advance(20 * DAY_MS);
    expect(logger.lines).toHaveLength(1);
  });
});
