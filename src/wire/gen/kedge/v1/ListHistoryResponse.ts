// Original file: proto/kedge/v1/admin.proto

import type { SignedStatementInput as _kedge_v1_SignedStatementInput, SignedStatementOutput as _kedge_v1_SignedStatementOutput } from '../../kedge/v1/SignedStatement.ts';

export interface ListHistoryResponseInput {
  'statements'?: (_kedge_v1_SignedStatementInput)[];
}

export interface ListHistoryResponseOutput {
  'statements': (_kedge_v1_SignedStatementOutput)[];
}
