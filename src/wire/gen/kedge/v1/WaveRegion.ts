// Original file: proto/kedge/v1/admin.proto

import type { Long } from '@grpc/proto-loader';

export interface WaveRegionInput {
  'region'?: (string);
  'clients'?: (number | string | Long);
  'delivered'?: (number | string | Long);
  'loaded'?: (number | string | Long);
  'refused'?: (number | string | Long);
}

export interface WaveRegionOutput {
  'region': (string);
  'clients': (string);
  'delivered': (string);
  'loaded': (string);
  'refused': (string);
}
