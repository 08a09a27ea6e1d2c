// Original file: proto/kedge/v1/admin.proto

import type { ForkEvidenceInput as _kedge_v1_ForkEvidenceInput, ForkEvidenceOutput as _kedge_v1_ForkEvidenceOutput } from '../../kedge/v1/ForkEvidence.ts';
import type { Long } from '@grpc/proto-loader';

export interface StreamStatusInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'fork'?: (_kedge_v1_ForkEvidenceInput | null);
}

export interface StreamStatusOutput {
  'stream': (string);
  'sequence': (string);
  'digest': (Buffer);
  'fork': (_kedge_v1_ForkEvidenceOutput | null);
}
