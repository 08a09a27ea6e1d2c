/**
 * What nodes say to each other, as plain values; `wire/gossip.ts` maps them to
 * `proto/kedge/v1/gossip.proto`.
 *
 * A frame is untrusted whoever sent it: statements, bodies and blobs in it are verified by the
 * receiver, rows only say what is worth asking for.
 *
 * @module
 */
import type { AdoptionFrame } from '../adoption/frames.ts';
import type { NodeId, RealmName, RegionName, Sequence, Sha256, StreamName } from '../ids.ts';
import type { Heartbeat } from '../log/heartbeat.ts';
import type { LinesAnswer, LinesAsk } from '../log/line-ranges.ts';
import type { CosignedHead } from '../log/regions.ts';
import type { SplitPair } from '../log/split.ts';
import type { MembershipFrame } from '../membership/frames.ts';
import type { ProposalFrame } from '../proposals/frames.ts';
import type { BodyContent } from '../statements/body-content.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import type { Evidence } from '../trusted/state.ts';
import type { TreeNode } from './repair/row-tree.ts';
import type { SignedMark } from './restored/store-mark.ts';
import type { Row } from './rows.ts';

/** The version that this code speaks. */
export const PROTOCOL_VERSION: number = 1;

/** Who speaks on a link; the first frame each way. */
export interface Hello {
  readonly protocolVersion: number;
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  /** 32 hex digits, random per process start. */
  readonly bootId: string;
  /** 32 hex digits, random per store. */
  readonly storeId: string;
  /** `host:port` where peers dial the node. */
  readonly address: string;
  /** Present for a node that takes frames about clients; earlier ones take them for garbage. */
  readonly adoption?: true;
  /** Present for a node that takes frames about proposals. */
  readonly proposals?: true;
  /** Present for a node that takes rows that count clients by the waves of a rollout. */
  readonly waveCounts?: true;
  /** Present for a node that keeps marks of stores. */
  readonly marks?: true;
  /** Present for a node that tells which lines by a key of a region it holds. */
  readonly lines?: true;
}

/** A statement with what a peer at the sequence before needs to hold it. */
export interface Push {
  readonly statement: SignedStatement;
  readonly content: BodyContent;
  /** DER of anchors that are new in this statement. */
  readonly blobs: readonly Uint8Array[];
}

/**
 * Whether a node serves clients. `holding`: it waits until it has compared with others; `seeking`:
 * and one of its seeds has not answered yet, so it may not know of everybody.
 */
export type Standing = 'serving' | 'holding' | 'seeking';

/** A summary of all durable rows of the sender. */
export interface StoreDigest {
  readonly root: Sha256;
  /** Rows in all. */
  readonly count: number;
  /** The sender's last revision. */
  readonly revision: number;
  /** The reader's last revision whose rows the sender has; 0 for none. */
  readonly seen: number;
  /** `answer`: the reader shows its own digest in turn; `note`: it does not. */
  readonly ask: 'answer' | 'note';
  /**
   * Nodes that the sender knows beside the reader and itself, and its seeds that have not answered
   * yet; those that left do not count.
   */
  readonly others: number;
  readonly standing: Standing;
  /** What the sender signed of its own store; present while the reader does not say it has it. */
  readonly mark?: SignedMark;
  /** The count of the last mark of the reader's present process that the sender has. */
  readonly markSeen?: number;
  /** What the reader signed once and what speaks against what it says now. */
  readonly remembered?: SignedMark;
}

/** Rows that a peer asked for. */
export interface RowsAnswer {
  readonly rows: readonly Row[];
  /** The sender's revision at this time, in the last part; rows up to it are now known. */
  readonly revision?: number;
  /** The rows are all that the sender has in these buckets. */
  readonly buckets: readonly number[];
}

/** A frame of a link. */
export type Frame =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | ReplicationFrame
  | AttestationFrame
  | AdoptionFrame
  | ProposalFrame
  | MembershipFrame;

/**
 * What came over a link. `unknown`: a kind of frame that only newer versions have; it is passed
 * over, so that nodes of several versions can work together.
 */
export type Received = Frame | 'unknown';

/** A frame about statements. */
export type ReplicationFrame =
  /** `origin` is the region in which it was submitted; it only decides about routes. */
  | { readonly kind: 'push'; readonly push: Push; readonly origin: RegionName }
  /**
   * This is durable with the sender: an acknowledgement, and news for who lacks it. `revision` is
   * the sender's revision of this very change; absent when it is no change. `spareOrigin`: what is
   * submitted in that region reaches the sender sooner by other ways.
   */
  | {
      readonly kind: 'held';
      readonly row: Row;
      readonly revision?: number;
      readonly spareOrigin?: RegionName;
    }
  | { readonly kind: 'digest'; readonly digest: StoreDigest }
  /** Asks for the rows that changed after this revision of the reader's. */
  | { readonly kind: 'rows-ask'; readonly since: number }
  /** Where the sender's rows differ, or may; the reader goes on one level below. */
  | { readonly kind: 'tree'; readonly nodes: readonly TreeNode[] }
  | { readonly kind: 'rows'; readonly rows: RowsAnswer }
  | { readonly kind: 'fork'; readonly evidence: Evidence };

/** What a region attests, or what is proven against it. */
export type Attestation =
  | { readonly kind: 'cosigned'; readonly head: CosignedHead }
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'region-split'; readonly split: SplitPair };

/** A frame about what regions attest. */
export type AttestationFrame =
  | Attestation
  /** Asks for the newest cosignatures of these streams. */
  | {
      readonly kind: 'cosigned-ask';
      readonly streams: readonly StreamName[];
      /** Those of these regions are lacking; none: of any. */
      readonly regions: readonly RegionName[];
    }
  | LinesFrame;

/** A frame about what one key cosigned. */
export type LinesFrame =
  /** Asks for what the sender's key cosigned, where the reader holds something else. */
  ({ readonly kind: 'lines-ask' } & LinesAsk) | ({ readonly kind: 'lines' } & LinesAnswer);

/** What a node asks another one to stream to it. */
export interface FetchRequest {
  readonly stream: StreamName;
  readonly fromSequence: Sequence;
  /** Absent: up to the head. */
  readonly toSequence?: Sequence;
}

/**
 * One piece of a fetch's answer; blobs precede the entry that refers to them. Of several streams
 * that were asked for one comes after the other, each ended by `over`.
 */
export type FetchItem =
  /** `missing`: the sender does not hold all that it said. */
  | { readonly kind: 'over'; readonly outcome: 'sent' | 'missing' }
  | { readonly kind: 'entry'; readonly entry: Push }
  | { readonly kind: 'blobs'; readonly blobs: readonly Uint8Array[] }
  | { readonly kind: 'fork'; readonly evidence: Evidence };
