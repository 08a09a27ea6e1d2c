/**
 * What the replication machine is told (events) and what it asks for (effects), as plain data.
 *
 * The same machine runs in a node over gRPC and in tests without a network: whoever drives it
 * delivers events one at a time with the time, and carries out the effects in order.
 *
 * @module
 */
import type { SignedArrivals } from '../adoption/arrivals.ts';
import type { Arrival } from '../adoption/board.ts';
import type { SignedRow } from '../adoption/row.ts';
import type { KedgeError } from '../errors.ts';
import type { AnchorId, NodeId, Sequence, Sha256, SignerId, StreamName } from '../ids.ts';
import type { RegionSplit } from '../log/split.ts';
import type { MembershipNotice } from '../membership/events.ts';
import type { DialTarget, LinkId, PeerIdentity } from '../peer.ts';
import type {
  BroughtBy,
  EndedProposal,
  KeptProposal,
  Proposal,
  ProposalPlace,
  Withdrawal,
} from '../proposals/model.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import type { LabelChange } from '../topology/region-labels.ts';
import type { Holding } from '../trusted/holding.ts';
import type { Evidence, TrustedState } from '../trusted/state.ts';
import type { Attestation, FetchItem, FetchRequest, Frame } from './frames.ts';
import type { CutOff } from './links/conduct.ts';
import type { CopyNotice } from './restored/store-mark.ts';
import type { Timer } from './timer.ts';

/**
 * What only the store knows and judging needs: the statement in a place at or below the head, or a
 * fork in the past could not be proven; for a charter, what is held of the streams that it decides
 * about; for a rollout, the releases that it names.
 */
export interface Recall {
  readonly held?: SignedStatement;
  readonly named?: readonly SignedStatement[];
  readonly holdings?: readonly Holding[];
}

/** What happened. */
export type GossipEvent =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'link-up';
      readonly linkId: LinkId;
      /** As its certificate proves it. */
      readonly nodeId: NodeId;
      /** Where it was dialled; absent when the peer dialled. */
      readonly target?: DialTarget;
    }
  | { readonly kind: 'link-down'; readonly linkId: LinkId }
  | { readonly kind: 'dial-failed'; readonly target: DialTarget }
  /** The addresses that the seeds stand for now. */
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }
  | {
      readonly kind: 'frame';
      readonly linkId: LinkId;
      readonly frame: Frame;
      readonly recall: Recall;
    }
  /** A peer sent something that is no frame; its link ends for it. */
  | { readonly kind: 'garbage'; readonly linkId: LinkId; readonly error: KedgeError }
  | {
      readonly kind: 'submit';
      readonly requestId: number;
      readonly document: SignedDocument;
      readonly blobs: readonly Uint8Array[];
      readonly recall: Recall;
      /** Why it was refused before: to be refused for the same again is not noticed. */
      readonly told?: string | undefined;
    }
  /** A program shows a fork that it saw; answered by `fork-judged`. */
  | ({ readonly kind: 'fork-shown'; readonly evidence: Evidence; readonly recall: Recall } & Asked)
  | {
      readonly kind: 'fetch-item';
      readonly fetchId: number;
      readonly item: FetchItem;
      readonly recall: Recall;
    }
  /** This node's own disk keeps it from reading the answer: no time of the peer passes. */
  | { readonly kind: 'fetch-held'; readonly fetchId: number; readonly state: 'on' | 'off' }
  | { readonly kind: 'fetch-end'; readonly fetchId: number; readonly error?: KedgeError }
  /** This batch and all before it are on disk. */
  | {
      readonly kind: 'persisted';
      readonly batchId: number;
      /** How often the store was written to by then; absent: it does not count. */
      readonly count?: number;
    }
  /** The store has another id from now on, as `renew` asked; and the count with that. */
  | { readonly kind: 'renewed'; readonly storeId: string; readonly count: number }
  /** What `advance` came to; with an error the count is what it was. */
  | { readonly kind: 'advanced'; readonly count: number; readonly error?: KedgeError }
  /** The batches up to the last one failed together; they may be on disk all the same. */
  | {
      readonly kind: 'persist-failed';
      readonly batchId: number;
      /** Absent: it is the only one. */
      readonly lastBatchId?: number;
      readonly error: KedgeError;
    }
  /** This node's region attests something; it is persisted where that matters. */
  | {
      readonly kind: 'attest';
      readonly said: Attestation;
      /** How often the store was written to by then; absent: it does not count. */
      readonly count?: number;
    }
  /** What this node says of its clients has changed. */
  | { readonly kind: 'report'; readonly row: SignedRow }
  /** Clients came here from another node. */
  | { readonly kind: 'arrivals'; readonly arrivals: SignedArrivals }
  /** An admin proposes a document, or adds signatures to one. */
  | ({ readonly kind: 'propose'; readonly proposal: Proposal } & Asked)
  /** An admin hands in that a proposal is withdrawn. */
  | ({ readonly kind: 'withdraw'; readonly withdrawal: Withdrawal } & Asked)
  /** This change of what is kept of proposals is on disk. */
  | { readonly kind: 'proposals-kept'; readonly writeId: number }
  /** It failed, and may be on disk all the same. */
  | { readonly kind: 'proposals-failed'; readonly writeId: number; readonly error: KedgeError }
  /** This node leaves for good; it answers until it stops. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'timer'; readonly timer: Timer };

/** What goes to the store in one synced atomic batch. */
export interface PersistBatch {
  readonly documents: readonly {
    readonly stream: StreamName;
    readonly sequence: Sequence;
    readonly digest: Sha256;
    readonly document: SignedDocument;
  }[];
  readonly blobs: readonly { readonly id: AnchorId; readonly der: Uint8Array }[];
  readonly evidence?: Evidence;
  /**
   * Where streams stand after the charter in this batch, which decided about their forks: their
   * evidence is dropped. Sequence 0 with 64 zeros when nothing is left.
   */
  readonly settled?: readonly Standing[];
  /** Where the charters go back to before those of this batch follow; their evidence is dropped. */
  readonly replaced?: Standing;
}

/** Where a stream stands. */
interface Standing {
  readonly stream: StreamName;
  readonly sequence: number;
  readonly digest: Sha256;
}

/** What an admin asks about a proposal, or a program shows. */
interface Asked {
  readonly requestId: number;
  /** Who that is, for whoever keeps an account of it. */
  readonly by?: string | undefined;
}

/** What a submit came to. */
export type SubmitResult =
  | {
      readonly kind: 'durable';
      readonly stream: StreamName;
      readonly sequence: Sequence;
      readonly digest: Sha256;
      readonly novelty: 'new' | 'held';
    }
  | { readonly kind: 'refused'; readonly error: KedgeError };

/** What goes to the store of proposals, in one synced atomic batch. */
export interface ProposalChange {
  readonly keep: readonly { readonly digest: Sha256; readonly kept: KeptProposal }[];
  /** Statements of which nothing is kept any more. */
  readonly drop: readonly Sha256[];
}

/** What proposing or withdrawing came to; `kept`: the outcome is durable. */
export type ProposeResult =
  | { readonly kind: 'kept'; readonly digest: Sha256 }
  | { readonly kind: 'refused'; readonly error: KedgeError };

/** Something that an operator should see; the driver logs and counts it. */
export type Notice =
  | { readonly kind: 'link-ready'; readonly peer: PeerIdentity }
  | {
      readonly kind: 'refused';
      readonly from: NodeId | 'submit';
      readonly stream?: StreamName;
      readonly error: KedgeError;
    }
  /** A peer got too much wrong: it is refused for `forMs`. */
  | ({ readonly kind: 'cut-off' } & CutOff)
  | { readonly kind: 'forked'; readonly evidence: Evidence }
  /** A decision or a recovery opened the stream again or moved it; it goes on after `sequence`. */
  | { readonly kind: 'settled'; readonly stream: StreamName; readonly sequence: number }
  /** A region signed two roots for one size: it counts no more. */
  | { readonly kind: 'region-split'; readonly split: RegionSplit }
  | MembershipNotice
  /** Measured round trips speak against the region that a node claims, or do not any more. */
  | ({ readonly kind: 'label' } & LabelChange)
  | CopyNotice
  /** This node serves nobody until it has compared. */
  | { readonly kind: 'holding-back'; readonly reason: string }
  /** It serves from now on. */
  | { readonly kind: 'serving'; readonly compared: readonly NodeId[] }
  | { readonly kind: 'persist-failed'; readonly error: KedgeError }
  /** A proposal is new here, or has more signatures. */
  | ({
      readonly kind: 'proposal';
      readonly what: 'opened' | 'signed';
      readonly signers: readonly SignerId[];
      readonly statement: SignedStatement;
      readonly brought: BroughtBy;
    } & ProposalPlace)
  | {
      readonly kind: 'proposal-ended';
      readonly ended: EndedProposal;
      /** Of one that was withdrawn. */
      readonly brought?: BroughtBy;
    };

/** What the driver has to do. */
export type GossipEffect =
  | { readonly kind: 'send'; readonly linkId: LinkId; readonly frame: Frame }
  | { readonly kind: 'close'; readonly linkId: LinkId; readonly error: KedgeError }
  /** Try once to connect; ends in `link-up` or `dial-failed`. */
  | { readonly kind: 'dial'; readonly target: DialTarget }
  /** The store is an old copy: give it another id; ends in `renewed`. */
  | { readonly kind: 'renew' }
  /** Make the store count more than this, durably; ends in `advanced`. */
  | { readonly kind: 'advance'; readonly beyond: number }
  /** Peers looked at the store, and told what they hold: the key of the region may sign. */
  | { readonly kind: 'vouched' }
  /** The last link is gone, or the first one here: the key waits until `vouched` comes again. */
  | { readonly kind: 'unvouched' }
  /** Look the seeds up; ends in `resolved`. */
  | { readonly kind: 'resolve' }
  | {
      readonly kind: 'fetch';
      readonly fetchId: number;
      readonly target: DialTarget;
      /** At least one; of different streams. */
      readonly requests: readonly FetchRequest[];
    }
  | { readonly kind: 'cancel-fetch'; readonly fetchId: number }
  | {
      readonly kind: 'persist';
      readonly batchId: number;
      readonly batch: PersistBatch;
      /** Who brought it; absent where it is written again, and where a program showed it. */
      readonly from?: NodeId | 'submit';
    }
  | {
      readonly kind: 'keep-proposals';
      readonly writeId: number;
      readonly change: ProposalChange;
    }
  /** A proposal has all its signatures: submit it. */
  | {
      readonly kind: 'complete';
      readonly document: SignedDocument;
      readonly blobs: readonly Uint8Array[];
    }
  | { readonly kind: 'proposed'; readonly requestId: number; readonly result: ProposeResult }
  /** What clients may be served is now `state`; no streams moved when holding back ends. */
  | {
      readonly kind: 'serve';
      readonly state: TrustedState;
      readonly streams: readonly StreamName[];
    }
  /** The same while this node holds back: nothing of it is for clients. */
  | {
      readonly kind: 'hold';
      readonly state: TrustedState;
      readonly streams: readonly StreamName[];
    }
  /** What a region attests is known now, verified; clients may hear it. */
  | { readonly kind: 'attested'; readonly said: Attestation }
  /** Clients of this node came to another one. */
  | { readonly kind: 'arrived'; readonly clients: readonly Arrival[] }
  | { readonly kind: 'reply'; readonly requestId: number; readonly result: SubmitResult }
  /** What a program showed is a fork, or known; or the error says why not. */
  | { readonly kind: 'fork-judged'; readonly requestId: number; readonly error?: KedgeError }
  | { readonly kind: 'arm'; readonly timer: Timer; readonly delayMs: number }
  | { readonly kind: 'notice'; readonly notice: Notice };
