// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface MemberDigestInput {
  'root'?: (Buffer | Uint8Array | string);
  'count'?: (number | string | Long);
}

export interface MemberDigestOutput {
  'root': (Buffer);
  'count': (string);
}
