/**
 * What becomes of connections that rest on a CA which is not trusted any more.
 *
 * A revoked CA is one whose key may be in the hands of an attacker, and the connection may be the
 * attacker's: it is closed at once, requests in flight or not. A CA that was removed in good order,
 * or that may vouch for less than before, gives no cause for alarm, so its connections drain: work
 * in flight may end, nothing new begins where the protocol can say so, and what is still there at
 * the deadline is closed, because a deadline is what makes a removal true.
 *
 * @module
 */
import type { TLSSocket } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { DistrustReason, TrustPorts } from './trust-view.ts';

/** What to do with a connection. */
export type DistrustPolicy =
  /** Work in flight may end; what is still open after `withinMs` (0 to 2^31 - 1) is closed. */
  | { readonly policy: 'drain'; readonly withinMs: number }
  | { readonly policy: 'close' }
  /** Nothing but telling: log, metric, `onDistrusted`. The connection goes on for ever. */
  | { readonly policy: 'report' };

/** What to do with connections that have to end. */
export type EndPolicy = Exclude<DistrustPolicy, { readonly policy: 'report' }>;

/** How an own certificate is replaced. */
export interface UpdateIdentityOptions {
  /**
   * What becomes of connections that were opened with the one before, which they go on to show.
   * Default: they go on.
   */
  readonly open?: EndPolicy;
}

/** A policy for each reason; what is absent has its default. */
export interface DistrustPolicies {
  /** The CA was revoked. Default: `close`. */
  readonly revoked?: DistrustPolicy;
  /** It was removed, or may vouch for less than before. Default: `drain` within 30 seconds. */
  readonly removed?: DistrustPolicy;
}

/** A connection that rests on nobody who is trusted now. */
export interface DistrustedConnection {
  readonly bundle: string;
  readonly purpose: string;
  readonly reason: DistrustReason;
  readonly policy: DistrustPolicy['policy'];
  /** Which side of the connection this program is. */
  readonly side: 'accepted' | 'dialled';
  /** The CA that vouched for it; absent when that was not known. */
  readonly anchor?: AnchorId;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly socket: TLSSocket;
}

/** What all live functions take. */
export interface DistrustOptions {
  /** One policy for all reasons, or one for each. */
  readonly onDistrust?: DistrustPolicy | DistrustPolicies;
  /**
   * Called for each connection when its policy begins, before anything is done to it. Bounded by
   * the number of connections. What it throws is logged.
   */
  readonly onDistrusted?: (connection: DistrustedConnection) => void;
}

const POLICY_KEYS = ['policy', 'withinMs'];
const REASON_KEYS = ['revoked', 'removed'];
const DRAIN_DEFAULT_MS = 30_000;
const TIMER_MAX_MS = 2 ** 31 - 1;
/** Lines for single connections at one change; one more says how many others there are. */
const LINES_MAX = 16;

/** The policy for each reason. Errors: `CONFIG`. */
export function resolvePolicies(
  options: DistrustOptions['onDistrust'] = {},
): Readonly<Record<DistrustReason, DistrustPolicy>> {
  requireKeys(options, isPolicy(options) ? POLICY_KEYS : REASON_KEYS);
  const {
    revoked = { policy: 'close' },
    removed = { policy: 'drain', withinMs: DRAIN_DEFAULT_MS },
  }: DistrustPolicies = isPolicy(options) ? { revoked: options, removed: options } : options;
  for (const policy of [revoked, removed]) requirePolicy(policy);
  return { revoked, removed, narrowed: removed };
}

/** What is to become of connections with the certificate before. Errors: `CONFIG`. */
export function requireEnd({ open }: UpdateIdentityOptions = {}): EndPolicy | undefined {
  if (open === undefined) return undefined;
  const policy: unknown = Reflect.get(Object(open), 'policy');
  if (policy !== 'drain' && policy !== 'close') {
    throw new KedgeError('CONFIG', "open must be { policy: 'drain', withinMs } or 'close'");
  }
  requirePolicy(open);
  return open;
}

function isPolicy(given: unknown): given is DistrustPolicy {
  return typeof given === 'object' && given !== null && 'policy' in given;
}

/** Callers in JavaScript may give anything. What is misspelt would silently have no effect. */
function requireKeys(given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) throw wrongPolicy('it is not an object');
  const stray = Object.keys(given).find((key) => !known.includes(key));
  if (stray !== undefined) throw wrongPolicy(`${stray} does not belong there`);
}

function requirePolicy(given: DistrustPolicy): void {
  requireKeys(given, POLICY_KEYS);
  const { policy, withinMs }: { policy: string; withinMs?: number } = given;
  if (withinMs === undefined && (policy === 'close' || policy === 'report')) return;
  const isTime = Number.isInteger(withinMs) && Number(withinMs) >= 0;
  if (policy === 'drain' && isTime && Number(withinMs) <= TIMER_MAX_MS) return;
  throw wrongPolicy();
}

function wrongPolicy(why?: string): KedgeError {
  return new KedgeError(
    'CONFIG',
    "onDistrust must be { policy: 'close' }, { policy: 'report' }, " +
      "{ policy: 'drain', withinMs } in milliseconds, or { revoked, removed } of these" +
      (why === undefined ? '' : `: ${why}`),
  );
}

/** Tells about connections: a line, a count and the program's listener. */
export class DistrustReport {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #listener: ((connection: DistrustedConnection) => void) | undefined;
  #told = 0;

  /** Errors: `CONFIG` when the listener is none. */
  constructor({ logger, metrics }: TrustPorts, { onDistrusted }: DistrustOptions) {
    if (onDistrusted !== undefined && typeof onDistrusted !== 'function') {
      throw new KedgeError('CONFIG', 'onDistrusted must be a function');
    }
    this.#logger = logger;
    this.#metrics = metrics;
    this.#listener = onDistrusted;
  }

  /** A handshake was fine for OpenSSL and is refused here. */
  refused(side: DistrustedConnection['side'], error: KedgeError): void {
    this.#metrics.increment('kedge_client_handshakes_refused_total', { side });
    this.#logger.debug({ event: 'connection.refused', side, code: error.code }, error.message);
  }

  distrusted(connection: DistrustedConnection): void {
    const { bundle, side, reason, policy, anchor, remoteAddress: from } = connection;
    this.#metrics.increment('kedge_client_connections_distrusted_total', { side, reason, policy });
    this.#told += 1;
    if (this.#told <= LINES_MAX) {
      this.#logger.warn(
        { event: 'connection.distrusted', bundle, side, reason, policy, anchor, from },
        `a connection rests on a CA that is ${reason}: ${policy}`,
      );
    }
    try {
      this.#listener?.(connection);
    } catch (thrown) {
      const err = KedgeError.from(thrown);
      this.#logger.error({ event: 'trust.failed', bundle, err }, 'onDistrusted has thrown');
    }
  }

  /** Ends the lines of one change. */
  endChange(bundle: string): void {
    const connections = this.#told - LINES_MAX;
    this.#told = 0;
    if (connections <= 0) return;
    this.#logger.warn(
      { event: 'connection.distrusted', bundle, connections },
      `${connections} more connections rest on a CA that is not trusted any more`,
    );
  }
}
