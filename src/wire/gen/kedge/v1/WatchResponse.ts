// Original file: proto/kedge/v1/trust.proto

import type { ChartersInput as _kedge_v1_ChartersInput, ChartersOutput as _kedge_v1_ChartersOutput } from '../../kedge/v1/Charters.ts';
import type { BlobsInput as _kedge_v1_BlobsInput, BlobsOutput as _kedge_v1_BlobsOutput } from '../../kedge/v1/Blobs.ts';
import type { BundleUpdateInput as _kedge_v1_BundleUpdateInput, BundleUpdateOutput as _kedge_v1_BundleUpdateOutput } from '../../kedge/v1/BundleUpdate.ts';
import type { BundleCursorInput as _kedge_v1_BundleCursorInput, BundleCursorOutput as _kedge_v1_BundleCursorOutput } from '../../kedge/v1/BundleCursor.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from '../../kedge/v1/ForkEvidence.ts';
import type { KeepAliveInput as _kedge_v1_KeepAliveInput, KeepAliveOutput as _kedge_v1_KeepAliveOutput } from '../../kedge/v1/KeepAlive.ts';
import type { CosignedHeadInput as _kedge_v1_CosignedHeadInput, CosignedHeadOutput as _kedge_v1_CosignedHeadOutput } from '../../kedge/v1/CosignedHead.ts';
import type { AttestedRowsInput as _kedge_v1_AttestedRowsInput, AttestedRowsOutput as _kedge_v1_AttestedRowsOutput } from '../../kedge/v1/AttestedRows.ts';
import type { RegionSplitInput as _kedge_v1_RegionSplitInput, RegionSplitOutput as _kedge_v1_RegionSplitOutput } from '../../kedge/v1/RegionSplit.ts';
import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from '../../kedge/v1/SignedDocument.ts';

export interface WatchResponseInput {
  'charters'?: (_kedge_v1_ChartersInput | null);
  'blobs'?: (_kedge_v1_BlobsInput | null);
  'update'?: (_kedge_v1_BundleUpdateInput | null);
  'current'?: (_kedge_v1_BundleCursorInput | null);
  'fork'?: (_kedge_v1_ForkEvidenceInput | null);
  'keepAlive'?: (_kedge_v1_KeepAliveInput | null);
  'cosigned'?: (_kedge_v1_CosignedHeadInput | null);
  'heartbeat'?: (_kedge_v1_AttestedRowsInput | null);
  'regionSplit'?: (_kedge_v1_RegionSplitInput | null);
  'rollout'?: (_kedge_v1_SignedDocumentInput | null);
  'waiting'?: (_kedge_v1_BundleUpdateInput | null);
  'message'?: "charters"|"blobs"|"update"|"current"|"fork"|"keepAlive"|"cosigned"|"heartbeat"|"regionSplit"|"rollout"|"waiting";
}

export interface WatchResponseOutput {
  'charters'?: (_kedge_v1_ChartersOutput | null);
  'blobs'?: (_kedge_v1_BlobsOutput | null);
  'update'?: (_kedge_v1_BundleUpdateOutput | null);
  'current'?: (_kedge_v1_BundleCursorOutput | null);
  'fork'?: (_kedge_v1_ForkEvidenceOutput | null);
  'keepAlive'?: (_kedge_v1_KeepAliveOutput | null);
  'cosigned'?: (_kedge_v1_CosignedHeadOutput | null);
  'heartbeat'?: (_kedge_v1_AttestedRowsOutput | null);
  'regionSplit'?: (_kedge_v1_RegionSplitOutput | null);
  'rollout'?: (_kedge_v1_SignedDocumentOutput | null);
  'waiting'?: (_kedge_v1_BundleUpdateOutput | null);
  'message'?: "charters"|"blobs"|"update"|"current"|"fork"|"keepAlive"|"cosigned"|"heartbeat"|"regionSplit"|"rollout"|"waiting";
}
