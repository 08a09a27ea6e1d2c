// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface NackInput {
  'sequence'?: (number | string | Long);
  'noLink'?: (boolean);
}

export interface NackOutput {
  'sequence': (string);
  'noLink': (boolean);
}
