// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface GetDocumentRequestInput {
  'stream'?: (string);
  'sequence'?: (number | string | Long);
  'withBlobs'?: (boolean);
}

export interface GetDocumentRequestOutput {
  'stream': (string);
  'sequence': (string);
  'withBlobs': (boolean);
}
