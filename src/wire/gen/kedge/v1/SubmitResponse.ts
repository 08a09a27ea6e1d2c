// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface SubmitResponseInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'digest'?: (Buffer | Uint8Array | string);
  'alreadyHeld'?: (boolean);
}

export interface SubmitResponseOutput {
  'stream': (string);
  'sequence': (string);
  'digest': (Buffer);
  'alreadyHeld': (boolean);
}
