/**
 * The open connections of one live function, each with the CA that vouches for it.
 *
 * When the set changes, those whose CA is as it was are left alone; for the others a path to
 * another CA of the newest set is looked for, and those that have none are drained, closed or
 * reported. The vouching CA is found once per handshake and is the one that is counted as used.
 *
 * @module
 */
import type { TLSSocket } from 'node:tls';
import { KedgeError } from '../../core/errors.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Authority, Verdict } from './authorities.ts';
import {
  type DistrustedConnection,
  type DistrustOptions,
  type DistrustPolicy,
  DistrustReport,
  type EndPolicy,
  resolvePolicies,
} from './distrust.ts';
import { refuseUnknownOptions } from './option-names.ts';
import type { PeerChain } from './peer-chain.ts';
import {
  DEFAULT_PORTS,
  type DistrustReason,
  type TrustChange,
  type TrustSelector,
  type TrustSet,
  type TrustSource,
  type TrustView,
} from './trust-view.ts';

/** What connections are judged by. */
export interface ConnectionsOptions extends DistrustOptions, TrustSelector {
  readonly side: DistrustedConnection['side'];
  /** The newest set, and who counts what rests on it. */
  readonly view: () => Pick<TrustView, 'current' | 'count'>;
}

/** When a handshake began: `before` trust narrowed, so OpenSSL judged it by an older set. */
export type HandshakeBegin = 'before' | 'now';

/** A handshake that ended well. */
export interface Handshake {
  readonly socket: TLSSocket;
  readonly chain: PeerChain;
  readonly began: HandshakeBegin;
  /** {@link Connections.generation} when it began; absent: the present one. */
  readonly generation?: number;
  /** What was shown when the session began may be forgotten. */
  readonly isForgotten?: boolean;
  /** Lets work in flight end and nothing new begin; may be called more than once. */
  readonly drain?: () => void;
  /** Ends the connection at once. Default: the socket is destroyed with the reason. */
  readonly close?: (reason: KedgeError) => void;
}

interface Connection extends Pick<Handshake, 'socket' | 'chain'> {
  readonly drain: (() => void) | undefined;
  readonly close: (reason: KedgeError) => void;
  /** Absent when no path was found: OpenSSL knows one, or a session was resumed. */
  anchor: Authority | undefined;
  ending: { readonly policy: DistrustPolicy['policy']; readonly timer?: ClockTimer } | undefined;
  /** It shows an own certificate that was replaced, and drains for that. */
  replaced: ClockTimer | undefined;
}

type Refusal = Exclude<Verdict, { kind: 'vouched' }>;

const STRICTNESS = { report: 0, drain: 1, close: 2 } as const;

/** Follows the connections of one live function. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #policies: Readonly<Record<DistrustReason, DistrustPolicy>>;
  readonly #report: DistrustReport;
  readonly #clock: Clock;
  readonly #open = new Map<object, Connection>();
  #generation = 0;
  /** What was done at the last change of the own certificate that ended connections. */
  #end: EndPolicy = { policy: 'close' };

  /** Errors: `CONFIG` for a bad policy or a name that no option has. */
  constructor(source: TrustSource, options: ConnectionsOptions) {
    refuseUnknownOptions(options);
    this.#options = options;
    this.#policies = resolvePolicies(options.onDistrust);
    const { ports = DEFAULT_PORTS } = source;
    this.#report = new DistrustReport(ports, options);
    this.#clock = ports.clock;
  }

  /** How often connections had to end because the own certificate was replaced. */
  get generation(): number {
    return this.#generation;
  }

  /** Ends all connections, and those whose handshake is under way when that is over. */
  replace(end: EndPolicy): void {
    this.#generation += 1;
    this.#end = end;
    for (const connection of [...this.#open.values()]) this.#replace(connection);
  }

  /** Admits a connection and follows it until it closes; the reason when it must be refused. */
  admit(handshake: Handshake): KedgeError | undefined {
    const { socket, chain, began, isForgotten, drain, close } = handshake;
    const verdict = this.#judge(chain);
    const isVouched = verdict.kind === 'vouched';
    if (!isVouched && (began === 'before' || this.#isUnsure(verdict, socket, chain))) {
      return this.#refuse(verdict);
    }
    if (isVouched) this.#options.view().count(verdict.anchors, socket);
    else if (isForgotten === true) this.#options.view().count([]);
    if (chain.length === 0 || socket.destroyed) return undefined;
    const connection: Connection = {
      ...{
        socket,
        chain,
        drain,
        anchor: anchorOf(verdict),
        ending: undefined,
        replaced: undefined,
      },
      close: close ?? ((reason) => void socket.destroy(reason)),
    };
    this.#open.set(socket, connection);
    socket.once('close', () => {
      connection.ending?.timer?.[Symbol.dispose]();
      connection.replaced?.[Symbol.dispose]();
      this.#open.delete(socket);
    });
    const { generation = this.#generation } = handshake;
    if (generation < this.#generation) this.#replace(connection);
    return undefined;
  }

  /** Judges a leaf without a connection to follow; the reason when it must be refused. */
  refusal(chain: PeerChain, began: HandshakeBegin): KedgeError | undefined {
    const verdict = this.#judge(chain);
    if (verdict.kind === 'vouched') return undefined;
    const isUnsure = began === 'before' || this.#set.authorities.isLimited;
    return isUnsure ? this.#refuse(verdict) : undefined;
  }

  /** Says whether nothing new should begin on a connection. */
  isEnding(socket: object): boolean {
    const connection = this.#open.get(socket);
    const policy = connection?.ending?.policy;
    return connection?.replaced !== undefined || policy === 'drain' || policy === 'close';
  }

  /** Judges all connections by the newest set. */
  follow(change: TrustChange): void {
    const { authorities } = this.#set;
    for (const connection of [...this.#open.values()]) {
      const { anchor } = connection;
      // Nobody knows what it rests on, so nothing can have happened to that.
      if (anchor === undefined && change === 'widened') continue;
      const isAsItWas = anchor !== undefined && authorities.hasAsItIs(anchor);
      if (isAsItWas) spare(connection, anchor);
      else this.#judgeAgain(connection);
    }
    this.#report.endChange(this.#options.bundle);
  }

  #judgeAgain(connection: Connection): void {
    const verdict = this.#judge(connection.chain);
    if (verdict.kind !== 'vouched') return this.#distrust(connection);
    // It is another CA that is in use now.
    this.#options.view().count(verdict.anchors, connection.socket);
    spare(connection, verdict.anchor);
  }

  get #set(): TrustSet {
    return this.#options.view().current;
  }

  #judge(chain: PeerChain): Verdict {
    const usage = this.#options.side === 'accepted' ? 'client' : 'server';
    return this.#set.authorities.vouch(chain, { nowMs: this.#clock.nowMs(), usage });
  }

  /**
   * A session was resumed under the set that it began under. Where no path is found OpenSSL knows
   * one all the same, which may end at any CA: at a limited one, too.
   */
  #isUnsure({ kind }: Verdict, socket: TLSSocket, chain: PeerChain): boolean {
    if (socket.isSessionReused() || chain.length === 0) return false;
    return kind === 'limited' || this.#set.authorities.isLimited;
  }

  #refuse(verdict: Refusal): KedgeError {
    const error = refusalOf(verdict);
    this.#report.refused(this.#options.side, error);
    return error;
  }

  #distrust(connection: Connection): void {
    const { socket, anchor, ending } = connection;
    const { bundle, purpose, side } = this.#options;
    const reason = anchor === undefined ? 'removed' : this.#set.reasonOf(anchor.id);
    const next = this.#policies[reason];
    const { policy } = next;
    if (ending !== undefined && STRICTNESS[policy] <= STRICTNESS[ending.policy]) return;
    ending?.timer?.[Symbol.dispose]();
    connection.ending = { policy };
    const { remoteAddress, remotePort } = socket;
    this.#report.distrusted({
      ...{ bundle, purpose, reason, policy, side, socket },
      ...(anchor && { anchor: anchor.id }),
      ...(remoteAddress !== undefined && { remoteAddress }),
      ...(remotePort !== undefined && { remotePort }),
    });
    switch (next.policy) {
      case 'report':
        return;
      case 'close':
        return connection.close(distrusted());
      case 'drain':
        return this.#drain(connection, next.withinMs);
    }
  }

  #replace(connection: Connection): void {
    const end = this.#end;
    const reason = new KedgeError('UNAVAILABLE', 'the own certificate was replaced');
    if (end.policy === 'close') return connection.close(reason);
    connection.replaced ??= this.#clock.setTimer(end.withinMs, () => connection.close(reason));
    connection.drain?.();
  }

  #drain(connection: Connection, withinMs: number): void {
    const timer = this.#clock.setTimer(withinMs, () => connection.close(distrusted()));
    connection.ending = { policy: 'drain', timer };
    connection.drain?.();
  }
}

function anchorOf(verdict: Verdict): Authority | undefined {
  return verdict.kind === 'vouched' ? verdict.anchor : undefined;
}

function spare(connection: Connection, anchor: Authority): void {
  connection.ending?.timer?.[Symbol.dispose]();
  connection.ending = undefined;
  connection.anchor = anchor;
}

function refusalOf(verdict: Refusal): KedgeError {
  switch (verdict.kind) {
    case 'unvouched':
      return new KedgeError('UNAVAILABLE', 'no CA that is trusted now vouches for the other side');
    case 'limited': {
      const { anchor, message } = verdict;
      const why = `the CA of the other side may not vouch for its certificate: ${message}`;
      return new KedgeError('POLICY', why, { detail: { anchor: anchor.id } });
    }
  }
}

function distrusted(): KedgeError {
  return new KedgeError('UNAVAILABLE', 'the CA of the other side is not trusted any more');
}
