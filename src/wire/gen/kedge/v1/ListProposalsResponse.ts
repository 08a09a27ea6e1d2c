// Original file: proto/kedge/v1/admin.proto

import type { ProposalStatusInput as _kedge_v1_ProposalStatusInput, ProposalStatusOutput as _kedge_v1_ProposalStatusOutput } from '../../kedge/v1/ProposalStatus.ts';

export interface ListProposalsResponseInput {
  'proposals'?: (_kedge_v1_ProposalStatusInput)[];
}

export interface ListProposalsResponseOutput {
  'proposals': (_kedge_v1_ProposalStatusOutput)[];
}
