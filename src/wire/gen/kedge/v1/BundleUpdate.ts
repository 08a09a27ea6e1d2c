// Original file: proto/kedge/v1/trust.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';
import type { BodyDeltaInput as _kedge_v1_BodyDeltaInput, BodyDeltaOutput as _kedge_v1_BodyDeltaOutput } from '../../kedge/v1/BodyDelta.ts';

export interface BundleUpdateInput {
  'bundle'?: (string);
  'statements'?: (_kedge_v1_SignedStatementInput)[];
  'delta'?: (_kedge_v1_BodyDeltaInput | null);
  'snapshot'?: (Buffer | Uint8Array | string);
  'content'?: "delta"|"snapshot";
}

export interface BundleUpdateOutput {
  'bundle': (string);
  'statements': (_kedge_v1_SignedStatementOutput)[];
  'delta'?: (_kedge_v1_BodyDeltaOutput | null);
  'snapshot'?: (Buffer);
  'content'?: "delta"|"snapshot";
}
