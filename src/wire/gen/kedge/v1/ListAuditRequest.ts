// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface ListAuditRequestInput {
  'newestFirst'?: (boolean);
  'start'?: (number | string | Long);
  'limit'?: (number);
  'stream'?: (string);
  'kinds'?: (string)[];
  'sinceMs'?: (number | string | Long);
}

export interface ListAuditRequestOutput {
  'newestFirst': (boolean);
  'start': (string);
  'limit': (number);
  'stream': (string);
  'kinds': (string)[];
  'sinceMs': (string);
}
