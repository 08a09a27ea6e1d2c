// Original file: proto/kedge/v1/gossip.proto

import type { RowInput as _kedge_v1_RowInput, RowOutput as _kedge_v1_RowOutput } from '../../kedge/v1/Row.ts';
import type { Long } from '@grpc/proto-loader';

export interface RowsInput {
  'rows'?: (_kedge_v1_RowInput)[];
  'revision'?: (number | string | Long);
  'buckets'?: (number)[];
}

export interface RowsOutput {
  'rows': (_kedge_v1_RowOutput)[];
  'revision': (string);
  'buckets': (number)[];
}
