/**
 * The regions of a test realm: each has a key that its charter lists, and vouches for what the node
 * holds until the test silences it.
 *
 * @module
 */
import type { Charter } from '../../core/charter/charter.ts';
import { generateSigningKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { rowsOf } from '../../core/gossip/rows.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  parseRegionName,
  type RegionName,
  releaseStream,
} from '../../core/ids.ts';
import { type HeadTree, headTree } from '../../core/log/heads.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import {
  attestedRows,
  cosignedLeaf,
  logNameOf,
  signHeartbeat,
  type TestRegion,
} from '../attesting.ts';
import type { TestRealm } from '../realm.ts';

/** What regions vouch for: the documents of a realm, what they come to, and when that is. */
export interface Vouched {
  readonly realm: TestRealm;
  readonly state: TrustedState;
  readonly nowMs: number;
}

/** The regions of one realm. */
export class TestRegions {
  readonly names: readonly RegionName[];
  /** As the charter lists them. */
  readonly listed: Charter['regions'];
  readonly #regions: readonly TestRegion[];
  /** How far each silent region had cosigned each bundle when it fell silent. */
  readonly #silent: Map<RegionName, ReadonlyMap<BundleName, number>> = new Map();

  /** Errors: `PARSE` for what is no name of a region. */
  constructor(names: readonly string[]) {
    this.names = [...new Set(names)].toSorted().map(parseRegionName);
    this.#regions = this.names.map((region) => ({ region, key: generateSigningKey('ed25519') }));
    this.listed = this.#regions.map(({ region: name, key }) => ({ name, keys: [key.publicKey] }));
  }

  /** Says whether so many regions speak now; without a number, whether all do. */
  canVouch(required: number = this.names.length): boolean {
    return this.names.length - this.#silent.size >= required;
  }

  /** From now on a region signs nothing. Errors: `CONFIG` for one that there is not. */
  silence(name: string, bundles: readonly BundleName[], realm: TestRealm): void {
    const region = this.#known(name);
    if (this.#silent.has(region)) return;
    const sizes = bundles.map((bundle) => [bundle, realm.releases(bundle).length] as const);
    this.#silent.set(region, new Map(sizes));
  }

  /** It signs again, also what it missed. Errors: `CONFIG`. */
  restore(name: string): void {
    this.#silent.delete(this.#known(name));
  }

  /** Cosignatures of the heads of bundles, and {@link beats}. */
  attest(bundles: readonly BundleName[], vouched: Vouched): readonly WatchResponse[] {
    const timeSeconds = Math.floor(vouched.nowMs / 1000);
    const cosigned = bundles.flatMap((bundle): readonly WatchResponse[] => {
      const releases = vouched.realm.releases(bundle);
      const regions = this.#regions.filter(({ region }) => {
        const silent = this.#silent.get(region);
        return silent === undefined || silent.get(bundle) === releases.length;
      });
      if (releases.length === 0 || regions.length === 0) return [];
      const log = logNameOf(vouched.realm, releaseStream(bundle));
      return [{ kind: 'cosigned', leaf: cosignedLeaf(log, releases, regions, timeSeconds) }];
    });
    return [...cosigned, ...this.beats(bundles, vouched)];
  }

  /** Heartbeats of the regions that speak, with what they say of bundles. */
  beats(
    bundles: readonly BundleName[],
    { realm, state, nowMs }: Vouched,
  ): readonly WatchResponse[] {
    const tree: HeadTree = headTree(rowsOf(state).values());
    const streams = [CHARTER_STREAM, ...bundles.map(releaseStream)];
    return this.#regions
      .filter(({ region }) => !this.#silent.has(region))
      .map((region) => {
        const beat = signHeartbeat(realm.name, region, Math.floor(nowMs / 1000), tree);
        return { kind: 'heartbeat', said: attestedRows(beat, tree, streams) };
      });
  }

  #known(name: string): RegionName {
    const region = this.names.find((one) => one === name);
    if (region !== undefined) return region;
    throw new KedgeError('CONFIG', `the test realm has no region ${name}: name it in regions`);
  }
}
