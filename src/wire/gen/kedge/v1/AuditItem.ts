// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface AuditItemInput {
  'index'?: (number | string | Long);
  'entry'?: (Buffer | Uint8Array | string);
}

export interface AuditItemOutput {
  'index': (string);
  'entry': (Buffer);
}
