// Original file: proto/kedge/v1/gossip.proto

import type { PushInput as _kedge_v1_PushInput, PushOutput as _kedge_v1_PushOutput } from '../../kedge/v1/Push.ts';
import type { BlobsInput as _kedge_v1_BlobsInput, BlobsOutput as _kedge_v1_BlobsOutput } from '../../kedge/v1/Blobs.ts';
import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from '../../kedge/v1/ForkEvidence.ts';
import type { FetchOverInput as _kedge_v1_FetchOverInput, FetchOverOutput as _kedge_v1_FetchOverOutput } from '../../kedge/v1/FetchOver.ts';

export interface FetchResponseInput {
  'entry'?: (_kedge_v1_PushInput | null);
  'blobs'?: (_kedge_v1_BlobsInput | null);
  'fork'?: (_kedge_v1_ForkEvidenceInput | null);
  'over'?: (_kedge_v1_FetchOverInput | null);
  'message'?: "entry"|"blobs"|"fork"|"over";
}

export interface FetchResponseOutput {
  'entry'?: (_kedge_v1_PushOutput | null);
  'blobs'?: (_kedge_v1_BlobsOutput | null);
  'fork'?: (_kedge_v1_ForkEvidenceOutput | null);
  'over'?: (_kedge_v1_FetchOverOutput | null);
  'message'?: "entry"|"blobs"|"fork"|"over";
}
