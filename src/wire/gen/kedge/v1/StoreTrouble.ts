// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface StoreTroubleInput {
  'sinceMs'?: (number | string | Long);
  'reason'?: (string);
}

export interface StoreTroubleOutput {
  'sinceMs': (string);
  'reason': (string);
}
