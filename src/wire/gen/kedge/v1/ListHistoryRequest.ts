// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface ListHistoryRequestInput {
  'stream'?: (string);
  'beforeSequence'?: (number | string | Long);
  'limit'?: (number);
}

export interface ListHistoryRequestOutput {
  'stream': (string);
  'beforeSequence': (string);
  'limit': (number);
}
