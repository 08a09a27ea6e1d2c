// Original file: proto/kedge/v1/gossip.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';
import type { BodyDeltaInput as _kedge_v1_BodyDeltaInput, BodyDeltaOutput as _kedge_v1_BodyDeltaOutput } from '../../kedge/v1/BodyDelta.ts';
import type { BlobInput as _kedge_v1_BlobInput, BlobOutput as _kedge_v1_BlobOutput } from '../../kedge/v1/Blob.ts';

export interface PushInput {
  'statement'?: (_kedge_v1_SignedStatementInput | null);
  'delta'?: (_kedge_v1_BodyDeltaInput | null);
  'body'?: (Buffer | Uint8Array | string);
  'blobs'?: (_kedge_v1_BlobInput)[];
  'origin'?: (string);
  'content'?: "delta"|"body";
}

export interface PushOutput {
  'statement': (_kedge_v1_SignedStatementOutput | null);
  'delta'?: (_kedge_v1_BodyDeltaOutput | null);
  'body'?: (Buffer);
  'blobs': (_kedge_v1_BlobOutput)[];
  'origin': (string);
  'content'?: "delta"|"body";
}
