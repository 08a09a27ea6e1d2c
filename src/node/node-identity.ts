/**
 * Who a node is and whom it believes, kept up to date while it runs: its certificate and key from
 * files, the authorities from a file and then from a bundle of its own realm.
 *
 * Fail static: what is in use goes on until something better is proved. A pair or a set is taken
 * into use only after the node has shaken hands with itself by it. A release that would leave its
 * own certificate without an authority is therefore refused, and so is a certificate that the
 * present authorities do not know; each is tried again whenever the other changes. Only when what
 * is in use does not work either (an expired certificate) is there nothing to protect, and the
 * newest is taken as it is. `docs/node-identity.md` says what that means for operators.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { formatTimestamp, releaseStream, type Sha256, type StreamName } from '../core/ids.ts';
import { headOf, type ReleaseHead, type TrustedState } from '../core/trusted/state.ts';
import { LiveTls, type TlsMaterial } from '../grpc/tls/live-tls.ts';
import { rehearse } from '../grpc/tls/rehearsal.ts';
import type { Clock, ClockTimer } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';
import { CertificateExpiry } from './certificate-expiry.ts';
import type { TlsConfig } from './config.ts';
import { FileWatch } from './file-watch.ts';
import { type NamingConfig, requireOwnName } from './own-name.ts';
import { type KeyPair, loadAuthorities, loadKeyPair, lookAt, type TlsFiles } from './tls-files.ts';
import { loadBundleTrust, type PeerTrust } from './trust-bundle.ts';

/** What an identity works with. */
export interface NodeIdentityOptions {
  readonly config: TlsConfig;
  /** Whose certificate it must be. */
  readonly naming: NamingConfig;
  /** What the files held at start. */
  readonly files: TlsFiles;
  readonly store: Store;
  /** What the store held at start, verified. */
  readonly state: TrustedState;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

interface Identity {
  readonly pair: KeyPair;
  readonly trust: PeerTrust;
}

/** After a failure the files are read again so soon, milliseconds. */
const RETRY_MS = 1_000;

/** The identity of a running node. */
export class NodeIdentity implements AsyncDisposable {
  readonly #options: NodeIdentityOptions;
  readonly #expiry: CertificateExpiry;
  readonly #complaints: Map<string, unknown> = new Map();
  #live: LiveTls | undefined;
  #head: ReleaseHead | undefined;
  #headDigest: Sha256 | undefined;
  #wanted: Identity;
  #inUse: Identity;
  #watch: FileWatch | undefined;
  #retry: ClockTimer | undefined;
  #work: Promise<void> | undefined;
  /** How the files were when they were last read as a whole; see `lookAt`. */
  #readAt: string | undefined;
  #isDirty = false;
  #isClosed = false;

  /** Chooses what to begin with and starts to follow files. Errors: `STORE`. */
  static async open(options: NodeIdentityOptions): Promise<NodeIdentity> {
    const identity = new NodeIdentity(options);
    await identity.#start();
    return identity;
  }

  private constructor(options: NodeIdentityOptions) {
    this.#options = options;
    const { logger, metrics, files } = options;
    this.#expiry = new CertificateExpiry(logger, metrics);
    const { pair, authorities } = files;
    this.#inUse = { pair, trust: { sequence: 0, callers: authorities, peers: authorities } };
    this.#wanted = this.#inUse;
  }

  /** What listeners and links use. */
  get tls(): LiveTls {
    if (this.#live === undefined) throw new KedgeError('BUG', 'the identity was not opened');
    return this.#live;
  }

  /** The durable state moved. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    const { caBundle } = this.#options.config;
    if (caBundle === undefined || !streams.includes(releaseStream(caBundle))) return;
    const stream = releaseStream(caBundle);
    // A fork says who may not be believed, not whom to believe: the set in use stays.
    if (state.streams.get(stream)?.kind !== 'open') return;
    this.#head = headOf(state, stream);
    this.#touch();
  }

  /** Stops following; what is in use stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#watch?.[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    await this.#work;
  }

  async #start(): Promise<void> {
    const { config, state, clock } = this.#options;
    if (config.caBundle !== undefined) {
      this.#head = headOf(state, releaseStream(config.caBundle));
    }
    await this.#readTrust();
    const chosen = await this.#choose();
    this.#live = new LiveTls(materialOf(chosen), {
      withinMs: config.moveWithinMs,
      random: Math.random,
    });
    this.#report(chosen);
    this.#watch = new FileWatch({
      files: [config.certFile, config.keyFile, config.caFile],
      clock,
      onMaybeChanged: () => this.#touch(),
    });
  }

  /** Looks at everything again; one look at a time. */
  #touch(): void {
    this.#isDirty = true;
    this.#work ??= this.#look().finally(() => {
      this.#work = undefined;
    });
  }

  async #look(): Promise<void> {
    while (this.#isDirty && !this.#isClosed) {
      this.#isDirty = false;
      await this.#read();
      const chosen = await this.#choose();
      const isNew = chosen.pair !== this.#inUse.pair || chosen.trust !== this.#inUse.trust;
      this.#report(chosen);
      if (isNew) this.tls.replace(materialOf(chosen));
    }
  }

  /** Reads what may have changed: a node at rest looks at its files without opening them. */
  async #read(): Promise<void> {
    const { config, clock } = this.#options;
    const { certFile, keyFile, caFile } = config;
    const found = await lookAt([certFile, keyFile, caFile], clock.nowMs());
    const isSame = found !== undefined && found === this.#readAt;
    if (isSame && this.#head?.digest === this.#headDigest) return;
    this.#readAt = found;
    await this.#attempt('authorities.refused', () => this.#readTrust());
    await this.#attempt('certificate.refused', () => this.#readPair());
  }

  async #readPair(): Promise<void> {
    const { config, naming } = this.#options;
    const pair = await loadKeyPair(config);
    const { pair: known } = this.#wanted;
    if (pair.cert.equals(known.cert) && pair.key.equals(known.key)) return;
    requireOwnName(naming, config.certFile, pair.leaf);
    this.#wanted = { ...this.#wanted, pair };
  }

  async #readTrust(): Promise<void> {
    const { config, store } = this.#options;
    const head = this.#head;
    if (head === undefined) {
      const authorities = await loadAuthorities(config);
      if (authorities.tag === this.#wanted.trust.callers.tag) return;
      const trust = { sequence: 0, callers: authorities, peers: authorities };
      this.#wanted = { ...this.#wanted, trust };
    } else if (head.digest !== this.#headDigest) {
      this.#wanted = { ...this.#wanted, trust: await loadBundleTrust(head, store) };
      this.#headDigest = head.digest;
    }
  }

  /** The first of the combinations that works; the newest when none does. */
  async #choose(): Promise<Identity> {
    const wanted = this.#wanted;
    const inUse = this.#inUse;
    if (wanted.pair === inUse.pair && wanted.trust === inUse.trust && this.#live !== undefined) {
      return inUse;
    }
    const options = [
      wanted,
      { pair: inUse.pair, trust: wanted.trust },
      { pair: wanted.pair, trust: inUse.trust },
      inUse,
    ];
    let refusal: string | undefined;
    for (const option of options) {
      const result = await rehearse(materialOf(option));
      if (result.outcome === 'refused') {
        refusal ??= result.reason;
        continue;
      }
      this.#complainOf(wanted, option, refusal);
      return option;
    }
    this.#complain('certificate.refused', wanted.pair, {
      message: 'no authority of this node vouches for its own certificate: peers will refuse it',
      reason: refusal,
    });
    return wanted;
  }

  #complainOf(wanted: Identity, chosen: Identity, reason: string | undefined): void {
    if (chosen.pair !== wanted.pair) {
      const message =
        'the new certificate is not one that the authorities in use vouch for: the old one stays';
      this.#complain('certificate.refused', wanted.pair, { message, reason });
    }
    if (chosen.trust !== wanted.trust) {
      const message =
        'the new authorities would leave the certificate of this node without one: the last good ' +
        'set stays; renew the certificate, or publish a release that has its authority again';
      this.#complain('authorities.refused', wanted.trust, { message, reason });
    }
  }

  /** Says once what is wrong with one thing. */
  #complain(
    event: 'certificate.refused' | 'authorities.refused',
    about: unknown,
    { message, reason }: { readonly message: string; readonly reason: string | undefined },
  ): void {
    if (this.#complaints.get(event) === about) return;
    this.#complaints.set(event, about);
    const { logger, metrics } = this.#options;
    metrics.increment('kedge_identity_refused_total', { what: event.replace('.refused', '') });
    logger.error({ event, reason }, message);
  }

  /** Reads something that may be half written; what is wrong is said once, and tried again. */
  async #attempt(
    event: 'certificate.refused' | 'authorities.refused',
    read: () => Promise<void>,
  ): Promise<void> {
    try {
      await read();
      if (typeof this.#complaints.get(event) === 'string') this.#complaints.delete(event);
    } catch (thrown) {
      this.#readAt = undefined;
      const { message: reason } = KedgeError.from(thrown);
      const { logger, metrics, clock } = this.#options;
      if (this.#complaints.get(event) !== reason) {
        this.#complaints.set(event, reason);
        metrics.increment('kedge_identity_refused_total', { what: event.replace('.refused', '') });
        logger.warn({ event, reason }, 'cannot be used: what is in use stays, will try again');
      }
      this.#retry?.[Symbol.dispose]();
      this.#retry = clock.setTimer(RETRY_MS, () => this.#touch());
    }
  }

  #report(chosen: Identity): void {
    const before = this.#inUse;
    this.#inUse = chosen;
    const { config, clock, logger, metrics } = this.#options;
    if (chosen.pair !== before.pair) {
      const expires = formatTimestamp(Date.parse(chosen.pair.leaf.validTo));
      logger.info({ event: 'certificate.renewed', expires }, 'new handshakes use the new one');
    }
    const { sequence, callers, peers } = chosen.trust;
    if (chosen.trust !== before.trust) {
      const counts = { callers: callers.size, peers: peers.size };
      const fields = { event: 'authorities.swapped', sequence, ...counts } as const;
      logger.info({ ...fields, bundle: config.caBundle }, 'new handshakes use the new set');
    }
    metrics.set('kedge_authorities_sequence', sequence);
    this.#reportPending('certificate', chosen.pair, this.#wanted.pair);
    this.#reportPending('authorities', chosen.trust, this.#wanted.trust);
    this.#expiry.check(chosen.pair.leaf, clock.nowMs());
  }

  /** What cannot even be read is newer too than what is in use. */
  #reportPending(what: 'certificate' | 'authorities', chosen: object, wanted: object): void {
    const isUnread = typeof this.#complaints.get(`${what}.refused`) === 'string';
    const value = isUnread || chosen !== wanted ? 1 : 0;
    this.#options.metrics.set('kedge_identity_pending', value, { what });
  }
}

function materialOf({ pair, trust }: Identity): TlsMaterial {
  const { callers, peers } = trust;
  return { cert: pair.cert, key: pair.key, callers, peers };
}
