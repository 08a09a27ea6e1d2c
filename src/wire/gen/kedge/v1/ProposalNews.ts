// Original file: proto/kedge/v1/gossip.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';
import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from '../../kedge/v1/Blob.ts';

export interface ProposalNewsInput {
  'statement'?: (_kedge_v1_SignedStatementInput | null);
  'body'?: (Buffer | Uint8Array | string);
  'blobs'?: (_kedge_v1_BlobInput)[];
  'origin'?: (string);
}

export interface ProposalNewsOutput {
  'statement': (_kedge_v1_SignedStatementOutput | null);
  'body': (Buffer);
  'blobs': (_kedge_v1_BlobOutput)[];
  'origin': (string);
}
