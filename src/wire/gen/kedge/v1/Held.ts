// Original file: proto/kedge/v1/gossip.proto

import type { RowInput as _kedge_v1_RowInput, RowOutput as _kedge_v1_RowOutput } from '../../kedge/v1/Row.ts';
import type { Long } from '@grpc/proto-loader';

export interface HeldInput {
  'row'?: (_kedge_v1_RowInput | null);
  'revision'?: (number | string | Long);
  'spareOrigin'?: (string);
}

export interface HeldOutput {
  'row': (_kedge_v1_RowOutput | null);
  'revision': (string);
  'spareOrigin': (string);
}
