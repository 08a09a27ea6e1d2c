/**
 * A node as a whole: starts its parts in order (store, listeners, then peers, so that whatever
 * answers a call is complete) and stops them in reverse. How they are connected is `assembly.ts`.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { hasShownNoMore } from '../core/gossip/restored/serving.ts';
import type { Sha256 } from '../core/ids.ts';
import type { TrustedState } from '../core/trusted/state.ts';
import type { Clock } from '../ports/clock.ts';
import { type Logger, noLogger } from '../ports/logger.ts';
import { noMetrics } from '../ports/metrics.ts';
import type { Store } from '../ports/store.ts';
import { systemClock } from '../ports/system-clock.ts';
import { CallerDirectory } from '../service/identity.ts';
import { MemberMemory } from '../service/replication/member-memory.ts';
import { openLevelStore } from '../storage/open-store.ts';
import { assemble } from './assembly.ts';
import { Attesting } from './attesting.ts';
import { openAudit } from './audit.ts';
import { loadState, settleOrigin, warnAboutOrigin, warnAboutTime } from './boot.ts';
import type { NodeConfig } from './config.ts';
import { loadNodeConfig } from './config-file.ts';
import { type NodeAddresses, openListeners } from './listeners.ts';
import { NodeIdentity } from './node-identity.ts';
import { Observation } from './observation.ts';
import { peerPattern, requireOwnName } from './own-name.ts';
import type { Basis, Parts } from './parts.ts';
import { withPeerPort } from './peer-port.ts';
import { recall } from './recalled.ts';
import type { RunOptions } from './run-options.ts';
import { type FoundOrigin, findOrigin } from './store-origin.ts';
import { loadTlsFiles, type TlsFiles } from './tls-files.ts';
import { watchTrustExpiry } from './trust-expiry.ts';

/** A node that serves. Disposing it drains it and resolves when everything is closed. */
export interface RunningNode extends AsyncDisposable {
  readonly config: NodeConfig;
  /** Where it listens, with the ports that were given out. */
  readonly addresses: NodeAddresses;
  readonly firstCharterDigest: Sha256;
  /** What is verified and on disk. */
  readonly trusted: TrustedState;
  /** Resolves when the node is closed, whoever closed it. */
  readonly closed: Promise<void>;
}

/**
 * Starts a node and resolves when it answers; a store that may be behind is compared with others
 * before clients are served. `config` is a checked configuration or the path of a
 * file. Errors: `CONFIG` (configuration, files, ports), `STORE`.
 */
export async function runNode(
  config: NodeConfig | string,
  options: RunOptions = {},
): Promise<RunningNode> {
  const loaded = typeof config === 'string' ? await loadNodeConfig(config) : config;
  const node = new Daemon(loaded, options);
  try {
    await node.start();
  } catch (thrown) {
    const { code, message: reason } = KedgeError.from(thrown);
    if (options.signal?.aborted !== true) {
      options.logger?.error({ event: 'node.failed', code, reason }, 'the node does not start');
    }
    await node[Symbol.asyncDispose]();
    throw thrown;
  }
  return node;
}

class Daemon implements RunningNode {
  readonly config: NodeConfig;
  readonly closed: Promise<void>;
  readonly #logger: Logger;
  readonly #observation: Observation;
  readonly #clock: Clock;
  readonly #options: RunOptions;
  /** What has to be closed, in the order of opening. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  #setClosed: () => void = () => undefined;
  #closing: Promise<void> | undefined;
  #parts: Parts | undefined;
  #phase: 'holding' | 'serving' | 'suspect' = 'holding';
  #settling: Promise<void> = Promise.resolve();

  constructor(config: NodeConfig, options: RunOptions) {
    this.config = config;
    this.#options = options;
    this.#logger = options.logger ?? noLogger;
    this.#observation = new Observation(config, options.metrics ?? noMetrics);
    this.#clock = options.clock ?? systemClock;
    this.closed = new Promise((resolve) => {
      this.#setClosed = resolve;
    });
  }

  get addresses(): NodeAddresses {
    const { addresses } = this.#requireParts().listeners;
    const { address: http } = this.#observation;
    return http === undefined ? addresses : { ...addresses, http };
  }

  get firstCharterDigest(): Sha256 {
    return this.trusted.firstCharterDigest;
  }

  get trusted(): TrustedState {
    return this.#requireParts().replicator.durable;
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const stop = (): void => void this.#close();
    signal?.addEventListener('abort', stop, { once: true });
    this.#closers.push(() => signal?.removeEventListener('abort', stop));
    const { node, realm } = this.config;
    const logger = this.#logger;
    logger.info({ event: 'node.starting', id: node.id, region: node.region, realm }, 'starting');
    this.#closers.push(async () => this.#observation[Symbol.asyncDispose]());
    await this.#observation.open();
    const { tls } = this.config;
    const files = tls === undefined ? undefined : await loadTlsFiles(tls);
    if (files !== undefined && tls !== undefined) {
      requireOwnName(this.config, tls.certFile, files.pair.leaf);
    }
    const { store, state, found } = await this.#openStore();
    const identity = await this.#openIdentity(store, state, files);
    const parts = await this.#serve({ store, state, found, identity });
    this.#parts = parts;
    const { serveAnyway } = this.config.store;
    if (hasShownNoMore(found.origin) || serveAnyway) this.#beginServing(found);
    parts.replicator.start();
    this.#observation.running(parts);
    logger.info({ event: 'node.ready', ...this.addresses }, 'up');
  }

  /** From now on clients are served; called again whenever there is something new for them. */
  #beginServing(found: FoundOrigin): void {
    this.#options.onServed?.();
    const was = this.#phase;
    if (was === 'serving' || this.#parts === undefined) return;
    this.#phase = 'serving';
    for (const server of this.#parts.listeners.servers) server.setHealth('SERVING');
    if (found.origin === 'intact' && was !== 'suspect') return;
    this.#settling = this.#settling.then(async () => settleOrigin(found, this.#logger));
  }

  /** The store is an old copy: nobody is served, unless the operator wants it. */
  #suspect(found: FoundOrigin, attesting: Attesting | undefined): void {
    this.#settling = this.#settling.then(async () => attesting?.renounce(found));
    if (this.#parts?.holding() === undefined) return;
    this.#phase = 'suspect';
    for (const server of this.#parts.listeners.servers) server.setHealth('NOT_SERVING');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #openIdentity(
    store: Store,
    state: TrustedState,
    files: TlsFiles | undefined,
  ): Promise<NodeIdentity | undefined> {
    const { tls } = this.config;
    if (tls === undefined || files === undefined) return undefined;
    const identity = await NodeIdentity.open({
      config: tls,
      naming: this.config,
      files,
      store,
      state,
      clock: this.#clock,
      logger: this.#logger,
      metrics: this.#observation.metrics,
    });
    this.#closers.push(async () => identity[Symbol.asyncDispose]());
    return identity;
  }

  async #openStore(): Promise<Omit<Basis, 'identity'>> {
    const { path } = this.config.store;
    const store = await (this.#options.openStore ?? openLevelStore)(path);
    this.#closers.push(async () => {
      await this.#settling;
      await store[Symbol.asyncDispose]();
    });
    const found = await findOrigin(store, this.config.store);
    const nowMs = this.#clock.nowMs();
    const state = await loadState({ config: this.config, store, nowMs });
    const counts = { charters: state.charters.length, streams: state.streams.size };
    this.#logger.info({ event: 'store.opened', path, ...counts }, 'store opened and verified');
    warnAboutTime(state, nowMs, this.#logger);
    warnAboutOrigin(found.origin, this.config, this.#logger);
    return { store, state, found };
  }

  async #serve({ store, state, found, identity }: Basis): Promise<Parts> {
    const config = await withPeerPort(this.config);
    const directory = new CallerDirectory({
      identities: config.identities,
      peerIdentity: peerPattern(config),
    });
    const surroundings = {
      config,
      directory,
      tls: identity?.tls,
      clock: this.#clock,
      logger: this.#logger,
      metrics: this.#observation.metrics,
    };
    const audit = await openAudit({ ...surroundings, store, state });
    this.#closers.push(async () => audit[Symbol.asyncDispose]());
    const attesting: { by?: Attesting } = {};
    const recalled = await recall(this.config, store, this.#logger);
    const assembly = assemble({
      ...{ ...surroundings, store, state, found, audit },
      ...recalled,
      tlsWorkers: () => this.#parts?.listeners.servers.flatMap(({ workers }) => workers) ?? [],
      keyWait: () => attesting.by?.wait,
      record: this.#options.record,
      onServe: (next, streams) => {
        identity?.serve(next, streams);
        attesting.by?.serve(next, streams);
        this.#beginServing(found);
      },
      onStore: (what) => {
        if (what === 'renew') this.#suspect(found, attesting.by);
        else attesting.by?.judged(what);
      },
      onHold: (next, streams) => identity?.serve(next, streams),
    });
    const { transport, replicator, subscriptions, reporting, deliveries, vitals } = assembly;
    this.#closers.push(() => transport[Symbol.dispose]());
    this.#closers.push(async () => replicator[Symbol.asyncDispose]());
    reporting.start();
    this.#closers.push(() => reporting[Symbol.dispose]());
    deliveries.start();
    this.#closers.push(async () => deliveries[Symbol.asyncDispose]());
    const by = new Attesting({ ...surroundings, ...recalled, store, replicator, audit });
    audit.feed.start();
    this.#closers.push(async () => by[Symbol.asyncDispose]());
    attesting.by = by;
    const memory = new MemberMemory({ ...surroundings, store, replicator });
    this.#closers.push(async () => memory[Symbol.asyncDispose]());
    this.#closers.push(watchTrustExpiry({ ...surroundings, replicator }));
    const listeners = await openListeners({ ...surroundings, services: assembly.services });
    this.#closers.push(async () => {
      subscriptions.close();
      const { drainTimeoutMs } = config;
      await Promise.all(listeners.servers.map(async (server) => server.drain(drainTimeoutMs)));
    });
    // First of all the others hear that this node goes: then nobody suspects it.
    this.#closers.push(() => replicator.leave());
    return { replicator, listeners, vitals, holding: () => replicator.waits.holding };
  }

  async #close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    await this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#logger.info({ event: 'node.stopping' }, 'stopping');
    this.#observation.stopping();
    for (const close of this.#closers.toReversed()) {
      try {
        await close();
      } catch (thrown) {
        const err = KedgeError.from(thrown);
        this.#logger.error({ event: 'store.failed', code: err.code, err }, 'closing failed');
      }
    }
    this.#logger.info({ event: 'node.stopped' }, 'stopped');
    this.#setClosed();
  }

  #requireParts(): Parts {
    if (this.#parts === undefined) throw new KedgeError('BUG', 'the node has not started');
    return this.#parts;
  }
}
