// Original file: proto/kedge/v1/trust.proto

import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from '../../kedge/v1/Blob.ts';

export interface BlobsInput {
  'blobs'?: (_kedge_v1_BlobInput)[];
}

export interface BlobsOutput {
  'blobs': (_kedge_v1_BlobOutput)[];
}
