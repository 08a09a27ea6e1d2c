// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface RolloutStopInput {
  'atMs'?: (number | string | Long);
  'wave'?: (number);
  'refused'?: (number | string | Long);
  'maxFailures'?: (number | string | Long);
}

export interface RolloutStopOutput {
  'atMs': (string);
  'wave': (number);
  'refused': (string);
  'maxFailures': (string);
}
