/**
 * The CAs that one bundle trusts for one purpose, followed while they change: the common ground of
 * everything in this folder.
 *
 * A release that does not change what is trusted for the purpose (a staged anchor, a note, another
 * purpose) is no change here, so that contexts, sessions and connections stay as they are.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { Bundle } from '../bundle.ts';

/** What live trust needs of a source; every `BundleSource` is one. */
export interface TrustSource {
  /** The bundle in use now. */
  bundle(name: string): Bundle | undefined;
  /**
   * Calls `onSwap` synchronously after each bundle came into use. What it throws is reported to the
   * node as a refusal; it does not stop other listeners.
   */
  onSwap(onSwap: (bundle: Bundle) => void): Disposable;
}

/** Which CAs to follow. */
export interface TrustSelector {
  /** The bundle's name; the source must watch it. */
  readonly bundle: string;
  /** An anchor is used only when its signed `purposes` name this one. */
  readonly purpose: string;
}

/** The trusted CAs at one instant. */
export interface TrustSet {
  /** Names the set of CAs: equal tags, equal sets. 32 hex digits. */
  readonly tag: string;
  readonly ids: ReadonlySet<string>;
  /** For `ca` of `node:tls`; never `undefined`, which would mean Node's own list. */
  readonly caPems: readonly string[];
}

/** Widened: nothing that was trusted went away. */
export type TrustChange = 'widened' | 'narrowed';

/** Nobody is trusted: what holds before the first bundle arrives. */
const NO_TRUST: TrustSet = { tag: tagOf([]), ids: new Set(), caPems: [] };

/** Follows one purpose of one bundle. */
export class TrustView implements Disposable {
  readonly #selector: TrustSelector;
  readonly #subscription: Disposable;
  readonly #onChange: (change: TrustChange) => void;
  #current: TrustSet;

  /** `onChange` is called after {@link current} moved; not for the set that is there at first. */
  constructor(
    source: TrustSource,
    selector: TrustSelector,
    onChange: (change: TrustChange) => void,
  ) {
    this.#selector = selector;
    this.#onChange = onChange;
    this.#current = trustSetOf(source.bundle(selector.bundle), selector.purpose);
    this.#subscription = source.onSwap((bundle) => this.#take(bundle));
  }

  get current(): TrustSet {
    return this.#current;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #take(bundle: Bundle): void {
    if (bundle.name !== this.#selector.bundle) return;
    const before = this.#current;
    const now = trustSetOf(bundle, this.#selector.purpose);
    if (now.tag === before.tag) return;
    this.#current = now;
    const isNarrower = [...before.ids].some((id) => !now.ids.has(id));
    this.#onChange(isNarrower ? 'narrowed' : 'widened');
  }
}

function trustSetOf(bundle: Bundle | undefined, purpose: string): TrustSet {
  if (bundle === undefined) return NO_TRUST;
  const ids = bundle.trusted(purpose).map((anchor) => anchor.id);
  return { tag: tagOf(ids), ids: new Set(ids), caPems: bundle.caPems(purpose) };
}

function tagOf(ids: readonly string[]): string {
  return createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32);
}
