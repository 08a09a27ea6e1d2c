// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface LinkStatusInput {
  'nodeId'?: (string);
  'region'?: (string);
  'address'?: (string);
  'connected'?: (boolean);
  'sinceMs'?: (number | string | Long);
  'peerRoot'?: (Buffer | Uint8Array | string);
  'lastError'?: (string);
}

export interface LinkStatusOutput {
  'nodeId': (string);
  'region': (string);
  'address': (string);
  'connected': (boolean);
  'sinceMs': (string);
  'peerRoot': (Buffer);
  'lastError': (string);
}
