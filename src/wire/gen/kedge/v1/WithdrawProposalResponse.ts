// Original file: proto/kedge/v1/admin.proto

import type { ProposalStatusInput as _kedge_v1_ProposalStatusInput, ProposalStatusOutput as _kedge_v1_ProposalStatusOutput } from '../../kedge/v1/ProposalStatus.ts';

export interface WithdrawProposalResponseInput {
  'status'?: (_kedge_v1_ProposalStatusInput | null);
}

export interface WithdrawProposalResponseOutput {
  'status': (_kedge_v1_ProposalStatusOutput | null);
}
