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
import { readLimits } from '../../core/anchors/limits.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Logger, noLogger } from '../../ports/logger.ts';
import { type Metrics, noMetrics } from '../../ports/metrics.ts';
import { systemClock } from '../../ports/system-clock.ts';
import type { Bundle } from '../bundle.ts';
import type { BundleAnchor } from '../bundle-anchors.ts';
import { type AnchorInside, insideOf } from '../usage/taking.ts';
import type { UsedConnection } from '../usage/usage.ts';
import { Authorities, type Authority } from './authorities.ts';
import { turns } from './turns.ts';

/** What live trust needs of a source; every `BundleSource` is one. */
export interface TrustSource {
  /** The bundle in use now. */
  bundle(name: string): Bundle | undefined;
  /** What it watches. Given, live trust on any other bundle is refused: it would trust nobody. */
  readonly bundleNames?: readonly string[];
  /**
   * Calls `onSwap` synchronously after each bundle came into use. What it throws is reported to the
   * node as a refusal; it does not stop other listeners.
   */
  onSwap(onSwap: (bundle: Bundle) => void): Disposable;
  /**
   * Calls `onComing` with each verified bundle that is about to come into use, and waits until what
   * it returns has resolved, so that TLS contexts can be built in small pieces beforehand. Without
   * it they are built in one piece, when the bundle comes into use.
   */
  onComing?(onComing: (bundle: Bundle) => Promise<void>): Disposable;
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
  /** Where live trust tells what it did, and the time. Default: nowhere, and the machine's. */
  readonly ports?: TrustPorts;
}

/** What live trust needs of its surroundings. */
export interface TrustPorts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What holds for a source that has no ports of its own. */
export const DEFAULT_PORTS: TrustPorts = {
  logger: noLogger,
  metrics: noMetrics,
  clock: systemClock,
};

/** Which CAs to follow. */
export interface TrustSelector {
  /** The bundle's name; the source must watch it. */
  readonly bundle: string;
  /** An anchor is used only when its signed `purposes` name this one. */
  readonly purpose: string;
}

/** Why an anchor is not trusted any more; `narrowed`: it is, but for less. */
export type DistrustReason = 'revoked' | 'removed' | 'narrowed';

/** The trusted CAs at one instant. */
export interface TrustSet {
  /** Names the set of CAs and their limits: equal tags, equal sets. 32 hex digits. */
  readonly tag: string;
  /**
   * For `ca` of `node:tls`; never `undefined`, which would mean Node's own list. Limited ones are
   * on it: whoever uses it asks the authorities about each handshake.
   */
  readonly caPems: readonly string[];
  /** The same CAs, to find out which of them vouches for whom. */
  readonly authorities: Authorities;
  /** Why an anchor that was trusted is not in the set, or not as it was. */
  reasonOf(id: AnchorId): DistrustReason;
}

/** Widened: nothing that was trusted went away. */
export type TrustChange = 'widened' | 'narrowed';

/** Who follows a view. */
export interface TrustFollower {
  /** Called after {@link TrustView.current} moved; not for the set that is there at first. */
  readonly onChange: (change: TrustChange) => void;
  /** Gets ready for a set that is about to be the current one, as long as it is wanted. */
  readonly prepare?: (coming: TrustSet, isWanted: () => boolean) => Promise<void>;
}

/** Names in one message. */
const NAMES_SHOWN_MAX = 10;

/** A bundle that is about to come into use, and its set as soon as that is known. */
interface Coming {
  readonly bundle: Bundle;
  set: TrustSet | undefined;
}

/** Follows one purpose of one bundle. */
export class TrustView implements Disposable {
  readonly #source: TrustSource;
  readonly #selector: TrustSelector;
  readonly #subscriptions: readonly (Disposable | undefined)[];
  readonly #follower: TrustFollower;
  #current: TrustSet;
  #coming: Coming | undefined;
  #isPurposeSeen = false;

  /** Errors: `CONFIG` for a bundle that the source does not watch. */
  constructor(source: TrustSource, selector: TrustSelector, follower: TrustFollower) {
    requireSelector(source, selector);
    this.#source = source;
    this.#selector = selector;
    this.#follower = follower;
    const bundle = source.bundle(selector.bundle);
    this.#current = trustSetOf(source, bundle, selector.purpose);
    if (bundle !== undefined) this.#lookForPurpose(bundle);
    this.#subscriptions = [
      source.onSwap((next) => this.#take(next)),
      source.onComing?.(async (next) => await this.#await(next)),
    ];
  }

  get current(): TrustSet {
    return this.#current;
  }

  /** Counts a successful handshake for anchors; none: nobody knows on what it rests. */
  count(anchors: readonly AnchorId[], connection?: UsedConnection): void {
    const { bundle, purpose } = this.#selector;
    this.#source.noteHandshake?.(bundle, purpose, anchors, connection);
  }

  [Symbol.dispose](): void {
    this.#coming = undefined;
    for (const subscription of this.#subscriptions) subscription?.[Symbol.dispose]();
  }

  /** Of several that come, the newest counts. */
  async #await(bundle: Bundle): Promise<void> {
    const { bundle: name, purpose } = this.#selector;
    if (bundle.name !== name) return;
    const coming: Coming = { bundle, set: undefined };
    this.#coming = coming;
    const isWanted = (): boolean => this.#coming === coming;
    const set = await turns.run(() => trustSetOf(this.#source, bundle, purpose));
    coming.set = set;
    if (set.tag === this.#current.tag) return;
    await set.authorities.read(isWanted);
    await turns.pass(set.caPems.length);
    if (isWanted()) await this.#follower.prepare?.(set, isWanted);
  }

  #take(bundle: Bundle): void {
    if (bundle.name !== this.#selector.bundle) return;
    this.#lookForPurpose(bundle);
    const before = this.#current;
    const coming = this.#coming?.bundle === bundle ? this.#coming : undefined;
    if (coming !== undefined) this.#coming = undefined;
    const now = coming?.set ?? trustSetOf(this.#source, bundle, this.#selector.purpose);
    // The same CAs may be in other states now, which tells which of two alike will stay.
    this.#current = now;
    if (now.tag === before.tag) return;
    this.#follower.onChange(now.authorities.hasAllOf(before.authorities) ? 'widened' : 'narrowed');
  }

  /** A purpose that no anchor ever had may be misspelt, and trusts nobody. */
  #lookForPurpose({ name, anchors }: Bundle): void {
    const { purpose } = this.#selector;
    if (this.#isPurposeSeen || anchors.length === 0) return;
    this.#isPurposeSeen = anchors.some(({ purposes }) => purposes.includes(purpose));
    if (this.#isPurposeSeen) return;
    const known = [...new Set(anchors.flatMap(({ purposes }) => purposes))].sort();
    (this.#source.ports ?? DEFAULT_PORTS).logger.warn(
      { event: 'trust.purpose-unknown', bundle: name, purpose },
      `no anchor of ${name} has the purpose ${purpose}, so nobody is trusted: ` +
        `its anchors have ${known.slice(0, NAMES_SHOWN_MAX).join(', ')}`,
    );
  }
}

/** Callers in JavaScript may give anything. Errors: `CONFIG`. */
function requireSelector(source: TrustSource, { bundle, purpose }: Partial<TrustSelector>): void {
  const { bundleNames: names } = source;
  const isNamed = typeof bundle === 'string' && bundle !== '';
  if (isNamed && (names === undefined || names.includes(bundle))) {
    if (typeof purpose === 'string' && purpose !== '') return;
    throw new KedgeError('CONFIG', 'purpose: give a name, for example tls-client');
  }
  const what = isNamed
    ? `the source does not watch ${JSON.stringify(bundle.slice(0, 80))}`
    : 'bundle: give the name of one that the source watches';
  const hidden = (names?.length ?? 0) - NAMES_SHOWN_MAX;
  const shown = names?.slice(0, NAMES_SHOWN_MAX).join(', ');
  const more = hidden > 0 ? ` and ${hidden} more` : '';
  const watched = shown === undefined ? '' : `; it watches ${shown}${more}`;
  throw new KedgeError('CONFIG', `${what}${watched}`);
}

/** By their anchors, which releases share: what one of them found out the next one knows. */
const known = new WeakMap<BundleAnchor, Authority>();

/** Nobody is trusted before the first bundle arrives. */
function trustSetOf(source: TrustSource, bundle: Bundle | undefined, purpose: string): TrustSet {
  const anchors = bundle?.trusted(purpose) ?? [];
  const cas = anchors.map((anchor): Authority => {
    // What is taken by its public names is used unseen, as far as nodes are told.
    const inside = source.noteHandshake === undefined ? undefined : insideOf(anchor);
    if (inside === undefined) return { ...termsOf(anchor), ...takenFrom(anchor) };
    return known.get(anchor) ?? noted(anchor, { ...termsOf(anchor), ...inside });
  });
  const names = cas.map(({ id, limitsText }) => `${id}${limitsText}`);
  return {
    tag: createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 32),
    caPems: cas.map((ca) => ca.pem()),
    authorities: new Authorities(cas),
    reasonOf: (id) => bundle?.tombstones.find((one) => one.id === id)?.reason ?? 'narrowed',
  };
}

function noted(anchor: BundleAnchor, authority: Authority): Authority {
  known.set(anchor, authority);
  return authority;
}

function termsOf(anchor: BundleAnchor): Omit<Authority, keyof AnchorInside> {
  const { id, state, isLimited, constraints, distrustAfterMs } = anchor;
  const reading = readLimits(anchor);
  const limits = reading.kind === 'known' ? reading.limits : undefined;
  const limitsText = isLimited ? JSON.stringify([constraints, distrustAfterMs]) : '';
  return { id, state, limitsText, ...(limits && { limits }) };
}

function takenFrom(anchor: BundleAnchor): AnchorInside {
  const pem = anchor.pem();
  let certificate: X509Certificate | undefined;
  return {
    pem: () => pem,
    certificate: () => {
      certificate ??= new X509Certificate(pem);
      return certificate;
    },
  };
}
