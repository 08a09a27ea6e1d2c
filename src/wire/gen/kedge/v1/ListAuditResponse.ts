// Original file: proto/kedge/v1/admin.proto

import type { AuditItemInput as _kedge_v1_AuditItemInput, AuditItemOutput as _kedge_v1_AuditItemOutput } from '../../kedge/v1/AuditItem.ts';
import type { Long } from '@grpc/proto-loader';

export interface ListAuditResponseInput {
  'checkpoint'?: (Buffer | Uint8Array | string);
  'first'?: (number | string | Long);
  'items'?: (_kedge_v1_AuditItemInput)[];
  'next'?: (number | string | Long);
}

export interface ListAuditResponseOutput {
  'checkpoint': (Buffer);
  'first': (string);
  'items': (_kedge_v1_AuditItemOutput)[];
  'next': (string);
}
