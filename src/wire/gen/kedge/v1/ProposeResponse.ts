// Original file: proto/kedge/v1/admin.proto

import type { ProposalStatusInput as _kedge_v1_ProposalStatusInput, ProposalStatusOutput as _kedge_v1_ProposalStatusOutput } from '../../kedge/v1/ProposalStatus.ts';

export interface ProposeResponseInput {
  'status'?: (_kedge_v1_ProposalStatusInput | null);
}

export interface ProposeResponseOutput {
  'status': (_kedge_v1_ProposalStatusOutput | null);
}
