// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface AdoptionRowInput {
  'nodeId'?: (string);
  'bootId'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
  'payload'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface AdoptionRowOutput {
  'nodeId': (string);
  'bootId': (Buffer);
  'version': (string);
  'payload': (Buffer);
  'signature': (Buffer);
}
