// Original file: proto/kedge/v1/admin.proto

import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from '../../kedge/v1/Blob.ts';

export interface GetBlobsResponseInput {
  'blobs'?: (_kedge_v1_BlobInput)[];
}

export interface GetBlobsResponseOutput {
  'blobs': (_kedge_v1_BlobOutput)[];
}
