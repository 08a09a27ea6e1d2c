// Original file: proto/kedge/v1/gossip.proto

import type { ProposalVersionInput as _kedge_v1_ProposalVersionInput, ProposalVersionOutput as _kedge_v1_ProposalVersionOutput } from '../../kedge/v1/ProposalVersion.ts';

export interface ProposalVectorInput {
  'versions'?: (_kedge_v1_ProposalVersionInput)[];
  'answer'?: (boolean);
}

export interface ProposalVectorOutput {
  'versions': (_kedge_v1_ProposalVersionOutput)[];
  'answer': (boolean);
}
