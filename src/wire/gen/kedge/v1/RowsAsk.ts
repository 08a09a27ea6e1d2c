// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface RowsAskInput {
  'since'?: (number | string | Long);
}

export interface RowsAskOutput {
  'since': (string);
}
