// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface FetchPartInput {
  'stream'?: (string);
  'fromSequence'?: (number | string | Long);
  'toSequence'?: (number | string | Long);
}

export interface FetchPartOutput {
  'stream': (string);
  'fromSequence': (string);
  'toSequence': (string);
}
