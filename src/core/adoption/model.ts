/**
 * How far clients are with a bundle: the words for it, as the board of one node, its row, an
 * admin's question and the answer use them. docs/adoption.md says what is counted.
 *
 * @module
 */
import type { ErrorCode } from '../errors.ts';
import type { AnchorId, BundleName, NodeId, RegionName, Sequence, Sha256 } from '../ids.ts';

/**
 * How far a client is. `waiting`: it runs nothing and has said nothing; `delivered` and `refused`:
 * of something else than what it runs; `loaded`: it runs what it was given last.
 */
export type ClientStage = 'waiting' | 'delivered' | 'loaded' | 'refused';

/** `departed`: the stream broke, and the client was not seen since. */
export type Presence = 'connected' | 'departed';

/** Clients of one region that are in the same place. */
export interface AdoptionGroup extends ClientPlace {
  readonly region: RegionName;
  /** The labels that nodes group by, as far as the clients have them. */
  readonly labels: ReadonlyMap<string, string>;
  readonly presence: Presence;
  readonly count: number;
  /** Since when there is something newer for them; absent: there is not. */
  readonly behindSinceMs?: number;
}

/** Where a client is. */
export interface ClientPlace {
  readonly stage: ClientStage;
  /** What it runs; 0 for nothing, or for various ones in a group with the label `(other)`. */
  readonly sequence: number;
  /** 16 hex digits: how the digest of what it runs begins; empty for nothing. */
  readonly digest: string;
  /** What it was sent or refused, where that is not what it runs. */
  readonly otherSequence?: Sequence;
  /** Why it refused. */
  readonly code?: ErrorCode;
}

/** The use of one anchor. */
export interface AnchorAdoption {
  readonly anchor: AnchorId;
  /** Clients of which a node still knows that used it. */
  readonly clients: number;
  readonly handshakes: number;
  readonly lastUsedMs: number;
}

/**
 * Whether a node's clients are counted. `unreachable`: it is suspect, failed or doubtful, and its
 * clients may have moved or not; `silent`: nothing is known of them; `left`: it left in order.
 */
export type NodeStanding = 'counted' | 'unreachable' | 'silent' | 'left';

/** How many clients of one node there are. */
export interface ClientCounts {
  readonly connected: number;
  readonly departed: number;
  /** Those that do not report what they use. */
  readonly silent: number;
  /** Those that use anchors unseen. */
  readonly untracked: number;
}

/** What is known of the clients of one node that watch a bundle. */
export interface NodeAdoption extends ClientCounts {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly standing: NodeStanding;
  /** Since when the node observes, by its clock; absent for a silent one. */
  readonly sinceMs?: number;
  /** When it said so last. */
  readonly issuedAtMs?: number;
  /** `partial`: it knows more than it says, or had to forget something early. */
  readonly knowledge: 'whole' | 'partial';
}

/** How far the clients of all nodes are with one bundle, as one node knows it. */
export interface BundleAdoption {
  readonly bundle: BundleName;
  /** What that node serves. */
  readonly head?: { readonly sequence: Sequence; readonly digest: Sha256 };
  /** Its clock. */
  readonly nowMs: number;
  /** Of nodes that are counted only. */
  readonly groups: readonly AdoptionGroup[];
  /** Of nodes that are counted only; most recently used first. */
  readonly anchors: readonly AnchorAdoption[];
  readonly nodes: readonly NodeAdoption[];
}

/** Which clients are meant; `behind` and `loaded` are said of the head. */
export type ClientFilter =
  | { readonly kind: 'all' | 'behind' | 'refused' | 'loaded' | 'departed' }
  | { readonly kind: 'uses'; readonly anchor: AnchorId };

/** Which clients of one node to list. */
export interface ClientsQuery {
  readonly bundle: BundleName;
  readonly filter: ClientFilter;
  /** `next` of the page before; empty starts. */
  readonly after: string;
  /** From 1 to `CLIENTS_PAGE_MAX`. */
  readonly limit: number;
}

/** Which clients to list, of one node or of all. */
export interface ListClientsQuery extends ClientsQuery {
  readonly nodeId?: NodeId;
}

/** That a client used an anchor. */
export interface ClientUse {
  readonly anchor: AnchorId;
  readonly lastUsedMs: number;
  readonly handshakes: number;
}

/** One client, as the node knows it to which it reports. */
export interface ClientStatus {
  /** The identity in its certificate. */
  readonly identity: string;
  /** 32 hex digits that stand for its instance; absent for a client that tells none. */
  readonly instance?: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly stage: ClientStage;
  /** What it runs. */
  readonly held?: { readonly sequence: Sequence; readonly digest: Sha256 };
  /** What it was sent or refused, where that is not what it runs. */
  readonly otherSequence?: Sequence;
  readonly refusal?: { readonly code: ErrorCode; readonly reason: string };
  readonly behindSinceMs?: number;
  readonly presence: Presence;
  /** When the stream was opened, or broke. */
  readonly sinceMs: number;
  readonly reportsUsage: boolean;
  readonly untracked: boolean;
  readonly previousNode?: NodeId;
  /** At most `CLIENT_USES_MAX`, the last used first. */
  readonly uses: readonly ClientUse[];
}

/** One page of the clients of one node; no `next`: the last one. */
export interface ClientPage {
  readonly clients: readonly ClientStatus[];
  readonly next?: string;
}

/** Clients of one node, or why they are missing. */
export interface NodeClients {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly clients: readonly ClientStatus[];
  readonly missing?: string;
}

/** One page of clients, by node. */
export interface ClientList {
  readonly nodes: readonly NodeClients[];
  readonly next?: string;
}
