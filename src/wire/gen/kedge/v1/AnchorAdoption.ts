// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface AnchorAdoptionInput {
  'anchor'?: (Buffer | Uint8Array | string);
  'clients'?: (number | string | Long);
  'handshakes'?: (number | string | Long);
  'lastUsedMs'?: (number | string | Long);
}

export interface AnchorAdoptionOutput {
  'anchor': (Buffer);
  'clients': (string);
  'handshakes': (string);
  'lastUsedMs': (string);
}
