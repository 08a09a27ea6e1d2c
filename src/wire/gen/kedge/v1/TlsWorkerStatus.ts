// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface TlsWorkerStatusInput {
  'place'?: (number);
  'running'?: (boolean);
  'sinceMs'?: (number | string | Long);
  'connections'?: (number);
  'residentBytes'?: (number | string | Long);
  'ended'?: (number);
}

export interface TlsWorkerStatusOutput {
  'place': (number);
  'running': (boolean);
  'sinceMs': (string);
  'connections': (number);
  'residentBytes': (string);
  'ended': (number);
}
