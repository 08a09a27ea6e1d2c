// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface AdoptionVersionInput {
  'nodeId'?: (string);
  'bootId'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
}

export interface AdoptionVersionOutput {
  'nodeId': (string);
  'bootId': (Buffer);
  'version': (string);
}
