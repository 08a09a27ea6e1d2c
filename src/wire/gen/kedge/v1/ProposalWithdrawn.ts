// Original file: proto/kedge/v1/gossip.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';
import type { SignatureInput as _kedge_v1_SignatureInput, SignatureOutput as _kedge_v1_SignatureOutput } from '../../kedge/v1/Signature.ts';

export interface ProposalWithdrawnInput {
  'statement'?: (_kedge_v1_SignedStatementInput | null);
  'signature'?: (_kedge_v1_SignatureInput | null);
  'origin'?: (string);
}

export interface ProposalWithdrawnOutput {
  'statement': (_kedge_v1_SignedStatementOutput | null);
  'signature': (_kedge_v1_SignatureOutput | null);
  'origin': (string);
}
