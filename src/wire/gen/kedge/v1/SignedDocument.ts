// Original file: proto/kedge/v1/trust.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';

export interface SignedDocumentInput {
  'statement'?: (_kedge_v1_SignedStatementInput | null);
  'body'?: (Buffer | Uint8Array | string);
}

export interface SignedDocumentOutput {
  'statement': (_kedge_v1_SignedStatementOutput | null);
  'body': (Buffer);
}
