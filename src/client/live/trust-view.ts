/**
 * The CAs that one bundle trusts for one purpose, followed while they change: the common ground of
 * everything in this folder.
 *
 * A release that does not change what is trusted for the purpose (a staged anchor, a note, another
 * purpose) is no change here, so that contexts, sessions and connections stay as they are.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { AnchorId } from '../../core/ids.ts';
import type { Bundle, BundleAnchor } from '../bundle.ts';
import { insideOf } from '../taking.ts';
import type { UsedConnection } from '../usage.ts';
import { Authorities, type Authority } from './authorities.ts';

/** What live trust needs of a source; every `BundleSource` is one. */
export interface TrustSource {
  /** The bundle in use now. */
  bundle(name: string): Bundle | undefined;
  /**
   * Calls `onSwap` synchronously after each bundle came into use. What it throws is reported to the
   * node as a refusal; it does not stop other listeners.
   */
  onSwap(onSwap: (bundle: Bundle) => void): Disposable;
  /**
   * Counts a handshake that rested on these anchors of a bundle; none: it is not known on which.
   * They are in use until its connection closes. Of a source without it, the bundle's certificates
   * count as taken by the program.
   */
  noteHandshake?(
    bundle: string,
    purpose: string,
    anchors: readonly AnchorId[],
    connection?: UsedConnection,
  ): void;
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
  /** The same CAs, to find out which of them a chain rests on. */
  readonly authorities: Authorities;
}

/** Widened: nothing that was trusted went away. */
export type TrustChange = 'widened' | 'narrowed';

/** Follows one purpose of one bundle. */
export class TrustView implements Disposable {
  readonly #source: TrustSource;
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
    this.#source = source;
    this.#selector = selector;
    this.#onChange = onChange;
    this.#current = trustSetOf(source, source.bundle(selector.bundle), selector.purpose);
    this.#subscription = source.onSwap((bundle) => this.#take(bundle));
  }

  get current(): TrustSet {
    return this.#current;
  }

  /**
   * Counts a successful handshake for the anchors of `set` that `chain` (DER) rests on. False: it
   * rests on none of them, as one of a context that is not ours.
   */
  count(
    chain: readonly Uint8Array[],
    connection: UsedConnection,
    set: TrustSet = this.#current,
  ): boolean {
    const anchors = set.authorities.under(chain);
    if (anchors.length > 0) this.#note(anchors, connection);
    return anchors.length > 0;
  }

  /** Counts a successful handshake of which nobody knows on what it rests. */
  countUnknown(): void {
    this.#note([]);
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  #take(bundle: Bundle): void {
    if (bundle.name !== this.#selector.bundle) return;
    const before = this.#current;
    const now = trustSetOf(this.#source, bundle, this.#selector.purpose);
    // The same CAs may be in other states now, which tells which of two alike will stay.
    this.#current = now;
    if (now.tag === before.tag) return;
    const isNarrower = [...before.ids].some((id) => !now.ids.has(id));
    this.#onChange(isNarrower ? 'narrowed' : 'widened');
  }

  #note(anchors: readonly AnchorId[], connection?: UsedConnection): void {
    const { bundle, purpose } = this.#selector;
    this.#source.noteHandshake?.(bundle, purpose, anchors, connection);
  }
}

/** Nobody is trusted before the first bundle arrives. */
function trustSetOf(source: TrustSource, bundle: Bundle | undefined, purpose: string): TrustSet {
  const read = source.noteHandshake === undefined ? takenFrom : authorityOf;
  return setOf(bundle?.trusted(purpose).map(read) ?? []);
}

function authorityOf(anchor: BundleAnchor): Authority {
  const { id, state } = anchor;
  const inside = insideOf(anchor);
  if (inside === undefined) return takenFrom(anchor);
  return { id, state, pem: () => inside.pem(), certificate: () => inside.certificate() };
}

/** What is read by these names counts as taken: what is done with it is told to nobody. */
function takenFrom(anchor: BundleAnchor): Authority {
  const { id, state } = anchor;
  const pem = anchor.pem();
  let certificate: X509Certificate | undefined;
  return {
    id,
    state,
    pem: () => pem,
    certificate: () => {
      certificate ??= new X509Certificate(pem);
      return certificate;
    },
  };
}

function setOf(cas: readonly Authority[]): TrustSet {
  const ids = cas.map(({ id }) => id);
  return {
    tag: tagOf(ids),
    ids: new Set(ids),
    caPems: cas.map((ca) => ca.pem()),
    authorities: new Authorities(cas),
  };
}

function tagOf(ids: readonly string[]): string {
  return createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 32);
}
