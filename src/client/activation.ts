/**
 * From a message of a node to a bundle in use: verify, keep, swap, tell.
 *
 * Verified first: nothing else looks at bytes of a node. Then `delivered`, then the last-known-good
 * copy, while live trust gets ready, then the swap, then `loaded`: a restart starts from there. The
 * swap happens also when the disk fails, as revocations must get through, but without `loaded`.
 *
 * @module
 */
import type { KedgeError } from '../core/errors.ts';
import type { BundleName } from '../core/ids.ts';
import type { RegionView } from '../core/log/region-view.ts';
import type { Evidence } from '../core/trusted/state.ts';
import type { HeldRelease, WatchRequest, WatchResponse } from '../core/watch/messages.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Bundle } from './bundle.ts';
import { readCertificates } from './bundle-anchors.ts';
import { BundleListeners } from './bundle-listeners.ts';
import type { Cache } from './copy/cache.ts';
import { Keeping } from './copy/keeping.ts';
import type { Expiry } from './expiry.ts';
import { turns } from './live/turns.ts';
import {
  absence,
  reportBundle,
  reportCharters,
  reportOverruled,
  reportUnattested,
  reportWaitingCharters,
} from './reports.ts';
import type { Applied } from './verified/applied.ts';
import type { AttestedRealm } from './verified/attested-realm.ts';
import type { Pending } from './verified/pending.ts';
import { readAhead } from './verified/read-ahead.ts';
import type { InUse } from './verified/realm-pin.ts';
import type { VerifiedRealm } from './verified/verified-realm.ts';

/** What an {@link Activation} works with. */
export interface ActivationOptions {
  readonly realm: VerifiedRealm;
  readonly attested: AttestedRealm;
  /** Called when regions said something, or what they are asked about moved. */
  readonly onAttested: () => void;
  readonly cache: Cache | undefined;
  readonly expiry: Expiry;
  /** Absent: no region is asked. */
  readonly regions: RegionView | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Sends to the node that the message came from. */
export type Reply = (request: WatchRequest) => void;

/** After these, regions may say more than before. */
const ATTESTED: readonly Applied['kind'][] = ['attested', 'released', 'charters'];

/** The bundles in use, and the one way to replace them. Calls of `take` must not overlap. */
export class Activation {
  readonly #options: ActivationOptions;
  readonly #active: Map<BundleName, Bundle> = new Map();
  readonly #errors: Map<BundleName, KedgeError> = new Map();
  readonly #unattested: Map<BundleName, HeldRelease> = new Map();
  /** Who is told what comes, and what is in use. */
  readonly listeners: BundleListeners;
  readonly #keeping: Keeping;

  constructor(options: ActivationOptions) {
    this.#options = options;
    this.listeners = new BundleListeners(options);
    this.#keeping = new Keeping(options);
  }

  get cacheError(): KedgeError | undefined {
    return this.#keeping.error;
  }

  /** The bundle in use. */
  bundle(name: BundleName): Bundle | undefined {
    return this.#active.get(name);
  }

  bundles(): Iterable<Bundle> {
    return this.#active.values();
  }

  /** The last refusal or failed swap of a bundle, until one succeeds. */
  errorOf(name: BundleName): KedgeError | undefined {
    return this.#errors.get(name);
  }

  /** The verified release that waits until enough regions cosigned it. */
  unattested(name: BundleName): HeldRelease | undefined {
    return this.#unattested.get(name);
  }

  /** Brings the last-known-good copy into use. */
  async restore(): Promise<void> {
    const { cache, realm, logger } = this.#options;
    if (cache === undefined) return;
    await this.#keeping.load();
    this.#options.attested.moved();
    for (const inUse of realm.allInUse()) {
      await readCertificates(inUse.blobs);
      const { name, sequence } = inUse.bundle;
      logger.info({ event: 'cache.loaded', bundle: name, sequence }, 'last-known-good in use');
      this.#swap(this.#options.expiry.usable(inUse));
    }
  }

  /** Whether a bundle is in use, in a form that may be trusted now. */
  isUsable(name: BundleName): boolean {
    const inUse = this.#options.realm.inUse(name);
    const isWhole = inUse && this.#options.expiry.usable(inUse) === inUse.bundle;
    return this.#active.has(name) && isWhole === true;
  }

  /** With `onExpired: 'fail'`: takes trust away when a release expires, and gives it back. */
  judgeExpiry(): void {
    for (const inUse of this.#options.realm.allInUse()) {
      const active = this.#active.get(inUse.bundle.name);
      const usable = this.#options.expiry.usable(inUse);
      // A newer release that is still being kept on disk comes into use after that.
      if (active?.digest === usable.digest && active !== usable) this.#swap(usable);
    }
  }

  /**
   * Takes a message in. Errors: what verification refuses, with nothing changed; the refusal has
   * been noted, and told to the node where it can be.
   */
  async take(response: WatchResponse, pending: Pending, reply: Reply): Promise<Applied> {
    if (response.kind === 'update') await readAhead(response.update, this.#options.realm.trusted);
    const applied = this.#options.attested.apply(response, pending, this.#options.clock.nowMs());
    await this.#carryOut(applied, reply);
    return applied;
  }

  /** Time passed; see {@link AttestedRealm.settle}. Errors: none that is a node's fault. */
  async settle(pending: Pending, reply: Reply): Promise<readonly Applied[]> {
    const all = this.#options.attested.settle(pending, this.#options.clock.nowMs());
    for (const applied of all) await this.#carryOut(applied, reply);
    return all;
  }

  /** The forks that this program saw; see {@link AttestedRealm.forks}. */
  forks(): readonly Evidence[] {
    return this.#options.attested.forks();
  }

  /** When there will be something for {@link settle}, in milliseconds; absent: never. */
  leftMs(): number | undefined {
    return this.#options.attested.leftMs(this.#options.clock.nowMs());
  }

  async #carryOut(applied: Applied, reply: Reply): Promise<void> {
    switch (applied.kind) {
      case 'nothing':
      case 'behind':
        break;
      case 'confirmed':
        this.#noteAbsence(applied.bundle);
        break;
      case 'attested':
        await this.#keeping.keepFloor();
        break;
      case 'unattested':
        this.#noteUnattested(applied, reply);
        break;
      case 'charters-wait':
        this.#noteWaitingCharters(applied);
        break;
      case 'overruled':
        reportOverruled(this.#options, applied.bundle);
        break;
      case 'charters':
        reportCharters(this.#options, applied);
        await this.#keeping.save();
        break;
      case 'released':
        await this.#activate(applied.inUse, reply);
        break;
      case 'forked':
        await this.#noteFork(applied.evidence);
        break;
    }
    if (ATTESTED.includes(applied.kind)) this.#options.onAttested();
  }

  /** Notes a refusal of a bundle's release. */
  noteRefusal(at: HeldRelease | undefined, err: KedgeError): void {
    const { logger, metrics } = this.#options;
    metrics.increment('kedge_client_refusals_total', { code: err.code });
    const { bundle, sequence } = at ?? {};
    logger.warn({ event: 'bundle.refused', bundle, sequence, code: err.code, err }, err.message);
    if (bundle !== undefined) this.#errors.set(bundle, err);
  }

  /** The node has none either. What was refused before says more than that. */
  #noteAbsence(name: BundleName): void {
    if (!this.#active.has(name) && !this.#errors.has(name)) this.#errors.set(name, absence(name));
  }

  async #activate(inUse: InUse, reply: Reply): Promise<void> {
    const { body, sequence, digest } = inUse.head;
    const at = { bundle: body.bundle, sequence, digest };
    reply({ kind: 'acknowledgement', at, stage: 'delivered' });
    const { expiry } = this.#options;
    const { size } = inUse.blobs;
    await turns.pass(size);
    const saving = this.#keeping.save();
    await readCertificates(inUse.blobs);
    await turns.pass(size);
    const ready = this.listeners.await(expiry.usable(inUse));
    const [isSaved] = await Promise.all([saving, ready]);
    await turns.pass(size);
    const failure = this.#swap(expiry.usable(inUse));
    if (failure !== undefined) {
      this.noteRefusal(at, failure);
      reply({ kind: 'refusal', at, code: failure.code, reason: failure.message });
    } else if (isSaved) {
      reply({ kind: 'acknowledgement', at, stage: 'loaded' });
    }
  }

  /** Normal for the moment that regions take; when it lasts, the bundle becomes stale. */
  #noteUnattested({ at, error }: Extract<Applied, { kind: 'unattested' }>, reply: Reply): void {
    const { bundle } = at;
    reportUnattested(this.#options, at, error);
    const known = this.#unattested.get(bundle);
    this.#unattested.set(bundle, at);
    this.#errors.set(bundle, error);
    if (known?.digest !== at.digest) reply({ kind: 'acknowledgement', at, stage: 'delivered' });
  }

  /** Normal for the moment that regions take; when it lasts, all bundles become stale. */
  #noteWaitingCharters(waiting: Extract<Applied, { kind: 'charters-wait' }>): void {
    reportWaitingCharters(this.#options, waiting);
    const { bundle, error } = waiting;
    if (bundle !== undefined) this.#errors.set(bundle, error);
  }

  /** Puts a bundle into use; the first failure of a listener, when there was one. */
  #swap(bundle: Bundle): KedgeError | undefined {
    const { metrics } = this.#options;
    const { name } = bundle;
    this.#active.set(name, bundle);
    this.#errors.delete(name);
    if (this.#unattested.delete(name)) {
      metrics.set('kedge_client_bundle_unattested', 0, { bundle: name });
    }
    const failure = this.listeners.tell(bundle);
    reportBundle(this.#options, bundle);
    return failure;
  }

  async #noteFork(evidence: Evidence): Promise<void> {
    const { logger, metrics } = this.#options;
    const { stream, sequence } = evidence;
    metrics.increment('kedge_client_forks_total');
    logger.error(
      { event: 'stream.forked', stream, sequence },
      `${stream} has two valid statements for sequence ${sequence}: it takes nothing new`,
    );
    await this.#keeping.save();
  }
}
