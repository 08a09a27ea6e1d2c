// Original file: proto/kedge/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface HeartbeatInput {
  'realm'?: (string);
  'region'?: (string);
  'timeSeconds'?: (number | string | Long);
  'size'?: (number | string | Long);
  'root'?: (Buffer | Uint8Array | string);
  'keyId'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface HeartbeatOutput {
  'realm': (string);
  'region': (string);
  'timeSeconds': (string);
  'size': (string);
  'root': (Buffer);
  'keyId': (Buffer);
  'signature': (Buffer);
}
