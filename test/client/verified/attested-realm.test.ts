import { describe, expect, it } from 'vitest';
import type { Applied } from '../../../src/client/verified/applied.ts';
import { AttestedRealm } from '../../../src/client/verified/attested-realm.ts';
import { Pending } from '../../../src/client/verified/pending.ts';
import { VerifiedRealm } from '../../../src/client/verified/verified-realm.ts';
import { CHARTER_STREAM } from '../../../src/core/ids.ts';
import { RegionView } from '../../../src/core/log/region-view.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { cosign, digestOf, FRA, GRU, IAD, regionsOf, SIN } from '../../core/log/fixtures.ts';
import { charters } from '../support/honest.ts';
import { cosignedCharters } from '../support/regions.ts';

describe('AttestedRealm', () => {
  it.each([
    ['asks anew for', GRU, true],
    ['takes at once', FRA, false],
  ])('%s a proof against the region %s, while a charter that lists gru waits', (_, by, isLate) => {
    const realm = createTestRealm({ regions: regionsOf(FRA, IAD, SIN) });
    const { digest: firstCharterDigest } = realm.charter;
    const pin = { realm: realm.name, firstCharterDigest, bundles: [], minSequences: new Map() };
    const regions = new RegionView({ realm: realm.name, threshold: 2, localMs: TEST_EPOCH_MS });
    const options = {
      realm: new VerifiedRealm(pin),
      regions,
      bundles: [],
      knownCharter: undefined,
    };
    const [attested, pending] = [new AttestedRealm(options), new Pending()];
    const apply = (message: WatchResponse): Applied =>
      attested.apply(message, pending, TEST_EPOCH_MS);
    apply(charters(realm.charter));
    const next = realm.nextCharter((charter) => ({
      ...charter,
      regions: regionsOf(FRA, GRU, IAD, SIN),
    }));
    expect(apply(charters(next))).toMatchObject({ kind: 'charters-wait' });
    const head = { realm: realm.name, stream: CHARTER_STREAM, size: 9, root: digestOf(1) };
    const [first, second] = [head, { ...head, root: digestOf(2) }] as const;
    const split = {
      first: { checkpoint: first, line: cosign(by, first, 1) },
      second: { checkpoint: second, line: cosign(by, second, 1) },
    };
    expect(apply({ kind: 'region-split', split })).toEqual({ kind: 'nothing' });
    const applied = apply(cosignedCharters(realm, IAD, SIN));
    expect(applied).toMatchObject({ kind: 'charters', version: 2, isLate });
  });
});
