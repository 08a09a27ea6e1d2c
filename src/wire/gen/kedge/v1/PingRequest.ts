// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface PingRequestInput {
  'sequence'?: (number | string | Long);
  'target'?: (string);
}

export interface PingRequestOutput {
  'sequence': (string);
  'target': (string);
}
