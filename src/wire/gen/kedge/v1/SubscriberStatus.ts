// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface SubscriberStatusInput {
  'bundle'?: (string);
  'sequence'?: (number | string | Long);
  'delivered'?: (number);
  'loaded'?: (number);
  'refused'?: (number);
}

export interface SubscriberStatusOutput {
  'bundle': (string);
  'sequence': (string);
  'delivered': (number);
  'loaded': (number);
  'refused': (number);
}
