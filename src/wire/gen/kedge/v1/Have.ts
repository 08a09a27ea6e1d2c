// Original file: proto/kedge/v1/gossip.proto

import type { RowInput as _kedge_v1_RowInput, RowOutput as _kedge_v1_RowOutput } from '../../kedge/v1/Row.ts';

export interface HaveInput {
  'row'?: (_kedge_v1_RowInput | null);
}

export interface HaveOutput {
  'row': (_kedge_v1_RowOutput | null);
}
