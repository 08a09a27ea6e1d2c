import { describe, expect, it, onTestFinished } from 'vitest';
import { type BundleSource, openBundleSource } from '../../../src/client/source.ts';
import type { BundleStatus } from '../../../src/client/states/status.ts';
import { type TestRealm, type TestRealmOptions, testRealm } from '../../../src/testing/index.ts';

const BUNDLE = 'payments.test.example.org';
const MINUTE_MS = 60_000;

function makeRealm(options: TestRealmOptions = {}): TestRealm {
  const realm = testRealm({ regions: ['fra', 'iad', 'sin'], ...options });
  onTestFinished(() => realm[Symbol.asyncDispose]());
  return realm;
}

/** What a source has in use, what waits, and how it is. */
function seen(source: BundleSource): readonly unknown[] {
  const { sequence, waitingSequence, state } = status(source) ?? {};
  return [sequence, waitingSequence, state];
}

function status(source: BundleSource): BundleStatus | undefined {
  return source.status().bundles.find(({ name }) => name === BUNDLE);
}

describe('regions of a test realm', () => {
  it('vouch for what is published, and that it is the newest', async () => {
    const realm = makeRealm();
    const ca = realm.authority('CA');
    await realm.publish({ active: [ca] });
    const source = await realm.source({ requireRegions: 3 });
    await source.ready();
    await realm.publish({ active: [ca, realm.authority('CA 2')] });
    expect(seen(source)).toEqual([2, undefined, 'fresh']);
    expect(realm.regions).toEqual(['fra', 'iad', 'sin']);
    await realm.clock.advance(60 * MINUTE_MS);
    expect(seen(source)[2]).toBe('fresh');
  });

  it('hold a release back while too few of them speak, and bring it when they do', async () => {
    const realm = makeRealm();
    const ca = realm.authority('CA');
    await realm.publish({ active: [ca] });
    const [two, three] = [
      await realm.source({ requireRegions: 2 }),
      await realm.source({ requireRegions: 3 }),
    ];
    await Promise.all([two.ready(), three.ready()]);
    realm.silenceRegion('fra');
    await realm.publish({ active: [ca], staged: [realm.authority('New')] });
    expect([seen(two).slice(0, 2), seen(three).slice(0, 2)]).toEqual([
      [2, undefined],
      [1, 2],
    ]);
    expect(status(three)?.lastError?.code).toBe('QUORUM');
    await realm.restoreRegion('fra');
    expect(seen(three)).toEqual([2, undefined, 'fresh']);
  });

  it('leave a program stale when they fall silent, also while the node speaks', async () => {
    const realm = makeRealm({ staleAfterMs: 2 * MINUTE_MS });
    await realm.publish({ active: [realm.authority('CA')] });
    const [asking, other] = [await realm.source({ requireRegions: 2 }), await realm.source()];
    await Promise.all([asking.ready(), other.ready()]);
    for (const region of ['fra', 'sin']) realm.silenceRegion(region);
    await realm.clock.advance(3 * MINUTE_MS);
    expect([seen(asking)[2], seen(other)[2]]).toEqual(['stale', 'fresh']);
    // What one of them cosigned before is still its word for what has not changed since.
    const late = await realm.source({ requireRegions: 3 });
    await late.ready();
    expect(seen(late)).toEqual([1, undefined, 'stale']);
    await realm.restoreRegion('sin');
    expect(seen(asking)[2]).toBe('fresh');
  });

  it('vouch on a port as well', async () => {
    const realm = makeRealm();
    const ca = realm.authority('CA');
    await realm.publish({ active: [ca] });
    const { options } = await realm.listen();
    await using source = await openBundleSource({ ...options, requireRegions: 3 });
    await source.ready({ timeoutMs: 15_000 });
    realm.silenceRegion('iad');
    await realm.publish({ active: [ca, realm.authority('CA 2')] });
    expect(seen(source).slice(0, 2)).toEqual([1, 2]);
    await realm.restoreRegion('iad');
    expect(seen(source)).toEqual([2, undefined, 'fresh']);
  });

  it('are a fault of the test where the realm has none of that name', async () => {
    const realm = makeRealm();
    expect(() => realm.silenceRegion('mars')).toThrow(/no region mars/);
    await expect(realm.restoreRegion('mars')).rejects.toMatchObject({ code: 'CONFIG' });
    const without = makeRealm({ regions: [] });
    await expect(without.source({ requireRegions: 1 })).rejects.toThrow(/has no regions/);
  });
});
