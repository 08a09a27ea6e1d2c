// Original file: proto/kedge/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface BodyDeltaInput {
  'baseSequence'?: (number | string | Long);
  'baseBodyDigest'?: (Buffer | Uint8Array | string);
  'patch'?: (Buffer | Uint8Array | string);
}

export interface BodyDeltaOutput {
  'baseSequence': (string);
  'baseBodyDigest': (Buffer);
  'patch': (Buffer);
}
