// Original file: proto/kedge/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface BundleCursorInput {
  'bundle'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
}

export interface BundleCursorOutput {
  'bundle': (string);
  'sequence': (string);
  'digest': (Buffer);
}
