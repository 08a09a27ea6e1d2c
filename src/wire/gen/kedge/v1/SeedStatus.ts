// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface SeedStatusInput {
  'address'?: (string);
  'sinceMs'?: (number | string | Long);
  'reason'?: (string);
}

export interface SeedStatusOutput {
  'address': (string);
  'sinceMs': (string);
  'reason': (string);
}
