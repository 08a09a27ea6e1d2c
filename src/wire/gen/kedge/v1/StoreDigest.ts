// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface StoreDigestInput {
  'root'?: (Buffer | Uint8Array | string);
  'count'?: (number | string | Long);
  'answer'?: (boolean);
  'revision'?: (number | string | Long);
  'seen'?: (number | string | Long);
  'others'?: (number);
  'holding'?: (boolean);
  'seeking'?: (boolean);
}

export interface StoreDigestOutput {
  'root': (Buffer);
  'count': (string);
  'answer': (boolean);
  'revision': (string);
  'seen': (string);
  'others': (number);
  'holding': (boolean);
  'seeking': (boolean);
}
