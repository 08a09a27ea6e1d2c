// Original file: proto/kedge/v1/trust.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';
import type { RevealedKeyInput as _kedge_v1_RevealedKeyInput, RevealedKeyOutput as _kedge_v1_RevealedKeyOutput } from '../../kedge/v1/RevealedKey.ts';
import type { Long } from '@grpc/proto-loader';

export interface ForkEvidenceInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'first'?: (_kedge_v1_SignedStatementInput | null);
  'second'?: (_kedge_v1_SignedStatementInput | null);
  'revealed'?: (_kedge_v1_RevealedKeyInput)[];
  'recovered'?: (_kedge_v1_SignedStatementInput | null);
}

export interface ForkEvidenceOutput {
  'stream': (string);
  'sequence': (string);
  'first': (_kedge_v1_SignedStatementOutput | null);
  'second': (_kedge_v1_SignedStatementOutput | null);
  'revealed': (_kedge_v1_RevealedKeyOutput)[];
  'recovered': (_kedge_v1_SignedStatementOutput | null);
}
