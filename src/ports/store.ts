/**
 * What a node keeps: every accepted statement with its body, the DER of anchors, evidence of forks.
 *
 * The store judges nothing. Who appends has verified; who reads gets the very bytes that were
 * appended. It guards three things only, because they are cheap here and fatal when broken: a
 * sequence is never overwritten, a stream has no gaps, and bytes that come back hash to what they
 * went in as. The contract suite is `test/contract/store.ts`.
 *
 * @module
 */
import type { StoreTrouble } from '../core/admin/process-status.ts';
import type { PersistBatch, ProposalChange } from '../core/gossip/events.ts';
import type { AnchorId, BundleName, KeyId, Sequence, Sha256, StreamName } from '../core/ids.ts';
import type { Subtree } from '../core/log/tree.ts';
import type { KeptProposal } from '../core/proposals/model.ts';
import type { SignedDocument, SignedStatement } from '../core/statements/envelope.ts';
import type { Evidence } from '../core/trusted/state.ts';
import type { AuditStore } from './audit-store.ts';

/**
 * What one append writes: documents in ascending sequence per stream, blobs, evidence, and where
 * streams go on after a decision about their forks.
 */
export type StoreBatch = PersistBatch;

/** A stored document with its place; `digest` is that of the statement's payload. */
export type StoredDocument = StoreBatch['documents'][number];

/** What a node needs in memory to go on where it stopped. */
export interface StoredState {
  /** All charters up to the head of the charter stream, ascending from version 1. */
  readonly charters: readonly StoredDocument[];
  /**
   * The head of each other stream, by stream name. For a forked stream that is the last common
   * document; a stream that forked at its first sequence has none.
   */
  readonly heads: readonly StoredDocument[];
  /** One per forked stream, the charter stream included. */
  readonly evidence: readonly Evidence[];
}

/** Where a stream stands: `sequence` 0 and no digest when it forked at its first sequence. */
export interface StoredHead {
  readonly stream: StreamName;
  readonly sequence: number;
  readonly digest: Sha256 | undefined;
  readonly fork: 'none' | 'forked';
}

/** The statement with which a branch begins, and the sequence before which reading it ends. */
export interface BranchStart {
  readonly stream: StreamName;
  readonly sequence: Sequence;
  readonly digest: Sha256;
  readonly before: number;
}

/** Which statements of a stream to read; at most `limit` (1 to 1000). */
export type StatementRange =
  /** Ascending from this sequence on. */
  | { readonly from: Sequence; readonly limit: number }
  /** Descending from the one before this sequence; absent: from the head. */
  | { readonly before?: Sequence; readonly limit: number };

/**
 * A durable store of one realm. A batch must not change while it is appended; bytes that come out
 * belong to the caller.
 *
 * Errors of every method: `STORE`, with a message that says what to do and `detail.reason` from
 * {@link StoreFailure}; after `close` every method fails with reason `closed`. Appends take effect
 * in the order of their calls; a read that starts after an append has resolved sees it.
 */
export interface Store extends AsyncDisposable {
  /** 32 hex digits, made at random when the store was created: another id is another store. */
  readonly storeId: string;

  /**
   * How many appends changed the store, how often a record of what the key of a region cosigned was
   * noted, and how often it was opened by a node since it was made; durable with what it counts, so
   * it says how old a copy is. Only grows.
   */
  readonly writes: number;

  /**
   * Counts one more, for a process that starts, or more than `beyond` where that is more, and
   * returns the count.
   */
  advance(beyond?: number): Promise<number>;

  /** Since when writes fail, and why; absent: the last one was done. */
  readonly trouble: StoreTrouble | undefined;

  /** What the node kept of what happened to it; closed with the store. */
  readonly audit: AuditStore;

  /** Gives the store another id, 32 hex digits: what it holds was put back from a backup. */
  renew(storeId: string): Promise<void>;

  /**
   * Reads what a node starts from. Memory is bounded by charters, heads and evidence: history stays
   * on disk.
   */
  load(): Promise<StoredState>;

  /**
   * Writes one batch: all of it or nothing, and it resolves only when a power cut can no longer
   * take it back.
   *
   * Appending a document, blob or evidence again changes nothing. Evidence replaces older evidence
   * of its stream and makes `evidence.sequence - 1` the stream's head; documents from there on stay
   * on disk but are not read any more.
   *
   * `settled` removes the evidence of its streams and makes a stored document the head, be it
   * behind or beyond the one that was; in a batch whose documents are all held it does nothing, as
   * it was done before.
   *
   * Errors: `BUG` when the batch has another digest for a held sequence, leaves a gap, or carries
   * bytes under a digest that is not theirs: nothing is written. `STORE` when writing failed: the
   * batch may or may not be there after the next opening, so the caller appends it again before
   * anything that may contradict it; reads go on working, and a later append repairs the store by
   * itself once the cause is gone (room on the disk).
   */
  append(batch: StoreBatch): Promise<void>;

  /** The document at a sequence up to the head. */
  document(stream: StreamName, sequence: Sequence): Promise<SignedDocument | undefined>;

  /** Statements without bodies, up to the head, in the order that `range` says. */
  statements(stream: StreamName, range: StatementRange): Promise<readonly SignedStatement[]>;

  /** The payload digest at a sequence up to the head. */
  digestAt(stream: StreamName, sequence: Sequence): Promise<Sha256 | undefined>;

  /**
   * The newest document of the chain that begins with this statement, each naming the one before;
   * also where a fork has taken the head away from it. Absent when another statement, or none, lies
   * there.
   */
  branch(start: BranchStart): Promise<StoredDocument | undefined>;

  /** DER by anchor id; ids that are not held are absent. At most 1000 ids. */
  blobs(ids: readonly AnchorId[]): Promise<ReadonlyMap<AnchorId, Uint8Array>>;

  /** Where every stream stands, by stream name. */
  streams(): Promise<readonly StoredHead[]>;

  /**
   * Hashes of perfect subtrees of a stream's log (RFC 6962; leaf i is the payload of sequence
   * i + 1), all within the head. Written with the statements; where an older version wrote none
   * they are made and written now. Errors: `BUG` (beyond the head).
   */
  subtrees(stream: StreamName, subtrees: readonly Subtree[]): Promise<readonly Uint8Array[]>;

  /** The proposals that are kept, in the order of their digests. */
  proposals(): Promise<readonly KeptProposal[]>;

  /** Keeps and drops proposals, all of it or nothing; durable. */
  keepProposals(change: ProposalChange): Promise<void>;

  /** What the node noted for itself under a name; absent when nothing was. */
  note(name: NoteName): Promise<Uint8Array | undefined>;

  /** What was noted of the heads that a key of a region cosigned, one of each stream. */
  cosigned(keyId: KeyId): Promise<readonly Uint8Array[]>;

  /**
   * Notes something for the node itself in place of what was noted before; durable. What was
   * cosigned counts as a write.
   */
  setNote(name: NoteName, value: Uint8Array): Promise<void>;
}

/**
 * What a node notes for itself: its key (a secret), the other nodes that it knows and what they
 * signed of their stores, its last start, per key of its region and stream the head that it
 * cosigned last, and per bundle which waves of a rollout it has opened.
 */
export type NoteName =
  | 'node-key'
  | 'members'
  | 'marks'
  | 'boot'
  | `cosigned:${KeyId}:${StreamName}`
  | `rollout:${BundleName}`;

/** Why a store cannot be used: `detail.reason` of a `STORE` error. */
export type StoreFailure =
  /** Bytes are missing, cut off or changed. */
  | 'damaged'
  /** Written by a newer version of Kedge. */
  | 'newer'
  /** Another process, or another part of this one, has it open. */
  | 'locked'
  /** No room on the disk, or a quota or file size limit. */
  | 'full'
  /** The folder or its files may not be read or written. */
  | 'denied'
  /** The path is a file, or a folder that belongs to something else. */
  | 'foreign'
  /** It was closed. */
  | 'closed'
  /** Any other failure of the disk or the file system. */
  | 'io';
