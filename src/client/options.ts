/**
 * The options of a source: types, defaults, checks. `docs/sdk.md` has the same as a table.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import {
  type BundleName,
  parseBundleName,
  parseRealmName,
  parseSha256,
  type RealmName,
  type Sha256,
} from '../core/ids.ts';
import { WATCH_BUNDLES_MAX } from '../core/limits.ts';
import type { Clock } from '../ports/clock.ts';
import { type Logger, noLogger } from '../ports/logger.ts';
import { type Metrics, noMetrics } from '../ports/metrics.ts';
import { systemClock } from '../ports/system-clock.ts';
import type { ExpiredPolicy } from './expiry.ts';
import {
  checkExpired,
  checked,
  checkFloors,
  checkFolder,
  checkKnown,
  checkLabels,
  checkMethods,
  checkMs,
  checkRegions,
  wrong,
} from './option-checks.ts';

/** How the connection to the nodes is secured: mTLS, from files or values. */
export interface SourceTlsOptions {
  /** The program's certificate chain, PEM. Give a file or a value, with its key. */
  readonly certFile?: string;
  readonly cert?: string | Uint8Array;
  readonly keyFile?: string;
  readonly key?: string | Uint8Array;
  /** The CAs that vouch for nodes, PEM. Default: the system's list. */
  readonly caFile?: string;
  readonly ca?: string | Uint8Array;
  /** The name in the nodes' certificates, when it is not the host of the endpoint. */
  readonly serverName?: string;
}

/** The options of `openBundleSource`. */
export interface BundleSourceOptions {
  /** The realm's name, for example `prod.example.org`. */
  readonly realm: string;
  /** The pin: digest of the realm's first charter, 64 hex digits. All trust starts here. */
  readonly firstCharterDigest: string;
  /** Nodes as `host:port`, in order of preference; 1 to 64. None of them is trusted. */
  readonly endpoints: readonly string[];
  /** mTLS to the nodes. Required, unless `insecure`. Files are read again at each connect. */
  readonly tls?: SourceTlsOptions;
  /** Plaintext, for loopback endpoints only. Default false. */
  readonly insecure?: boolean;
  /** Names of the bundles to watch; 1 to 256. */
  readonly bundles: readonly string[];
  /** Folder of the last-known-good copy. Default: none, and a start needs a node that answers. */
  readonly cacheDir?: string;
  /** Per bundle, the lowest sequence to accept even when the cache is gone. Default: none. */
  readonly minSequence?: Readonly<Record<string, number>>;
  /** Shown in adoption reports, for example `{ service: 'billing' }`; at most 32. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Where log lines go; a pino logger fits. Default: nowhere. */
  readonly logger?: Logger;
  /** Where measurements go. Default: nowhere. */
  readonly metrics?: Metrics;
  /**
   * What a release does whose signers wanted a newer one by now: `keep` it in use and tell, or
   * `fail`: nobody is trusted until a newer one comes. Default `keep`.
   */
  readonly onExpired?: ExpiredPolicy;
  /**
   * How many regions of the charter must have cosigned a release before it comes into use, and must
   * say that nothing newer exists for it to be fresh. Default: none, and a node's word is enough.
   */
  readonly requireRegions?: number;
  /**
   * Digest of a later charter, for which you vouch as for the pin: with `requireRegions`, charters
   * up to it need no region. For when too many regions were replaced since the pin. Default: none.
   */
  readonly knownCharterDigest?: string;
  /**
   * How long a bundle may go without the word, of regions or a node, that it is the newest,
   * milliseconds. Default: `clients.freshnessSeconds` of the charter.
   */
  readonly staleAfterMs?: number;
  /** How long connecting may take, milliseconds. Default 10000. */
  readonly connectTimeoutMs?: number;
  /** How long a node may take to answer for all bundles, milliseconds. Default 10000. */
  readonly answerTimeoutMs?: number;
  /** After how much silence a connection counts as dead, milliseconds. Default 60000. */
  readonly silenceTimeoutMs?: number;
  /** The first and the longest wait between attempts, milliseconds. Default 250 and 30000. */
  readonly backoff?: { readonly initialMs?: number; readonly maxMs?: number };
  /** Closes the source. */
  readonly signal?: AbortSignal;
  /** Time; for tests. Default: the machine's. */
  readonly clock?: Clock;
  /** Random numbers from 0 to below 1, for jitter; for tests. Default `Math.random`. */
  readonly random?: () => number;
}

/** How connections are secured, checked. */
export type Security =
  | { readonly kind: 'tls'; readonly tls: SourceTlsOptions }
  | { readonly kind: 'plaintext' };

/** Options after checks and defaults. */
export interface SourceConfig {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  readonly endpoints: readonly string[];
  readonly security: Security;
  readonly bundles: readonly BundleName[];
  readonly cacheDir: string | undefined;
  readonly minSequences: ReadonlyMap<BundleName, number>;
  readonly labels: ReadonlyMap<string, string>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly onExpired: ExpiredPolicy;
  readonly requireRegions: number | undefined;
  readonly knownCharterDigest: Sha256 | undefined;
  readonly staleAfterMs: number | undefined;
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly silenceTimeoutMs: number;
  readonly backoffInitialMs: number;
  readonly backoffMaxMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

const ENDPOINTS_MAX = 64;
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const ENDPOINT = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** Checks options and fills in the defaults. Errors: `CONFIG`, naming the option. */
export function resolveOptions(options: BundleSourceOptions): SourceConfig {
  requireShape(options);
  const { clock = systemClock } = options;
  const bundles = checkBundles(options.bundles);
  return {
    realm: checked('realm', () => parseRealmName(options.realm)),
    firstCharterDigest: checked('firstCharterDigest', () =>
      parseSha256(options.firstCharterDigest),
    ),
    endpoints: checkEndpoints(options.endpoints),
    security: checkSecurity(options),
    bundles,
    cacheDir: checkFolder('cacheDir', options.cacheDir),
    minSequences: checkFloors(options.minSequence ?? {}, bundles),
    labels: checkLabels(options.labels ?? {}),
    logger: checkMethods('logger', options.logger, noLogger, LEVELS),
    metrics: checkMethods('metrics', options.metrics, noMetrics, ['increment', 'set']),
    clock,
    onExpired: checkExpired(options.onExpired),
    requireRegions: checkRegions(options.requireRegions),
    knownCharterDigest: checkKnown(options.knownCharterDigest),
    staleAfterMs:
      options.staleAfterMs === undefined
        ? undefined
        : checkMs('staleAfterMs', options.staleAfterMs, 0),
    connectTimeoutMs: checkMs('connectTimeoutMs', options.connectTimeoutMs, 10_000),
    answerTimeoutMs: checkMs('answerTimeoutMs', options.answerTimeoutMs, 10_000),
    silenceTimeoutMs: checkMs('silenceTimeoutMs', options.silenceTimeoutMs, 60_000),
    backoffInitialMs: checkMs('backoff.initialMs', options.backoff?.initialMs, 250),
    backoffMaxMs: checkMs('backoff.maxMs', options.backoff?.maxMs, 30_000),
    signal: options.signal,
    random: options.random ?? Math.random,
  };
}

/** Names of all options. What a caller in JavaScript misspells would silently have no effect. */
const NAMES: Readonly<Record<keyof BundleSourceOptions, true>> = {
  realm: true,
  firstCharterDigest: true,
  endpoints: true,
  tls: true,
  insecure: true,
  bundles: true,
  cacheDir: true,
  minSequence: true,
  labels: true,
  logger: true,
  metrics: true,
  onExpired: true,
  requireRegions: true,
  knownCharterDigest: true,
  staleAfterMs: true,
  connectTimeoutMs: true,
  answerTimeoutMs: true,
  silenceTimeoutMs: true,
  backoff: true,
  signal: true,
  clock: true,
  random: true,
};

/** Refuses what the types would: callers in JavaScript have no compiler that does. */
function requireShape(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw new KedgeError('CONFIG', 'openBundleSource needs an object with options');
  }
  const given = new Map<string, unknown>(Object.entries(options));
  for (const name of given.keys()) {
    if (!Object.hasOwn(NAMES, name)) throw wrong(name, 'there is no such option');
  }
  for (const name of ['realm', 'firstCharterDigest']) {
    if (typeof given.get(name) !== 'string') throw wrong(name, 'give it, as a string');
  }
  for (const name of ['endpoints', 'bundles']) {
    const list = given.get(name);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) continue;
    throw wrong(name, 'give it, as a list of strings');
  }
}

function checkBundles(names: readonly string[]): readonly BundleName[] {
  const bundles = [
    ...new Set(names.map((name) => checked('bundles', () => parseBundleName(name)))),
  ];
  if (bundles.length >= 1 && bundles.length <= WATCH_BUNDLES_MAX) return bundles;
  throw wrong('bundles', `give 1 to ${WATCH_BUNDLES_MAX} names`);
}

function checkEndpoints(endpoints: readonly string[]): readonly string[] {
  if (endpoints.length < 1 || endpoints.length > ENDPOINTS_MAX) {
    throw wrong('endpoints', `give 1 to ${ENDPOINTS_MAX} as host:port`);
  }
  for (const endpoint of endpoints) {
    const port = Number(ENDPOINT.exec(endpoint)?.[2]);
    if (port >= 1 && port <= 65_535) continue;
    throw wrong('endpoints', `${JSON.stringify(endpoint.slice(0, 80))} is not host:port`);
  }
  return [...endpoints];
}

/** Checks how to connect to these endpoints. Errors: `CONFIG`. */
export function checkSecurity({
  tls,
  insecure = false,
  endpoints,
}: Pick<BundleSourceOptions, 'tls' | 'insecure' | 'endpoints'>): Security {
  if (!insecure) {
    if (tls === undefined) throw wrong('tls', 'give it; insecure: true is for loopback only');
    if ((tls.cert ?? tls.certFile) === undefined || (tls.key ?? tls.keyFile) === undefined) {
      throw wrong('tls', 'give cert or certFile, and key or keyFile');
    }
    return { kind: 'tls', tls };
  }
  if (tls !== undefined) throw wrong('insecure', 'give either tls or insecure');
  const far = endpoints.find((endpoint) => !LOOPBACK.test(ENDPOINT.exec(endpoint)?.[1] ?? ''));
  if (far === undefined) return { kind: 'plaintext' };
  throw wrong('insecure', `plaintext is for loopback endpoints only, not for ${far}: use tls`);
}
