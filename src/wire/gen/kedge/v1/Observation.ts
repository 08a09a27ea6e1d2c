// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface ObservationInput {
  'nodeId'?: (string);
  'incarnation'?: (number | string | Long);
  'failed'?: (boolean);
  'by'?: (string)[];
}

export interface ObservationOutput {
  'nodeId': (string);
  'incarnation': (string);
  'failed': (boolean);
  'by': (string)[];
}
