// Original file: proto/kedge/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface AttestedRowInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'forked'?: (boolean);
  'index'?: (number | string | Long);
  'proof'?: (Buffer | Uint8Array | string)[];
}

export interface AttestedRowOutput {
  'stream': (string);
  'sequence': (string);
  'digest': (Buffer);
  'forked': (boolean);
  'index': (string);
  'proof': (Buffer)[];
}
