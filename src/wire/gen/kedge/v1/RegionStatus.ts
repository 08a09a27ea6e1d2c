// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface RegionStatusInput {
  'region'?: (string);
  'heartbeatSeconds'?: (number | string | Long);
  'faulty'?: (boolean);
}

export interface RegionStatusOutput {
  'region': (string);
  'heartbeatSeconds': (string);
  'faulty': (boolean);
}
