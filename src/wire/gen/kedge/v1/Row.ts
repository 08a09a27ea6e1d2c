// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface RowInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'forked'?: (boolean);
  'lacks'?: (number | string | Long);
  'rank'?: (number | string | Long);
}

export interface RowOutput {
  'stream': (string);
  'sequence': (string);
  'digest': (Buffer);
  'forked': (boolean);
  'lacks': (string);
  'rank': (string);
}
