// Original file: proto/kedge/v1/gossip.proto

import type { Long } from '@grpc/proto-loader';

export interface ClientUseInput {
  'anchor'?: (Buffer | Uint8Array | string);
  'lastUsedMs'?: (number | string | Long);
  'handshakes'?: (number | string | Long);
}

export interface ClientUseOutput {
  'anchor': (Buffer);
  'lastUsedMs': (string);
  'handshakes': (string);
}
