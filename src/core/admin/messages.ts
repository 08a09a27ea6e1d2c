/**
 * What admins and operators say to a node, as plain values; `wire/admin.ts` maps them to
 * `proto/kedge/v1/admin.proto`.
 *
 * @module
 */
import type {
  AnchorId,
  BundleName,
  NodeId,
  RealmName,
  RegionName,
  Sequence,
  Sha256,
  StreamName,
} from '../ids.ts';
import type { Software } from '../membership/software.ts';
import type { MemberDoubt, MemberState } from '../membership/view.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import type { Evidence } from '../trusted/state.ts';
import type { KeyWait, StoreTrouble, TlsWorkerStatus } from './process-status.ts';

/** A signed document offered to a node, with the DER of anchors that it may not know. */
export interface Submission {
  readonly document: SignedDocument;
  readonly blobs: readonly Uint8Array[];
}

/** The answer to a submission: it is durable on the node that answered. */
export interface SubmitReceipt {
  readonly stream: StreamName;
  readonly sequence: Sequence;
  readonly digest: Sha256;
  /** `held`: the node had exactly this statement before. */
  readonly novelty: 'new' | 'held';
}

/** Which document to read. */
export interface DocumentQuery {
  readonly stream: StreamName;
  /** Absent: the head. */
  readonly sequence?: Sequence;
  readonly blobs: 'with' | 'without';
}

/** A document with the DER of its anchors, when asked for. */
export interface DocumentAnswer {
  readonly document: SignedDocument;
  readonly blobs: readonly Uint8Array[];
}

/** Which statements to list, newest first. */
export interface HistoryQuery {
  readonly stream: StreamName;
  /** Only statements before this sequence; absent: from the head. */
  readonly before?: Sequence;
  /** From 1 to `HISTORY_PAGE_MAX`. */
  readonly limit: number;
}

/** Anchors to read. */
export interface BlobsQuery {
  readonly ids: readonly AnchorId[];
}

/** The head of one stream; for a forked one the last common sequence, and the evidence. */
export interface StreamStatus {
  readonly stream: StreamName;
  /** 0 when nothing is held. */
  readonly sequence: number;
  readonly digest: Sha256;
  readonly fork?: Evidence;
}

/** Another node, as the one that answers sees it. */
export interface PeerStatus {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  /** `host:port` where peers dial it. */
  readonly address: string;
  readonly state: MemberState;
  readonly role: 'relay' | 'ordinary';
  /** `none`: no link between these two is needed. */
  readonly link: 'up' | 'down' | 'none';
  /** When the link came into this state. */
  readonly sinceMs: number;
  /** The last measured round trip over the link. */
  readonly rttMs?: number;
  /** The peer's last root; absent when it has told none on this link. */
  readonly peerRoot?: Sha256;
  /** Why the link was last closed or could not be opened. */
  readonly lastError?: string;
  /** What it got wrong; absent when nothing is remembered. */
  readonly conduct?: ConductStatus;
  /** What is hard to believe of it; absent for nothing. */
  readonly doubt?: MemberDoubt;
  /** What it runs; absent: it is not known. */
  readonly software?: Software;
}

/** What a node remembers of another one that got something wrong. */
export interface ConductStatus {
  readonly faults: number;
  /** How often it was cut off for that, without what is forgiven. */
  readonly cutOffs: number;
  /** Absent when it is not refused now. */
  readonly refusedUntilMs?: number;
  readonly lastFault: string;
}

/** Adoption of one bundle's newest release by the clients of one node. */
export interface SubscriberStatus {
  readonly bundle: BundleName;
  readonly sequence: number;
  readonly delivered: number;
  readonly loaded: number;
  readonly refused: number;
}

/** What repair did last; absent when it never did since the node started. */
export interface RepairTimes {
  /** When this node last compared what it holds with a peer. */
  readonly comparedAtMs?: number;
  /** When a comparison last made it fetch something that no push had brought. */
  readonly fetchedAtMs?: number;
}

/** An address of a seed, or a seed that does not resolve, where nobody answers. */
export interface SeedStatus {
  /** `host:port`. */
  readonly address: string;
  readonly sinceMs: number;
  readonly reason: string;
}

/** A region of the charter, by what it attests. */
export interface RegionStatus {
  readonly region: RegionName;
  /** When its newest heartbeat was signed; absent when none is known. */
  readonly heartbeatAtMs?: number;
  /** `faulty`: a key of it signed two roots for one size. */
  readonly standing: 'counts' | 'faulty';
}

/** How a node is. */
export interface NodeStatus {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly realm: RealmName;
  /** The version of the software. */
  readonly version: string;
  /** Up to which level it understands what is signed; absent: it does not say. */
  readonly documents?: number;
  readonly firstCharterDigest: Sha256;
  readonly startedAtMs: number;
  /** Summary of all rows. */
  readonly root: Sha256;
  readonly streams: readonly StreamStatus[];
  /** Streams of which a linked node says that it holds more. */
  readonly behind: number;
  readonly repair: RepairTimes;
  readonly peers: readonly PeerStatus[];
  /** Seeds that lead to nobody; not those of nodes that are linked or have left. */
  readonly failingSeeds: readonly SeedStatus[];
  /** What is wrong with writing to its store; absent: the last write was done. */
  readonly storeTrouble?: StoreTrouble;
  /** Absent: the key of the region signs, or the node has none. */
  readonly keyWait?: KeyWait;
  /** The processes that do TLS with programs, by place; none: the node does it itself. */
  readonly tlsWorkers: readonly TlsWorkerStatus[];
  readonly subscribers: readonly SubscriberStatus[];
  readonly regions: readonly RegionStatus[];
}
