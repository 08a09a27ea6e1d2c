// Original file: proto/kedge/v1/admin.proto

import type { ProposalStandingInput as _kedge_v1_ProposalStandingInput, ProposalStandingOutput as _kedge_v1_ProposalStandingOutput } from '../../kedge/v1/ProposalStanding.ts';
import type { Long } from '@grpc/proto-loader';

export interface ProposalStatusInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'standing'?: (_kedge_v1_ProposalStandingInput);
  'signers'?: (string)[];
  'endsAtMs'?: (number | string | Long);
  'withdrawnBy'?: (string);
  'refusalCode'?: (string);
  'refusalReason'?: (string);
}

export interface ProposalStatusOutput {
  'stream': (string);
  'sequence': (string);
  'digest': (Buffer);
  'standing': (_kedge_v1_ProposalStandingOutput);
  'signers': (string)[];
  'endsAtMs': (string);
  'withdrawnBy': (string);
  'refusalCode': (string);
  'refusalReason': (string);
}
