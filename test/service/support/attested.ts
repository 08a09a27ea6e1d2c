/** A source of attestations of a realm in which no region attests. */
import type { Store } from '../../../src/ports/store.ts';
import { AttestedSource } from '../../../src/service/clients/attested-source.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';

export function silentRegions(realm: TestRealm, store: Store): AttestedSource {
  const nothing = { cosigned: () => [], heartbeats: new Map(), splits: [] };
  return new AttestedSource({ state: realm.trustedState(), store, attestations: () => nothing });
}
