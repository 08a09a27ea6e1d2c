/**
 * Which regions count for one reader: those that its charter lists, but those with a key that
 * signed two roots. Spec section 8, CO-9 to CO-13.
 *
 * @module
 */
import type { Region } from '../charter/model.ts';
import type { KeyId, RealmName } from '../ids.ts';
import { keyOfLine, type RegionPolicy, regionPolicy } from './regions.ts';
import { type RegionSplit, type SplitPair, verifySplit } from './split.ts';

/** The regions of a charter, and what speaks against some. */
export class CountingRegions {
  readonly #realm: RealmName;
  /** How many regions must agree. */
  readonly #threshold: number;
  readonly #faulty: Set<KeyId> = new Set();
  #regions: readonly Region[] = [];
  #all: RegionPolicy | undefined;

  constructor(by: { readonly realm: RealmName; readonly threshold: number }) {
    this.#realm = by.realm;
    this.#threshold = by.threshold;
  }

  /** Keys that signed two roots. Rule CO-10. */
  get faulty(): ReadonlySet<KeyId> {
    return this.#faulty;
  }

  /** Everybody who counts; absent without regions. */
  get all(): RegionPolicy | undefined {
    return this.#all;
  }

  /** Whether the charter lists as many as are demanded. */
  get isEnough(): boolean {
    return this.#regions.length >= this.#threshold;
  }

  /** As many of those who count as are demanded. Errors: `POLICY` (the charter has fewer). */
  policy(): RegionPolicy {
    return this.#policy(this.#threshold, this.#faulty);
  }

  /** These are the regions of the charter. A proof ends with the listing of its key. */
  govern(regions: readonly Region[]): void {
    this.#regions = regions;
    const listed = this.#listed();
    for (const keyId of this.#faulty) {
      if (listed?.keys.has(keyId) !== true) this.#faulty.delete(keyId);
    }
    this.#all = this.#listed(this.#faulty);
  }

  /**
   * Takes a proof against a region in; one of a key that the charter does not list says nothing.
   * Errors: those of `verifySplit`. Rule CO-13.
   */
  takeSplit(split: SplitPair): 'new' | 'held' | 'unlisted' {
    const listed = this.#listed();
    if (listed === undefined || keyOfLine(listed, split.first.line) === undefined) {
      return 'unlisted';
    }
    return this.addSplit(verifySplit(listed, split));
  }

  /** Takes a proof in that is one. */
  addSplit({ keyId }: RegionSplit): 'new' | 'held' {
    if (this.#faulty.has(keyId)) return 'held';
    this.#faulty.add(keyId);
    this.#all = this.#listed(this.#faulty);
    return 'new';
  }

  #listed(faulty?: ReadonlySet<KeyId>): RegionPolicy | undefined {
    return this.#regions.length === 0 ? undefined : this.#policy(1, faulty);
  }

  #policy(threshold: number, faulty?: ReadonlySet<KeyId>): RegionPolicy {
    return regionPolicy({ realm: this.#realm, regions: this.#regions }, threshold, faulty);
  }
}
