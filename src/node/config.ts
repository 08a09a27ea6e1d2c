/**
 * The configuration of a node once it is read and checked; `config-schema.ts` says what each key
 * means, `config-file.ts` reads it.
 *
 * @module
 */
import type { BundleName, NodeId, RealmName, RegionName, Sha256 } from '../core/ids.ts';

/** Roles that `identities` can give; peers get theirs from `peers`. */
export type IdentityRole = 'client' | 'admin';
/** Levels of the log, most detailed first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The certificate of a node and the authorities of its callers. */
export interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly caBundle?: BundleName | undefined;
  readonly moveWithinMs: number;
  /** Absent: none. */
  readonly clientWorkers?: number | undefined;
}

/** Which callers are clients or admins. */
export interface IdentityConfig {
  readonly id: string;
  readonly roles: readonly IdentityRole[];
}

/** How this node finds the others and knows them. */
export interface PeersConfig {
  /** Addresses of some of them, `host:port`; a name may stand for many. */
  readonly seeds: readonly string[];
  /** What their certificates say, with `{node}` where the node's name stands. */
  readonly identity?: string | undefined;
}

/** Where a node tells HTTP callers how it is. */
export interface HttpConfig {
  readonly listen: string;
  readonly allowRemote: boolean;
}

/** Limits on what callers may use. */
export interface LimitsConfig {
  readonly maxSubscribers: number;
  readonly maxSubscribersPerClient: number;
  readonly maxStreamsPerConnection: number;
}

/** How the adoption by clients is counted. */
export interface AdoptionConfig {
  readonly labels: readonly string[];
  readonly departedMs: number;
  readonly maxDeparted: number;
}

/** A checked configuration with all defaults filled in; `docs/node-config.md` explains each key. */
export interface NodeConfig {
  readonly node: {
    readonly id: NodeId;
    readonly region: RegionName;
    readonly address?: string | undefined;
  };
  readonly realm: RealmName;
  readonly firstCharterDigest?: Sha256 | undefined;
  readonly firstCharterFile?: string | undefined;
  readonly store: {
    readonly path: string;
    readonly bootFile?: string | undefined;
    readonly serveAnyway: boolean;
  };
  readonly listen: {
    readonly clients?: string | undefined;
    readonly peers?: string | undefined;
    readonly admins?: string | undefined;
  };
  readonly http?: HttpConfig | undefined;
  readonly tls?: TlsConfig | undefined;
  readonly insecure: boolean;
  /** The key with which this node attests for its region. */
  readonly region?: { readonly keyFile: string } | undefined;
  readonly identities: readonly IdentityConfig[];
  readonly peers: PeersConfig;
  readonly limits: LimitsConfig;
  /** Absent: the defaults. */
  readonly adoption?: AdoptionConfig | undefined;
  /** Absent: the default. */
  readonly audit?: { readonly maxBytes: number } | undefined;
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'text' };
  readonly drainTimeoutMs: number;
}
