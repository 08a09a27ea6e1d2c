/**
 * The demand that k regions vouch for what comes into use, in front of the verified realm.
 *
 * A release that is verified but not cosigned by enough regions is parked: what is in use stays,
 * nothing is forgotten, and as soon as enough cosignatures are there the release comes into use.
 * Parked is per connection, since the next node sends everything anew; what regions signed is kept.
 * Charters are held back likewise. Without the demand everything goes straight to the realm. Spec
 * section 8, rules CO-17 to CO-22.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  releaseStream,
  type Sha256,
  type StreamName,
} from '../../core/ids.ts';
import type { AttestedRows, CosignedLeaf } from '../../core/log/attested.ts';
import type { RegionView } from '../../core/log/region-view.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { Evidence, ReleaseHead } from '../../core/trusted/state.ts';
import type { BundleUpdate, WatchResponse } from '../../core/watch/messages.ts';
import type { Applied, RealmResponse } from './applied.ts';
import { ComingReleases } from './coming.ts';
import { type HeldHeads, heldHeads } from './held-heads.ts';
import { type JoinedUpdate, joinUpdate, parkUpdate } from './joined-update.ts';
import type { Pending } from './pending.ts';
import { seenForks } from './seen-forks.ts';
import type { VerifiedRealm } from './verified-realm.ts';
import { isAhead, WaitingCharters } from './waiting-charters.ts';

/** More often than this no region has to speak, seconds; what is more is bounded. */
const HEARTBEAT_STEP_SECONDS = 10;
/** Nor of a time that is further away. */
const HEARTBEAT_AGE_SECONDS = 3600;

/** What an {@link AttestedRealm} works with. */
export interface AttestedRealmOptions {
  readonly realm: VerifiedRealm;
  /** Absent: no region is asked. */
  readonly regions: RegionView | undefined;
  readonly bundles: readonly BundleName[];
  /** A later charter for which somebody vouches, like the pin. */
  readonly knownCharter: Sha256 | undefined;
}

/** Takes the messages of nodes in. */
export class AttestedRealm {
  readonly #options: AttestedRealmOptions;
  /** As absent as `regions`. */
  readonly #waiting: WaitingCharters | undefined;
  readonly #heard: Map<string, number> = new Map();
  readonly #coming: ComingReleases;
  /** The time of the last message. */
  #nowMs = 0;

  constructor(options: AttestedRealmOptions) {
    const { regions, knownCharter, bundles } = options;
    this.#coming = new ComingReleases(bundles);
    this.#options = options;
    this.#waiting = regions && new WaitingCharters(regions, knownCharter);
  }

  /**
   * Verifies a message and takes it in; a release without enough cosignatures is parked, and the
   * outcome says why. Errors: those of {@link VerifiedRealm.apply} and of `RegionView`; nothing has
   * changed then.
   */
  apply(response: WatchResponse, pending: Pending, localMs: number): Applied {
    const { regions } = this.#options;
    switch (response.kind) {
      case 'cosigned':
        return this.#cosigned(response.leaf, pending, localMs);
      case 'region-split':
        // Charters that wait may list its key, and it is not sent again on this connection.
        if (regions?.takeSplit(response.split) === 'unlisted' && pending.waiting !== undefined) {
          pending.leaveOut();
        }
        return { kind: 'nothing' };
      case 'heartbeat':
        return this.#heartbeat(response.said, localMs);
      case 'update':
        return this.#update(response.update, pending, this.#now(localMs));
      case 'charters':
        return this.#charters(response.charters, pending, this.#now(localMs));
      case 'rollout':
        return this.#rollout(response.document, pending, this.#now(localMs));
      case 'waiting':
        return this.#show(response.update, pending, this.#now(localMs));
      case 'current':
      case 'fork':
      case 'blobs':
      case 'keep-alive':
        return this.#follow(response, pending, this.#now(localMs));
    }
  }

  /**
   * Time passed: rollouts that are over excuse nothing and give way to what they kept out, and a
   * release that one of those makes due comes into use. Returns what that came to.
   */
  settle(pending: Pending, localMs: number): readonly Applied[] {
    const bundles = this.#settle(this.#now(localMs));
    return bundles.map((bundle) => this.#takeParked(bundle, pending));
  }

  /** The forks that this program saw, whoever showed what. */
  forks(): readonly Evidence[] {
    return seenForks(this.#options, this.#coming);
  }

  /** When there will be something for {@link settle}, in milliseconds; absent: never. */
  leftMs(localMs: number): number | undefined {
    const { regions } = this.#options;
    return regions && this.#coming.leftMs(regions.read(localMs).nowMs);
  }

  /** What is verified is another state now, for whatever reason. */
  moved(): void {
    const { regions, realm } = this.#options;
    if (regions === undefined) return;
    regions.govern(realm.trusted.charters);
    for (const head of this.#held().values()) if (head !== undefined) regions.moved(head);
  }

  #follow(
    response: RealmResponse,
    pending: Pending,
    nowMs: number,
    admit?: (head: ReleaseHead) => void,
  ): Applied {
    const applied = this.#options.realm.apply(response, pending, nowMs, admit);
    if (applied.kind === 'charters') {
      this.#coming.govern(this.#options.realm.trusted);
      this.#settle(nowMs);
    }
    if (applied.kind === 'charters' || applied.kind === 'released') this.moved();
    return applied;
  }

  /** Rule DW-13: what a rollout holds back is not due, so nobody who lacks it is behind. */
  #rollout(document: SignedDocument, pending: Pending, nowMs: number): Applied {
    const { regions, realm } = this.#options;
    if (regions === undefined) return { kind: 'nothing' };
    const { waiting } = pending;
    if (waiting !== undefined && isAhead([document.statement], realm.trusted, waiting)) {
      // It is not sent again on this connection.
      pending.leaveOut();
      return { kind: 'charters-wait', version: waiting.version, error: waiting.error };
    }
    if (this.#coming.take(realm.trusted, document, nowMs) === 'held') return { kind: 'nothing' };
    this.moved();
    const { bundle } = parseStatement(document.statement.payload);
    return bundle === undefined ? { kind: 'nothing' } : this.#takeParked(bundle, pending);
  }

  #settle(nowMs: number): readonly BundleName[] {
    const bundles = this.#coming.settle(this.#options.realm.trusted, nowMs);
    if (bundles.length > 0) this.moved();
    return bundles;
  }

  /** Rule DW-14: a rollout that is known now may say that what waits is due. */
  #takeParked(bundle: BundleName, pending: Pending): Applied {
    const applied = this.#retry(releaseStream(bundle), pending);
    return applied.kind === 'released' ? applied : { kind: 'attested', pace: 'early' };
  }

  /** Rule DW-18: what waits behind a rollout is not due either. */
  #show(update: BundleUpdate, pending: Pending, nowMs: number): Applied {
    const { regions, realm } = this.#options;
    if (regions === undefined) return { kind: 'nothing' };
    const { bundle } = update;
    if (pending.waiting !== undefined) {
      // It may need them, and is not shown again on this connection.
      pending.leaveOut();
      const { version, error } = pending.waiting;
      const isJudged = !isAhead(update.statements, realm.trusted, pending.waiting);
      if (!isJudged) return { kind: 'charters-wait', version, error };
    }
    const head = realm.inUse(bundle)?.head;
    const isParked = pending.parked(bundle) !== undefined;
    if (head !== undefined && !isParked) this.#coming.stand(bundle, head, 'in-use');
    if (this.#coming.show(realm.trusted, update, nowMs) === 'held') return { kind: 'nothing' };
    this.moved();
    return { kind: 'attested', pace: 'early' };
  }

  #cosigned(leaf: CosignedLeaf, pending: Pending, localMs: number): Applied {
    const { regions, realm } = this.#options;
    regions?.takeCosigned(leaf);
    const nowMs = this.#now(localMs);
    this.#waiting?.take(leaf, realm.trusted, pending, nowMs);
    const { stream } = leaf.checkpoint;
    if (stream !== CHARTER_STREAM) return this.#retry(stream, pending);
    return pending.waiting ? this.#charters([], pending, nowMs) : { kind: 'nothing' };
  }

  /** Rules CO-20 to CO-22. */
  #charters(more: readonly SignedDocument[], pending: Pending, nowMs: number): Applied {
    const { realm } = this.#options;
    const documents = pending.leadingTo(more);
    if (this.#waiting === undefined) {
      return this.#follow({ kind: 'charters', charters: documents }, pending, nowMs);
    }
    const { ready, waiting } = this.#waiting.sort(realm.trusted, documents, nowMs);
    const applied = this.#follow({ kind: 'charters', charters: ready }, pending, nowMs);
    pending.hold(waiting);
    if (applied.kind === 'charters') return { ...applied, isLate: pending.isLate };
    if (waiting === undefined || applied.kind !== 'nothing') return applied;
    const { version, error } = waiting;
    return { kind: 'charters-wait', version, error };
  }

  #update(update: JoinedUpdate, pending: Pending, nowMs: number): Applied {
    const { regions, realm, bundles } = this.#options;
    if (regions === undefined) return this.#follow({ kind: 'update', update }, pending, nowMs);
    const { bundle } = update;
    const isWatched = bundles.includes(bundle);
    if (
      pending.waiting !== undefined &&
      isWatched &&
      isAhead(update.statements, realm.trusted, pending.waiting)
    ) {
      pending.leaveOut();
      const { version, error } = pending.waiting;
      return { kind: 'charters-wait', version, error, bundle };
    }
    const joined = joinUpdate(pending.parked(bundle), update);
    let candidate: ReleaseHead | undefined;
    const admit = (head: ReleaseHead): void => {
      candidate = head;
      const { sequence, digest, statement } = head;
      const stream = releaseStream(bundle);
      const isHeldBack = this.#coming.isHeldBack(bundle, { sequence, digest }, this.#nowMs);
      const place = isHeldBack ? 'any' : 'last';
      regions.requireCosigned({ stream, sequence, digest, payload: statement.payload }, place);
    };
    try {
      const applied = this.#follow({ kind: 'update', update: joined }, pending, nowMs, admit);
      pending.unpark(bundle);
      return applied;
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (candidate === undefined || !isUnattested(error)) throw error;
      const { sequence, digest } = candidate;
      this.#coming.stand(bundle, candidate, 'waits');
      pending.park(bundle, { ...parkUpdate(joined, candidate, pending), judgedMs: nowMs });
      return { kind: 'unattested', at: { bundle, sequence, digest }, error };
    }
  }

  /** Judged by the time at which it came: that its charter expires meanwhile changes nothing. */
  #retry(stream: StreamName, pending: Pending): Applied {
    const bundle = this.#options.bundles.find((one) => releaseStream(one) === stream);
    const waiting = bundle && pending.parked(bundle);
    if (bundle === undefined || waiting === undefined) return { kind: 'nothing' };
    const { statements, body, below, judgedMs } = waiting;
    const update = { bundle, statements, content: { kind: 'whole', body }, below } as const;
    return this.#update(update, pending, judgedMs);
  }

  #heartbeat(said: AttestedRows, localMs: number): Applied {
    const { regions } = this.#options;
    if (regions === undefined) return { kind: 'nothing' };
    const { region, timeSeconds } = said.heartbeat;
    this.#now(localMs);
    const isNew = regions.takeHeartbeat(said, this.#held(), localMs) === 'new';
    const last = this.#heard.get(region) ?? 0;
    const ageSeconds = localMs / 1000 - timeSeconds;
    if (!isNew) return { kind: 'nothing' };
    const isDue =
      timeSeconds - last >= HEARTBEAT_STEP_SECONDS && Math.abs(ageSeconds) <= HEARTBEAT_AGE_SECONDS;
    if (isDue) this.#heard.set(region, timeSeconds);
    return { kind: 'attested', pace: isDue ? 'due' : 'early' };
  }

  /** The time to judge by. */
  #now(localMs: number): number {
    this.#nowMs = this.#options.regions?.read(localMs).nowMs ?? localMs;
    return this.#nowMs;
  }

  #held(): HeldHeads {
    return heldHeads(this.#options, this.#coming, this.#nowMs);
  }
}

/** Not enough regions vouch for it; or the charter has too few, and a later one may have more. */
function isUnattested({ code, detail }: KedgeError): boolean {
  const isTooFew = detail['threshold'] !== undefined && detail['regions'] !== undefined;
  return code === 'QUORUM' || (code === 'POLICY' && isTooFew);
}
