// Original file: proto/kedge/v1/admin.proto

import type { SignedDocumentInput as _kedge_v1_SignedDocumentInput, SignedDocumentOutput as _kedge_v1_SignedDocumentOutput } from '../../kedge/v1/SignedDocument.ts';
import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from '../../kedge/v1/Blob.ts';

export interface ProposeRequestInput {
  'document'?: (_kedge_v1_SignedDocumentInput | null);
  'blobs'?: (_kedge_v1_BlobInput)[];
}

export interface ProposeRequestOutput {
  'document': (_kedge_v1_SignedDocumentOutput | null);
  'blobs': (_kedge_v1_BlobOutput)[];
}
