// Original file: proto/kedge/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface CosignedHeadInput {
  'note'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string)[];
  'sequence'?: (number | string | Long);
}

export interface CosignedHeadOutput {
  'note': (Buffer);
  'proof': (Buffer)[];
  'sequence': (string);
}
