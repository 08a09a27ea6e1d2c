/**
 * What a client and a node say to each other on `trust.Watch`, as plain values; `wire/watch.ts`
 * maps them to `proto/kedge/v1/trust.proto`.
 *
 * @module
 */
import type { ErrorCode } from '../errors.ts';
import type { AnchorId, BundleName, NodeId, RealmName, Sequence, Sha256 } from '../ids.ts';
import type { AttestedRows, CosignedLeaf } from '../log/attested.ts';
import type { SplitPair } from '../log/split.ts';
import type { BodyContent } from '../statements/body-content.ts';
import type { SignedDocument, SignedStatement } from '../statements/envelope.ts';
import type { Evidence } from '../trusted/state.ts';

/** What a client has of one bundle. */
export type BundleCursor =
  | { readonly bundle: BundleName; readonly held: undefined }
  | {
      readonly bundle: BundleName;
      readonly held: { readonly sequence: Sequence; readonly digest: Sha256 };
    };

/** A held release. */
export interface HeldRelease {
  readonly bundle: BundleName;
  readonly sequence: Sequence;
  readonly digest: Sha256;
}

/** The first message of a client. */
export interface WatchStart {
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  /** 0 when the client holds no charter. */
  readonly charterVersion: number;
  /** The digest of that charter's statement; absent: the client holds none, or does not say. */
  readonly charterDigest?: Sha256;
  readonly bundles: readonly BundleCursor[];
  readonly labels: ReadonlyMap<string, string>;
  /** Whether the client wants to hear what regions attest, and by which rollout it waits. */
  readonly wantsAttestations: boolean;
  /** Present for a client that wants to see what waits behind that rollout. */
  readonly wantsWaiting?: true;
  /** 32 hex digits, random per opened source; absent: the stream is a client of its own. */
  readonly instance?: string;
  /** How many streams the instance has opened, this one included; absent: unknown. */
  readonly streams?: number;
  /** The node that the instance reported to before. */
  readonly previousNode?: NodeId;
  /** Present for a client that sends `usage`. */
  readonly reportsUsage?: true;
}

/** Handshakes whose chain ended at one anchor. */
export interface AnchorUse {
  readonly anchor: AnchorId;
  /** As in the anchor's entry. */
  readonly purpose: string;
  /** Since the last report; 0 repeats what was told before. */
  readonly handshakes: number;
  /** How long ago the last one was, milliseconds. */
  readonly agoMs: number;
}

/** What a client used of one bundle since its last report. */
export interface Usage {
  readonly bundle: BundleName;
  /** At most `ANCHOR_USES_MAX`. */
  readonly uses: readonly AnchorUse[];
  /** True: the program took anchors out and uses them by itself, so not every use is seen. */
  readonly untracked: boolean;
}

/** How far a client came with a release. */
export type AdoptionStage = 'delivered' | 'loaded';

/** From client to node. */
export type WatchRequest =
  | { readonly kind: 'start'; readonly start: WatchStart }
  | {
      readonly kind: 'acknowledgement';
      readonly at: HeldRelease;
      readonly stage: AdoptionStage;
    }
  | {
      readonly kind: 'refusal';
      readonly at: HeldRelease;
      readonly code: ErrorCode;
      readonly reason: string;
    }
  | { readonly kind: 'usage'; readonly usage: Usage }
  /** A fork that the client saw and of which the node has not told. */
  | { readonly kind: 'fork'; readonly evidence: Evidence };

/**
 * The next state of a bundle. `statements` is gapless up to the head: with a delta from the
 * client's sequence on; with a whole body it is the head alone (a gap, announced as a snapshot), or
 * begins where the charter decided about a fork and the head does not show that it knows.
 */
export interface BundleUpdate {
  readonly bundle: BundleName;
  readonly statements: readonly SignedStatement[];
  readonly content: BodyContent;
}

/** From node to client. */
export type WatchResponse =
  | { readonly kind: 'charters'; readonly charters: readonly SignedDocument[] }
  | { readonly kind: 'blobs'; readonly blobs: readonly Uint8Array[] }
  | { readonly kind: 'update'; readonly update: BundleUpdate }
  | { readonly kind: 'current'; readonly at: BundleCursor }
  | { readonly kind: 'fork'; readonly evidence: Evidence }
  | { readonly kind: 'keep-alive' }
  /** The rollout by which newer releases come, for clients that ask regions. */
  | { readonly kind: 'rollout'; readonly document: SignedDocument }
  /** A release that the client does not get while it runs: one statement, to be known alone. */
  | { readonly kind: 'waiting'; readonly update: BundleUpdate }
  /** What regions attest, for clients that asked for it. */
  | { readonly kind: 'cosigned'; readonly leaf: CosignedLeaf }
  | { readonly kind: 'heartbeat'; readonly said: AttestedRows }
  | { readonly kind: 'region-split'; readonly split: SplitPair };
