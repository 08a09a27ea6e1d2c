// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface KeyWaitInput {
  'sinceMs'?: (number | string | Long);
  'on'?: (string)[];
}

export interface KeyWaitOutput {
  'sinceMs': (string);
  'on': (string)[];
}
