/**
 * What a program makes of regions that seem to say that its clock is ahead: old heartbeats, played
 * back at their pace, look the same.
 */
import { expect, it } from 'vitest';
import { parseBundleName } from '../../src/core/ids.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { SimulatedClock, TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';
import { FRA, IAD, regionsOf, SIN } from '../core/log/fixtures.ts';
import { current, honest } from './support/honest.ts';
import { cosigned, heartbeat, rowsAt } from './support/regions.ts';
import { startNode } from './support/scripted-node.ts';
import { BUNDLE, openSource, until } from './support/source.ts';

const NAME = parseBundleName(BUNDLE);
const MINUTE_MS = 60_000;

it('takes away what expired though its clock seems to be ahead (FR-7)', async () => {
  const realm = createTestRealm({ regions: regionsOf(FRA, IAD, SIN) });
  const anchors = createTestAnchors(1);
  const release = realm.nextRelease(BUNDLE, addActive(...anchors), {
    expiresMs: TEST_EPOCH_MS + 10 * MINUTE_MS,
  });
  const clock = new SimulatedClock();
  const node = await startNode(honest(realm, anchors));
  const options = { requireRegions: 2, onExpired: 'fail', clock } as const;
  const source = await openSource(realm, [node.endpoint], {
    ...options,
    silenceTimeoutMs: 2 ** 31 - 1,
  });
  await until(() => node.sessions.length > 0);
  const [session] = node.sessions;
  session?.send(cosigned(realm, NAME, 1, FRA, IAD));
  const trusted = (): number => source.bundle(BUNDLE)?.trusted('tls-server').length ?? -1;
  await until(() => trusted() === 1);
  const rows = rowsAt(realm, new Map([[NAME, 1]]));
  const play = async (passedMs: number, recordedMs: number): Promise<void> => {
    clock.advance(passedMs);
    const timeMs = TEST_EPOCH_MS + recordedMs;
    session?.send(...[FRA, IAD].map((region) => heartbeat(realm, region, timeMs, rows)));
    session?.send(current(NAME, release));
    await until(() => source.status().bundles[0]?.confirmedAtMs === clock.nowMs());
  };
  await play(7 * MINUTE_MS, 1000);
  await play(MINUTE_MS, 61_000);
  expect(source.status().clock).toBe('ahead');
  expect(trusted()).toBe(1);
  clock.advance(2 * MINUTE_MS);
  await until(() => source.status().bundles[0]?.state === 'expired');
  expect(source.status().clock).toBe('ahead');
  expect(trusted()).toBe(0);
});
