// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface NamedReleaseInput {
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
}

export interface NamedReleaseOutput {
  'sequence': (string);
  'digest': (Buffer);
}
