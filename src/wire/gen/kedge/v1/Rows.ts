// Original file: proto/kedge/v1/gossip.proto

import type { RowInput as _kedge_v1_RowInput, RowOutput as _kedge_v1_RowOutput } from '../../kedge/v1/Row.ts';

export interface RowsInput {
  'rows'?: (_kedge_v1_RowInput)[];
  'last'?: (boolean);
}

export interface RowsOutput {
  'rows': (_kedge_v1_RowOutput)[];
  'last': (boolean);
}
