import { describe, expect, it } from 'vitest';
import { Pending } from '../../../src/client/verified/pending.ts';
import { WaitingCharters } from '../../../src/client/verified/waiting-charters.ts';
import { RegionView } from '../../../src/core/log/region-view.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { FRA, IAD, regionsOf, SIN } from '../../core/log/fixtures.ts';
import { cosignedCharters } from '../support/regions.ts';

const NOW_MS = TEST_EPOCH_MS;

describe('WaitingCharters', () => {
  it('verifies a charter that waits once, however often it comes', () => {
    const realm = createTestRealm({ regions: regionsOf(FRA, IAD, SIN) });
    const trusted = realm.trustedState();
    const regions = new RegionView({ realm: realm.name, threshold: 2, localMs: NOW_MS });
    regions.govern(trusted.charters);
    const waiting = new WaitingCharters(regions, undefined);
    const pending = new Pending();
    let reads = 0;
    const sort = (...charters: readonly SignedDocument[]): number => {
      const read = reads;
      const sorted = waiting.sort(trusted, charters.map(counted), NOW_MS);
      pending.hold(sorted.waiting);
      expect(sorted.waiting?.version).toBe(1 + charters.length);
      return reads - read;
    };
    const two = realm.nextCharter((body) => ({ ...body, note: 'two' })).document;
    expect(sort(two)).toBeGreaterThan(0);
    expect(sort(two)).toBe(0);
    const three = realm.nextCharter((body) => ({ ...body, note: 'three' })).document;
    const first = sort(two, three);
    expect(first).toBeGreaterThan(0);
    expect(sort(two, three)).toBe(0);
    const before = reads;
    const { leaf } = cosignedCharters(realm, FRA, IAD);
    waiting.take(leaf, trusted, pending, NOW_MS);
    expect(reads).toBe(before);
    const { ready } = waiting.sort(trusted, pending.waiting?.charters ?? [], NOW_MS);
    expect(ready).toHaveLength(2);

    /** A document whose signatures are counted when somebody reads them. */
    function counted({ statement: { payload, signatures }, body }: SignedDocument): SignedDocument {
      const statement = {
        payload,
        get signatures() {
          reads += 1;
          return signatures;
        },
      };
      return { statement, body };
    }
  });
});
