// Original file: proto/kedge/v1/trust.proto

import type { Long } from '@grpc/proto-loader';

export interface AnchorUseInput {
  'anchor'?: (Buffer | Uint8Array | string);
  'purpose'?: (string);
  'handshakes'?: (number | string | Long);
  'agoMs'?: (number | string | Long);
}

export interface AnchorUseOutput {
  'anchor': (Buffer);
  'purpose': (string);
  'handshakes': (string);
  'agoMs': (string);
}
