// Original file: proto/kedge/v1/admin.proto

import type { AuditProofKindInput as _kedge_v1_AuditProofKindInput, AuditProofKindOutput as _kedge_v1_AuditProofKindOutput } from '../../kedge/v1/AuditProofKind.ts';
import type { Long } from '@grpc/proto-loader';

export interface GetAuditProofRequestInput {
  'kind'?: (_kedge_v1_AuditProofKindInput);
  'size'?: (number | string | Long);
  'place'?: (number | string | Long);
}

export interface GetAuditProofRequestOutput {
  'kind': (_kedge_v1_AuditProofKindOutput);
  'size': (string);
  'place': (string);
}
